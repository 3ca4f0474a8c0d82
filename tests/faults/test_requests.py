"""A server that is slow or unwilling to take the request."""

from __future__ import annotations

import socket
import ssl

import pytest

from ai_gate import AIGateError, APIConnectionError, APITimeoutError
from ai_gate.testing._faults.steps import Reset, Send, Stall
from tests.support.callers import POST, Caller, Client, Outcome
from tests.support.fixtures import Serve
from tests.support.responses import GOOD, JSON, head, response
from tests.support.server import Peer, Script
from tests.support.steps import Handshake, ReadBody, ReadHead, ReadRequest, ReadSlowly

from .cases import Raises, Returns
from .checks import TIMES, check, in_time

# Three times what the buffers of both ends hold.
LARGE = "x" * 12_000_000
# At most 400 KB a second: fast enough for each write, too slow for all of them.
SLOW = ReadSlowly(16 * 1024, 0.04)


@pytest.mark.parametrize(
    ("script", "requests"),
    [((Stall(),), 0), ((ReadHead(), SLOW), 1)],
    ids=["nothing is read", "the body is read slowly"],
)
def test_the_request_is_not_taken(script: Script, requests: int, serve: Serve) -> None:
    def run(caller: Caller, timeout: float) -> Outcome:
        server = serve(script)
        outcome = caller.attempt(POST, server.url, {"instructions": LARGE}, timeout=timeout)
        check(outcome, Raises(APITimeoutError))
        assert (server.opened, len(server.requests)) == (1, requests)
        return outcome

    # Writing so much as JSON takes a while by itself.
    in_time(run, times=TIMES[1:])


@pytest.mark.parametrize("end", [(), (Reset(),)], ids=["closed", "reset"])
def test_the_connection_ends_within_the_request(end: Script, caller: Caller, serve: Serve) -> None:
    server = serve((ReadHead(), *end))
    outcome = caller.attempt(POST, server.url, {"instructions": LARGE})
    check(outcome, Raises(APIConnectionError, chained=True))
    assert (server.opened, len(server.requests)) == (1, 1)


def test_the_answer_comes_before_the_request_has_gone(caller: Caller, serve: Serve) -> None:
    server = serve((ReadHead(), Send(response(413, JSON)), ReadBody()))
    outcome = caller.attempt(POST, server.url, {"instructions": LARGE})
    check(outcome, Raises(AIGateError, 413, JSON))
    server.wait_for(lambda: server.closed == 1)
    (request,) = server.requests
    assert len(request.body) > len(LARGE)


@pytest.fixture
def short_stall(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let a client look for a response as soon as nothing more of a request is taken."""
    monkeypatch.setattr("ai_gate._http.network.STALL", 0.05)


def half_close(peer: Peer) -> None:
    """Tell the client that nothing more comes, and keep the connection."""
    peer.sock.shutdown(socket.SHUT_WR)


@pytest.mark.parametrize("end", [(), (half_close,)], ids=["open", "half closed"])
@pytest.mark.parametrize("scheme", ["http", "https"])
def test_the_answer_comes_and_the_rest_is_not_taken(  # noqa: PLR0917 - fixtures
    scheme: str,
    end: Script,
    caller: Caller,
    serve: Serve,
    tls: ssl.SSLContext,
    trusted: None,
    short_stall: None,
) -> None:
    secured: Script = (Handshake(tls),) if scheme == "https" else ()
    refusal: Script = (ReadHead(), Send(response(413, JSON)), *end, Stall())
    server = serve((*secured, *refusal), (*secured, ReadRequest(), Send(GOOD)), scheme=scheme)

    async def body(client: Client) -> None:
        outcome = await client.attempt(POST, instructions=LARGE)
        check(outcome, Raises(AIGateError, 413, JSON))
        # The rest of the request would be the beginning of the next one.
        check(await client.attempt(POST), Returns())

    caller.use(server.url, body)
    assert server.opened == 2


BEGUN = {
    "nothing": (b"", GOOD),
    "early hints": (head(103), GOOD),
    "a success": (GOOD[:-9], GOOD[-9:]),
}


@pytest.mark.parametrize(("first", "rest"), BEGUN.values(), ids=BEGUN)
def test_a_request_that_is_taken_late_arrives_whole(
    first: bytes, rest: bytes, caller: Caller, serve: Serve, short_stall: None
) -> None:
    server = serve((ReadHead(), Send(first), Stall(0.3), ReadBody(), Send(rest)))
    check(caller.attempt(POST, server.url, {"instructions": LARGE}), Returns())
    assert server.requests[0].json["instructions"] == LARGE


def test_a_large_request_arrives_whole(caller: Caller, serve: Serve) -> None:
    server = serve((ReadRequest(), Send(GOOD)))
    check(caller.attempt(POST, server.url, {"instructions": LARGE}), Returns())
    assert server.requests[0].json["instructions"] == LARGE
