"""The faults again, through an httpx client of the caller's."""

from __future__ import annotations

import pytest

from ai_gate import APIConnectionError
from tests.support.callers import POST, Caller, Outcome
from tests.support.fixtures import Serve
from tests.support.steps import ReadRequest

from .cases import BY_NAME, HELD, LOST, Fault, Raises
from .checks import check, in_time

SYNC, ASYNCIO = INJECTING = (Caller("sync", injected=True), Caller("asyncio", injected=True))
NO_LOCATION = BY_NAME["302 with a location that is none"]
# Those in which each read ends in time, or a piece of a body comes now and then.
IN_TIME = ("stalled before the headers", "dripping body", "chunks without end")
# What a response holds, an async client hands out in test_aiohttp.
WAYS = [
    *((fault, caller) for fault in LOST for caller in INJECTING),
    *((fault, SYNC) for fault in HELD if fault is not NO_LOCATION),
]


@pytest.mark.parametrize(
    ("fault", "injecting"), WAYS, ids=[f"{caller.flavour}-{fault.name}" for fault, caller in WAYS]
)
def test_fault(fault: Fault, injecting: Caller, serve: Serve) -> None:
    server = serve((ReadRequest(), *fault.script))
    check(injecting.attempt(POST, server.url), fault.outcome)
    assert len(server.requests) == 1


@pytest.mark.parametrize("injecting", INJECTING, ids=str)
def test_a_location_that_is_none(injecting: Caller, serve: Serve) -> None:
    # An httpx client reads it even if told not to follow it, and hands out no answer then.
    server = serve((ReadRequest(), *NO_LOCATION.script))
    check(injecting.attempt(POST, server.url), Raises(APIConnectionError, chained=True))
    assert len(server.requests) == 1


@pytest.mark.parametrize("name", IN_TIME)
def test_slow_fault(name: str, serve: Serve) -> None:
    fault = BY_NAME[name]

    def run(caller: Caller, timeout: float) -> Outcome:
        server = serve((ReadRequest(), *fault.script))
        outcome = caller.attempt(POST, server.url, timeout=timeout)
        check(outcome, fault.outcome)
        assert len(server.requests) == 1
        return outcome

    in_time(run, INJECTING)
