"""A mock gate for each test, and each client in turn."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from ai_gate.testing import MockGate
from tests.support.fixtures import *  # noqa: F403


@pytest.fixture
def gate() -> Iterator[MockGate]:
    """A gate with the limits of the free plan."""
    with MockGate() as gate:
        yield gate
