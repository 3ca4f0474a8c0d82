"""Whether a call came to what it should."""

from __future__ import annotations

import json

from ai_gate import AIGateError

from .callers import PROJECT, Outcome
from .cases import Raises, Returns

# How long after its time a call may end, on a machine that has other things to do too.
SLACK = 1.5


def check(outcome: Outcome, expected: Returns | Raises) -> None:
    """Compare all that the caller sees of an outcome."""
    if isinstance(expected, Returns):
        if isinstance(outcome.value, AIGateError):
            raise outcome.value
        # The objects can be large: no word about where they differ.
        same = list(outcome.value.items()) == list(json.loads(expected.json).items())
        assert same, "the result isn't the object that was sent"
        return
    error = outcome.error
    assert type(error) is expected.error, repr(error)
    assert error.status_code == expected.status
    check_body(error.body, expected)
    assert error.__cause__ is not None or not expected.chained
    assert error.message
    assert PROJECT not in str(error) + repr(error) + error.message


def check_body(body: bytes, expected: Raises) -> None:
    """Compare the bytes that came."""
    if expected.body is None:
        return
    if expected.cut:
        assert len(body) < len(expected.body)
        assert expected.body.startswith(body)
    else:
        same = body == expected.body
        assert same, f"other bytes: {body[:80]!r}, {len(body)} in all"
