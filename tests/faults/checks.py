"""Whether a call came to what it should, and in time."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor

from ai_gate import AIGateError
from tests.support.callers import CALLERS, PROJECT, Caller, Outcome

from .cases import Raises, Returns

# The time of a call that hangs, in seconds. The first is enough unless the machine is busy.
TIMES = (0.3, 1.5, 6.0)


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


def in_time(
    test: Callable[[Caller, float], Outcome],
    callers: Sequence[Caller] = CALLERS,
    times: Sequence[float] = TIMES,
) -> None:
    """Run a test of a call that hangs with each client, side by side, and see when the call ends.

    What must come before the call's time is over may not do so on a busy machine. So what fails is
    given more time: only what fails each time has failed.
    """

    def run(caller: Caller, timeout: float) -> BaseException | None:
        try:
            outcome = test(caller, timeout)
            assert outcome.seconds < 4 * timeout
        except BaseException as failure:  # what came last is raised below
            failure.add_note(f"{caller}, with {timeout} s for a call")
            return failure
        return None

    failed: dict[Caller, BaseException] = dict.fromkeys(callers, AssertionError("not run"))
    for timeout in times:
        with ThreadPoolExecutor(len(failed)) as pool:
            runs = {caller: pool.submit(run, caller, timeout) for caller in failed}
        failed = {caller: failure for caller, one in runs.items() if (failure := one.result())}
        if not failed:
            return
    raise BaseExceptionGroup("not with each client", list(failed.values()))
