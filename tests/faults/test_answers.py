"""Every fault, with both calls and each client: the right outcome, in time, from one request."""

from __future__ import annotations

import pytest

from .callers import POST, Caller, Operation, all_at_once
from .cases import BY_NAME, FAULTS, Fault
from .checks import SLACK, check
from .conftest import Serve
from .steps import ReadRequest

# Enough for a status and headers to come on a busy machine.
TIMEOUT = 0.5
# So long that it can't be what ended the call.
AMPLE = 30.0


def test_no_two_faults_have_one_name() -> None:
    assert len(BY_NAME) == len(FAULTS)


@pytest.mark.parametrize(
    "fault", [fault for fault in FAULTS if not fault.slow], ids=lambda f: f.name
)
def test_fault(fault: Fault, caller: Caller, operation: Operation, serve: Serve) -> None:
    server = serve((ReadRequest(), *fault.script))
    # A session request mustn't be repeated even where it is allowed.
    retries = 2 if operation == POST else 0
    outcome = caller.call(operation, server.url, timeout=AMPLE, max_retries=retries)
    check(outcome, fault.outcome)
    assert outcome.seconds < AMPLE / 2
    assert len(server.requests) == 1


@pytest.mark.parametrize("fault", [fault for fault in FAULTS if fault.slow], ids=lambda f: f.name)
def test_slow_fault(fault: Fault, serve: Serve) -> None:
    def run(caller: Caller, operation: Operation) -> None:
        server = serve((ReadRequest(), *fault.script))
        outcome = caller.call(operation, server.url, timeout=TIMEOUT)
        check(outcome, fault.outcome)
        assert TIMEOUT - 0.05 < outcome.seconds < TIMEOUT + SLACK
        assert len(server.requests) == 1

    all_at_once(run)
