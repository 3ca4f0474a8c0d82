"""Connections that serve more than one call, and what is left on them by the call before."""

from __future__ import annotations

import pytest

from ai_gate import APIConnectionError, APITimeoutError
from ai_gate._http.pool import AsyncConnection, Connection
from ai_gate.testing._faults.steps import Reset, Send, Stall
from tests.support.callers import GET, POST, Caller, Client, Operation, Outcome
from tests.support.fixtures import Serve
from tests.support.responses import GOOD, HTML, JSON, head, response
from tests.support.server import Script, Server
from tests.support.steps import ReadRequest

from .cases import Raises, Returns
from .checks import check, in_time

LARGE = b'{"text": "' + b"x" * 300_000 + b'"}'
OTHER = response(200, b'{"id": "other"}')
SECOND = Returns(b'{"id": "other"}')
ANSWERS_OTHER: Script = (ReadRequest(), Send(OTHER))


def call_twice(
    caller: Caller,
    operation: Operation,
    server: Server,
    *,
    closed: int = 0,
    timeout: float = 30.0,
    max_retries: int = 0,
) -> tuple[Outcome, Outcome]:
    """Make two calls with one client, the second one once so many connections are closed."""

    async def body(client: Client) -> tuple[Outcome, Outcome]:
        first = await client.attempt(operation)
        server.wait_for(lambda: server.closed >= closed)
        return first, await client.attempt(operation)

    return caller.use(server.url, body, timeout=timeout, max_retries=max_retries)


def test_a_connection_serves_both_calls(caller: Caller, operation: Operation, serve: Serve) -> None:
    server = serve((ReadRequest(), Send(GOOD), *ANSWERS_OTHER))
    first, second = call_twice(caller, operation, server)
    check(first, Returns())
    check(second, SECOND)
    assert (server.opened, len(server.requests)) == (1, 2)


def test_a_call_follows_a_large_answer(caller: Caller, serve: Serve) -> None:
    # On the same connection or not: the client doesn't check where one this large ends.
    server = serve((ReadRequest(), Send(response(200, LARGE)), *ANSWERS_OTHER), ANSWERS_OTHER)
    first, second = call_twice(caller, POST, server)
    check(first, Returns(LARGE))
    check(second, SECOND)


IDLE_ENDS: dict[str, Script] = {
    "closed": (),
    "reset": (Reset(),),
    "closed with a word": (Send(response(408, HTML, "Connection: close")),),
    "closed with another call's answer": (Send(GOOD),),
}


@pytest.mark.parametrize("is_late", [False, True], ids=["before", "after the first look"])
@pytest.mark.parametrize("end", IDLE_ENDS.values(), ids=IDLE_ENDS)
def test_a_connection_that_ended_while_idle_is_replaced(
    end: Script, is_late: bool, caller: Caller, serve: Serve, monkeypatch: pytest.MonkeyPatch
) -> None:
    if is_late:
        monkeypatch.setattr(AsyncConnection, "is_usable", lambda *_: True)
        monkeypatch.setattr(Connection, "is_usable", lambda *_: True)
    server = serve((ReadRequest(), Send(GOOD), *end), ANSWERS_OTHER)
    first, second = call_twice(caller, POST, server, closed=1)
    check(first, Returns())
    check(second, SECOND)
    assert (server.opened, len(server.requests)) == (2, 2)


@pytest.mark.parametrize("end", [(), (Reset(),)], ids=["closed", "reset"])
def test_a_session_request_on_a_dying_connection_is_not_repeated(
    end: Script, caller: Caller, serve: Serve
) -> None:
    server = serve((ReadRequest(), Send(GOOD), ReadRequest(), *end), ANSWERS_OTHER)
    first, second = call_twice(caller, POST, server, max_retries=2)
    check(first, Returns())
    check(second, Raises(APIConnectionError, chained=True))
    assert (server.opened, len(server.requests)) == (1, 2)


@pytest.mark.usefixtures("no_backoff")
@pytest.mark.parametrize("end", [(), (Reset(),)], ids=["closed", "reset"])
def test_a_request_for_credentials_on_a_dying_connection_is_repeated(
    end: Script, caller: Caller, serve: Serve
) -> None:
    server = serve((ReadRequest(), Send(GOOD), ReadRequest(), *end), ANSWERS_OTHER)
    _, second = call_twice(caller, GET, server, max_retries=1)
    check(second, SECOND)
    assert (server.opened, len(server.requests)) == (2, 3)


USED_UP: dict[str, bytes] = {
    "said so": response(200, JSON, "Connection: close"),
    "HTTP/1.0": GOOD.replace(b"HTTP/1.1", b"HTTP/1.0"),
    "an error that said so": response(500, HTML, "Connection: close"),
    "another protocol": head(101, "Upgrade: odd", "Connection: upgrade"),
    "garbage": b"garbage\r\n\r\n",
    "garbage for a chunk": head(200, "Transfer-Encoding: chunked") + b"zz\r\n",
}
# Were the rest kept, it would be read as the beginning of the next answer, or as all of it.
TOO_MUCH: dict[str, bytes] = {
    "a length too small": head(200, "Content-Length: 5") + JSON,
    "an answer too many": GOOD + GOOD,
    "an answer too many after an error": response(500, HTML) + GOOD,
    "an answer too many after 204": head(204) + GOOD,
    "a little too much": GOOD + b"\r\n",
}


@pytest.mark.parametrize("data", USED_UP.values(), ids=USED_UP)
def test_the_next_call_takes_a_new_connection(data: bytes, caller: Caller, serve: Serve) -> None:
    server = serve((ReadRequest(), Send(data), ReadRequest(), Send(GOOD)), ANSWERS_OTHER)
    _, second = call_twice(caller, POST, server)
    check(second, SECOND)
    assert (server.opened, len(server.requests)) == (2, 2)


@pytest.mark.parametrize("data", TOO_MUCH.values(), ids=TOO_MUCH)
def test_what_follows_an_answer_is_not_the_next_one(
    data: bytes, caller: Caller, serve: Serve
) -> None:
    server = serve((ReadRequest(), Send(data), ReadRequest(), Send(GOOD)), ANSWERS_OTHER)
    _, second = call_twice(caller, POST, server)
    check(second, SECOND)
    assert len(server.requests) == 2


def test_the_next_call_does_not_wait_for_a_late_answer(serve: Serve) -> None:
    def run(caller: Caller, timeout: float) -> Outcome:
        server = serve((ReadRequest(), Stall()), ANSWERS_OTHER)
        first, second = call_twice(caller, POST, server, timeout=timeout)
        check(first, Raises(APITimeoutError))
        check(second, SECOND)
        assert (server.opened, len(server.requests)) == (2, 2)
        return first

    in_time(run)


@pytest.mark.parametrize("status", [302, 400, 503])
def test_an_error_leaves_the_connection_in_use(status: int, caller: Caller, serve: Serve) -> None:
    server = serve((ReadRequest(), Send(response(status, HTML)), *ANSWERS_OTHER))
    first, second = call_twice(caller, POST, server)
    assert first.error.status_code == status
    check(second, SECOND)
    assert (server.opened, len(server.requests)) == (1, 2)


def test_calls_do_not_share_their_results(caller: Caller, serve: Serve) -> None:
    server = serve((ReadRequest(), Send(GOOD), ReadRequest(), Send(GOOD)))
    first, second = call_twice(caller, POST, server)
    check(first, Returns())
    check(second, Returns())
    assert first.value is not second.value
