"""A proxy of the environment that is at fault: the call ends in time all the same."""

from __future__ import annotations

import ssl

import pytest

from ai_gate import APIConnectionError, APITimeoutError

from .answers import GOOD, head
from .callers import POST, Caller, Operation, all_at_once
from .cases import BY_NAME, Raises, Returns
from .checks import SLACK, check
from .conftest import Serve
from .server import FaultServer, Script
from .steps import Drip, Handshake, ReadHead, ReadRequest, Reset, Send, Stall

TIMEOUT = 0.5
GATE = "http://gate.test"
# Its certificate is what the servers have; nothing listens there.
TLS_GATE = "https://127.0.0.1:9"
SLOW = (
    "stalled before the headers",
    "stalled in the headers",
    "dripping headers",
    "103 without end",
    "stalled in the body",
    "dripping body",
    "chunks without end",
)
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


@pytest.fixture(autouse=True)
def no_exceptions(monkeypatch: pytest.MonkeyPatch) -> None:
    """Connect through the proxy, whatever the machine is told to reach directly."""
    for name in ("NO_PROXY", "no_proxy"):
        monkeypatch.delenv(name, raising=False)


def use(proxy: FaultServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ALL_PROXY", proxy.url)


@pytest.mark.parametrize("name", FAST)
def test_fault(
    name: str,
    caller: Caller,
    operation: Operation,
    serve: Serve,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    fault = BY_NAME[name]
    proxy = serve((ReadRequest(), *fault.script))
    use(proxy, monkeypatch)
    retries = 2 if operation == POST else 0
    check(caller.call(operation, GATE, max_retries=retries), fault.outcome)
    assert len(proxy.requests) == 1
    proxy.wait_for(lambda server: server.ended == server.connections)


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

    def run(caller: Caller, operation: Operation) -> None:
        url = TLS_GATE if tunnelled else GATE
        outcome = caller.call(operation, url, timeout=TIMEOUT)
        assert outcome.seconds < TIMEOUT + SLACK
        check(outcome, fault.outcome)

    all_at_once(run)


@pytest.mark.parametrize("script", NO_TUNNEL.values(), ids=NO_TUNNEL)
def test_a_tunnel_that_does_not_come_about(
    script: Script, serve: Serve, monkeypatch: pytest.MonkeyPatch
) -> None:
    proxy = serve(script)
    use(proxy, monkeypatch)

    def run(caller: Caller, operation: Operation) -> None:
        outcome = caller.call(operation, TLS_GATE, timeout=TIMEOUT)
        assert outcome.seconds < TIMEOUT + SLACK
        check(outcome, Raises(APITimeoutError))

    all_at_once(run)
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
    outcome = caller.call(POST, TLS_GATE, max_retries=1)
    check(outcome, Raises(APIConnectionError, chained=True))
    assert "billed" not in str(outcome.error)
    assert [request.method for request in proxy.requests] == ["CONNECT"] * 2


@pytest.mark.usefixtures("trusted")
def test_an_answer_through_a_tunnel(
    caller: Caller,
    operation: Operation,
    serve: Serve,
    monkeypatch: pytest.MonkeyPatch,
    tls: ssl.SSLContext,
) -> None:
    proxy = serve((*TUNNEL, Handshake(tls), ReadRequest(), Send(GOOD)))
    use(proxy, monkeypatch)
    check(caller.call(operation, TLS_GATE), Returns())
    assert [request.method == "CONNECT" for request in proxy.requests] == [True, False]
