"""Every fault, with each client: the right outcome, in time, from one request."""

from __future__ import annotations

import pytest

from ai_gate import APIConnectionError, APITimeoutError, InvalidResponseError
from ai_gate.testing._faults.steps import Drip, Reset, Send, Stall
from tests.support.callers import ASYNCIO, CALLERS, POST, SYNC, Caller, Outcome
from tests.support.fixtures import Clock, Serve
from tests.support.responses import JSON, chunk, head, response
from tests.support.running import recorded
from tests.support.server import Script
from tests.support.steps import ReadRequest, ReadSome

from .cases import (
    BAD_HEADS,
    BY_NAME,
    CHUNKED,
    FAULTS,
    HELD,
    LOST,
    SLOW,
    TOO_LARGE,
    Fault,
    Raises,
)
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
    check(outcome, fault.own_outcome)
    assert outcome.seconds < AMPLE / 2
    assert len(server.requests) == 1


@pytest.mark.parametrize("fault", SLOW, ids=lambda fault: fault.name)
def test_slow_fault(fault: Fault, serve: Serve) -> None:
    def run(caller: Caller, timeout: float) -> Outcome:
        server = serve((ReadRequest(), *fault.script))
        outcome = caller.attempt(POST, server.url, timeout=timeout)
        check(outcome, fault.own_outcome)
        assert outcome.seconds > timeout - 0.05
        assert len(server.requests) == 1
        return outcome

    in_time(run)


def test_a_call_ends_where_a_test_has_stopped_the_clock(clock: Clock, serve: Serve) -> None:
    server = serve((ReadRequest(), Stall()))
    check(SYNC.attempt(POST, server.url, timeout=0.3), Raises(APITimeoutError))


CUT = (
    head(200, f"Content-Length: {len(JSON)}") + JSON[:9],
    head(200, CHUNKED) + chunk(JSON)[:9],
)


@pytest.mark.parametrize("data", CUT, ids=["length", "chunked"])
def test_a_body_that_was_cut_short_is_called_so(data: bytes, caller: Caller, serve: Serve) -> None:
    error = caller.attempt(POST, serve((ReadRequest(), Send(data))).url).error
    assert "with a body that was cut short" in str(error)


REFUSED = "Content-Length: many"
READ_ON = {
    "up to its end": (head(200, REFUSED), JSON, ()),
    "by its length": (
        head(200, f"Content-Length: {len(JSON)}", "Content-Length: 7"),
        JSON,
        (ReadSome(),),
    ),
    "by its last chunk": (
        head(200, "Transfer-Encoding: odd"),
        chunk(JSON) + chunk(b""),
        (ReadSome(),),
    ),
    "behind an interim one": (head(103) + head(201, REFUSED), JSON, ()),
    "until it is reset": (head(200, REFUSED), JSON, (Reset(),)),
}


@pytest.mark.parametrize(("start", "body", "end"), READ_ON.values(), ids=READ_ON)
def test_a_body_that_comes_after_a_head_that_is_refused(
    start: bytes, body: bytes, end: Script, caller: Caller, serve: Serve
) -> None:
    server = serve((ReadRequest(), Send(start), Drip(body, 0.002), *end))
    error = caller.attempt(POST, server.url).error
    assert type(error) is InvalidResponseError
    assert "came with a head that can't be read" in str(error)
    assert error.body == body
    server.wait_for(lambda: server.closed == server.opened)


OTHER_LENGTH = "Content-Length: 9000"
SILENT = {
    "no length": head(200, CHUNKED),
    "a length beside": head(200, OTHER_LENGTH, CHUNKED),
    "a length of an interim head": head(103, OTHER_LENGTH) + head(200, CHUNKED),
}


@pytest.mark.parametrize("heads", SILENT.values(), ids=SILENT)
def test_what_is_silent_after_a_chunk_line_that_is_refused_is_not_waited_for(
    heads: bytes, caller: Caller, serve: Serve
) -> None:
    start = heads + chunk(JSON[:9]) + b"zz\r\n"
    server = serve((ReadRequest(), Send(start), Stall()))
    outcome = caller.attempt(POST, server.url, timeout=AMPLE)
    assert type(outcome.error) is InvalidResponseError
    assert outcome.error.body == JSON[:9] + b"zz\r\n"
    assert outcome.seconds < AMPLE / 2


@pytest.mark.parametrize("end", [(), (ReadSome(),)], ids=["closed", "open"])
def test_a_body_that_comes_after_a_chunk_line_that_is_refused(
    end: Script, caller: Caller, serve: Serve
) -> None:
    start, rest = head(200, CHUNKED) + chunk(JSON[:9]) + b"zz\r\n", JSON[9:] + b"\r\n0\r\n\r\n"
    server = serve((ReadRequest(), Send(start), Drip(rest, 0.002), *end))
    error = caller.attempt(POST, server.url).error
    assert type(error) is InvalidResponseError
    assert "came in chunks that can't be read (" in str(error)
    assert "What came is in `body`" in str(error)
    assert error.body == JSON[:9] + b"zz\r\n" + rest
    server.wait_for(lambda: server.closed == server.opened)


def test_a_body_that_comes_after_a_status_line_that_is_refused(
    caller: Caller, serve: Serve
) -> None:
    start = response(200, JSON).replace(b"HTTP/1.1", b"HTTP/2")[: -len(JSON)]
    server = serve((ReadRequest(), Send(start), Drip(JSON, 0.002), ReadSome()))
    error = caller.attempt(POST, server.url).error
    assert type(error) is APIConnectionError
    assert str(error).startswith("The gate's response can't be read: ")
    assert "What came is in `body`" in str(error)
    assert error.body == start + JSON
    server.wait_for(lambda: server.closed == server.opened)


def test_such_a_body_in_part(serve: Serve) -> None:
    server = serve((ReadRequest(), Send(head(200, REFUSED)), Drip(JSON[:9], 0.002), Stall()))

    def run(caller: Caller, timeout: float) -> Outcome:
        outcome = caller.attempt(POST, server.url, timeout=timeout)
        check(outcome, Raises(APITimeoutError, 200, JSON[:9]))
        return outcome

    in_time(run)


@pytest.mark.parametrize(
    "caller", [*CALLERS, *(Caller(c.flavour, injected=True) for c in CALLERS)], ids=str
)
@pytest.mark.parametrize("framing", ["length", "chunked"])
def test_a_body_that_is_too_large_leaves_nothing_behind(
    framing: str, caller: Caller, serve: Serve
) -> None:
    sent = (
        response(200, TOO_LARGE) if framing == "length" else head(200, CHUNKED) + chunk(TOO_LARGE)
    )
    expected = Raises(InvalidResponseError, 200, TOO_LARGE, cut=True)
    server = serve((ReadRequest(), Send(sent)))
    assert recorded(lambda: check(caller.attempt(POST, server.url), expected)) == []
