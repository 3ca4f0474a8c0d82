"""The moment at which a call must have ended."""

from __future__ import annotations

import pytest

from ai_gate._call.exchange import Deadline
from tests.support.fixtures import Clock


@pytest.mark.parametrize(("passed", "left"), [(0, 30.0), (12.5, 17.5), (30, 0.0), (31, -1.0)])
def test_what_is_left(passed: float, left: float, clock: Clock) -> None:
    deadline = Deadline(30.0)
    clock.now += passed
    assert deadline.left() == left


@pytest.mark.parametrize("seconds", [0.0, -1.0])
def test_a_moment_that_has_passed(seconds: float) -> None:
    assert Deadline(seconds).left() <= 0
