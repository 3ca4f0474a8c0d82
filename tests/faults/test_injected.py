"""The faults again, through an httpx client of the caller's."""

from __future__ import annotations

import pytest

from ai_gate import APIConnectionError

from .callers import POST, Caller, Operation, all_at_once
from .cases import BY_NAME, FAULTS, Fault, Raises
from .checks import SLACK, check
from .conftest import Serve
from .steps import ReadRequest

TIMEOUT = 0.5
NO_LOCATION = BY_NAME["302 with a location that is none"]
# Those where each read ends in time, or a piece of a body comes now and then.
IN_TIME = (
    "stalled before the headers",
    "stalled in the body",
    "dripping body",
    "chunks without end",
    "429 stalled in the body",
)


INJECTING = (Caller("sync", injected=True), Caller("asyncio", injected=True))


@pytest.fixture(params=INJECTING, ids=lambda caller: caller.flavour)
def injecting(request: pytest.FixtureRequest) -> Caller:
    """Each client in turn, with an httpx client."""
    chosen: Caller = request.param
    return chosen


@pytest.mark.parametrize(
    "fault",
    [fault for fault in FAULTS if not fault.slow and fault is not NO_LOCATION],
    ids=lambda fault: fault.name,
)
def test_fault(fault: Fault, injecting: Caller, serve: Serve) -> None:
    server = serve((ReadRequest(), *fault.script))
    check(injecting.call(POST, server.url), fault.outcome)
    assert len(server.requests) == 1


def test_a_location_that_is_none(injecting: Caller, serve: Serve) -> None:
    # An httpx client reads it also where it is told not to follow it, and hands out no answer then.
    server = serve((ReadRequest(), *NO_LOCATION.script))
    check(injecting.call(POST, server.url), Raises(APIConnectionError, chained=True))
    assert len(server.requests) == 1


@pytest.mark.parametrize("name", IN_TIME)
def test_slow_fault(name: str, serve: Serve) -> None:
    fault = BY_NAME[name]

    def run(caller: Caller, operation: Operation) -> None:
        server = serve((ReadRequest(), *fault.script))
        outcome = caller.call(operation, server.url, timeout=TIMEOUT)
        check(outcome, fault.outcome)
        assert outcome.seconds < TIMEOUT + SLACK
        assert len(server.requests) == 1

    all_at_once(run, callers=INJECTING)
