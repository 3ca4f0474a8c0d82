"""Every fault, with each client: the right outcome, in time, from one request."""

from __future__ import annotations

import pytest

from tests.support.callers import ASYNCIO, CALLERS, POST, SYNC, Caller, Outcome
from tests.support.fixtures import Serve
from tests.support.steps import ReadRequest

from .cases import BAD_HEADS, BY_NAME, FAULTS, HELD, LOST, SLOW, Fault
from .checks import check, in_time

# So long that it can't be what ended the call.
AMPLE = 60.0
# What a response holds is read alike under both event loops.
WAYS = [
    *((fault, caller) for fault in LOST for caller in CALLERS),
    *((fault, caller) for fault in (*HELD, *BAD_HEADS) for caller in (SYNC, ASYNCIO)),
]


def test_no_two_faults_have_one_name() -> None:
    assert len(BY_NAME) == len(FAULTS)


@pytest.mark.parametrize(
    ("fault", "caller"), WAYS, ids=[f"{caller}-{fault.name}" for fault, caller in WAYS]
)
def test_fault(fault: Fault, caller: Caller, serve: Serve) -> None:
    server = serve((ReadRequest(), *fault.script))
    # A session request mustn't be repeated even if there may be retries.
    outcome = caller.attempt(POST, server.url, timeout=AMPLE, max_retries=2)
    check(outcome, fault.outcome)
    assert outcome.seconds < AMPLE / 2
    assert len(server.requests) == 1


@pytest.mark.parametrize("fault", SLOW, ids=lambda fault: fault.name)
def test_slow_fault(fault: Fault, serve: Serve) -> None:
    def run(caller: Caller, timeout: float) -> Outcome:
        server = serve((ReadRequest(), *fault.script))
        outcome = caller.attempt(POST, server.url, timeout=timeout)
        check(outcome, fault.outcome)
        assert outcome.seconds > timeout - 0.05
        assert len(server.requests) == 1
        return outcome

    in_time(run)
