"""A pytest plugin with one fixture, `mock_gate`. pytest finds it by itself."""

from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest

import ai_gate.testing

if TYPE_CHECKING:
    from ai_gate.testing import MockGate


@pytest.fixture
def mock_gate() -> "Iterator[MockGate]":
    """A fresh mock gate with the limits of the free plan.

    The test fails at its end when the gate gave an answer that `openapi.yaml` doesn't allow. A bad
    request doesn't fail it, since a test may send one on purpose; where none is expected, end with
    `assert mock_gate.violations == []`.
    """
    with ai_gate.testing.MockGate() as gate:
        yield gate
