"""A proxy of the environment that is at fault: the call ends in time all the same."""

from __future__ import annotations

import ssl
import traceback

import httpx
import pytest

from ai_gate import APIConnectionError, APITimeoutError
from ai_gate.testing._faults.steps import Drip, Reset, Send, Stall
from tests.support.callers import POST, Caller, Client, Outcome
from tests.support.fixtures import Serve
from tests.support.responses import TURN, TURN_JSON, head, response
from tests.support.server import Script, Server
from tests.support.steps import Handshake, ReadHead, ReadRequest, ReadSome, replay

from .cases import BY_NAME, Raises
from .checks import check, in_time

GATE = "http://gate.test"
# Its certificate is what the servers have; nothing listens there.
TLS_GATE = "https://127.0.0.1:9"
SLOW = ("stalled before the headers", "dripping headers", "dripping body")
FAST = (
    "reset before the headers",
    "garbage",
    "reset in the body",
    "truncated",
    "gzip in chunks",
    "402 with HTML",
)
TUNNEL = (ReadHead(), Send(head(200)))
NO_TUNNEL: dict[str, Script] = {
    "silence": (Stall(),),
    "silence for an answer": (ReadHead(), Stall()),
    "a dripping answer": (ReadHead(), Drip(head(200, "X-Padding: " + "x" * 200))),
    "no handshake": (*TUNNEL, Stall()),
}


def use(proxy: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ALL_PROXY", proxy.url)


@pytest.mark.parametrize("name", FAST)
def test_fault(name: str, caller: Caller, serve: Serve, monkeypatch: pytest.MonkeyPatch) -> None:
    fault = BY_NAME[name]
    proxy = serve((ReadRequest(), *fault.script))
    use(proxy, monkeypatch)
    check(caller.attempt(POST, GATE), fault.own_outcome)
    assert len(proxy.requests) == 1
    proxy.wait_for(lambda: proxy.closed == proxy.opened)


@pytest.mark.parametrize("name", SLOW)
@pytest.mark.parametrize("tunnelled", [False, True], ids=["forwarded", "tunnelled"])
@pytest.mark.usefixtures("trusted")
def test_slow_fault(
    name: str,
    tunnelled: bool,
    serve: Serve,
    monkeypatch: pytest.MonkeyPatch,
    tls: ssl.SSLContext,
) -> None:
    fault = BY_NAME[name]
    tunnel: Script = (*TUNNEL, Handshake(tls)) if tunnelled else ()
    proxy = serve((*tunnel, ReadRequest(), *fault.script))
    use(proxy, monkeypatch)

    def run(caller: Caller, timeout: float) -> Outcome:
        url = TLS_GATE if tunnelled else GATE
        outcome = caller.attempt(POST, url, timeout=timeout)
        check(outcome, fault.own_outcome)
        return outcome

    in_time(run)


@pytest.mark.parametrize("script", NO_TUNNEL.values(), ids=NO_TUNNEL)
def test_a_tunnel_that_does_not_come_about(
    script: Script, serve: Serve, monkeypatch: pytest.MonkeyPatch
) -> None:
    proxy = serve(script)
    use(proxy, monkeypatch)

    def run(caller: Caller, timeout: float) -> Outcome:
        outcome = caller.attempt(POST, TLS_GATE, timeout=timeout)
        check(outcome, Raises(APITimeoutError))
        return outcome

    in_time(run)
    # Not even the project ID goes to a proxy that gives no tunnel.
    assert {request.method for request in proxy.requests} <= {"CONNECT"}


@pytest.mark.usefixtures("no_backoff")
@pytest.mark.parametrize("status", [407, 502])
@pytest.mark.parametrize("end", [(), (Reset(),), (Stall(),)], ids=["closed", "reset", "left open"])
def test_a_tunnel_that_is_refused(
    status: int, end: Script, caller: Caller, serve: Serve, monkeypatch: pytest.MonkeyPatch
) -> None:
    proxy = serve((ReadHead(), Send(head(status, "Content-Length: 0")), *end))
    use(proxy, monkeypatch)
    outcome = caller.attempt(POST, TLS_GATE, max_retries=1)
    check(outcome, Raises(APIConnectionError, chained=True))
    assert "billed" not in str(outcome.error)
    assert [request.method for request in proxy.requests] == ["CONNECT"] * 2


@pytest.mark.usefixtures("no_backoff")
def test_a_refusal_commands_no_terminal(
    caller: Caller, serve: Serve, monkeypatch: pytest.MonkeyPatch
) -> None:
    refusal = b"HTTP/1.1 407 No \x1b[2J\r\nContent-Length: 0\r\n\r\n"
    use(serve((ReadHead(), Send(refusal))), monkeypatch)
    error = caller.attempt(POST, TLS_GATE, max_retries=0).error
    shown = traceback.format_exception(error)
    assert isinstance(error.__cause__, httpx.ProxyError)
    assert "407 No ?[2J" in str(error.__cause__)
    assert "".join(shown).replace("\n", "").isprintable()


METHOD, ADDRESS = b"\x05\x00", b"\x05\x00\x00\x01\x7f\x00\x00\x01\x00\x50"
SOCKS: Script = (ReadSome(), Send(METHOD), ReadSome(), Send(ADDRESS))
"""A SOCKS proxy's part before a request (RFC 1928)."""
NO_SOCKS: dict[str, Script] = {
    "closed at once": (ReadSome(),),
    "reset at once": (ReadSome(), Reset()),
    "another protocol": (ReadSome(), Send(head(400))),
    "no method that we know": (ReadSome(), Send(b"\x05\xff")),
    "reset before the gate": (*SOCKS[:3], Reset()),
    "no way to the gate": (*SOCKS[:3], Send(b"\x05\x05" + ADDRESS[2:])),
}


def use_socks(proxy: Server, monkeypatch: pytest.MonkeyPatch, user: str = "") -> None:
    monkeypatch.setenv("ALL_PROXY", proxy.url.replace("http://", f"socks5://{user}"))


@pytest.mark.usefixtures("no_backoff")
@pytest.mark.parametrize("script", NO_SOCKS.values(), ids=NO_SOCKS)
def test_a_socks_proxy_that_leads_nowhere(
    script: Script, caller: Caller, serve: Serve, monkeypatch: pytest.MonkeyPatch
) -> None:
    proxy = serve(script)
    use_socks(proxy, monkeypatch)
    outcome = caller.attempt(POST, GATE, max_retries=1)
    check(outcome, Raises(APIConnectionError, chained=True))
    assert str(outcome.error).startswith("The gate could not be reached through the proxy ")
    assert proxy.opened == 2


PASSWORD: Script = (ReadSome(), Send(b"\x05\x02"), ReadSome(), Send(b"\x01\x00"))


@pytest.mark.parametrize(
    ("user", "greetings"), [("", SOCKS), ("u:p@", (*PASSWORD, *SOCKS[2:]))], ids=["open", "closed"]
)
def test_what_a_socks_proxy_leads_to(
    user: str, greetings: Script, caller: Caller, serve: Serve, monkeypatch: pytest.MonkeyPatch
) -> None:
    # A head that is mended, a second one on the same connection, and then none.
    mended = response(200, TURN_JSON, "X-Cache : HIT")
    proxy = serve((*greetings, *replay(TURN, TURN, mended)), (*greetings, ReadRequest(), Reset()))
    use_socks(proxy, monkeypatch, user)

    async def body(client: Client) -> None:
        for _ in range(3):
            assert await client.get_turn_credentials() == {"iceServers": []}
        error = await client.failure(POST)
        assert "lost before the gate answered through the proxy" in str(error)
        assert "billed" in str(error)

    caller.use(GATE, body)
    assert [request.connection for request in proxy.requests] == [1, 1, 1, 2]
