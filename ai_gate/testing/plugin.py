"""The pytest plugin with the fixture `mock_gate`. pytest loads it by its entry point."""

from collections.abc import Iterator

import pytest

import ai_gate.testing


@pytest.fixture
def mock_gate() -> "Iterator[ai_gate.testing.MockGate]":
    """A fresh mock gate with the limits of the free plan.

    The test fails at its end if the gate gave a response that `openapi.yaml` doesn't allow. A bad
    request doesn't fail it, since a test may send one on purpose; if none is expected, end with
    `assert mock_gate.violations == []`.
    """
    with ai_gate.testing.MockGate() as gate:
        yield gate
