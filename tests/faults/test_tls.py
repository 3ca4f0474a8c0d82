"""Faults of TLS, and the others inside it."""

from __future__ import annotations

import ssl

import pytest
import trustme

from ai_gate import APIConnectionError, APITimeoutError

from .answers import GOOD
from .callers import Caller, Operation, all_at_once
from .cases import BY_NAME, Fault, Raises, Returns
from .checks import SLACK, check
from .conftest import Serve
from .server import Script
from .steps import Drip, Handshake, ReadRequest, ReadSome, Reset, Send, Stall

TIMEOUT = 0.5
UNREACHABLE = Raises(APIConnectionError, chained=True)

# What a server may answer to a ClientHello.
BROKEN: dict[str, Script] = {
    "closed": (ReadSome(),),
    "reset": (ReadSome(), Reset()),
    "plain HTTP": (ReadSome(), Send(GOOD)),
    "an alert": (ReadSome(), Send(b"\x15\x03\x03\x00\x02\x02\x28")),
    "garbage": (ReadSome(), Send(b"\x00\xff" * 100)),
}
HANGING: dict[str, Script] = {
    "stalled": (Stall(),),
    # A record of 16 KB of which the end never comes.
    "dripping": (Drip(b"\x16\x03\x03\x40\x00" + b"\x00" * 0x4000),),
}
INSIDE = (
    "good",
    "10 MB",
    "reset before the headers",
    "reset in the headers",
    "reset in the body",
    "closed before the headers",
    "truncated",
    "garbage",
    "429 truncated",
    "522 reset in the body",
)
SLOW_INSIDE = ("dripping headers", "dripping body", "429 stalled in the body")


def faults(*names: str) -> pytest.MarkDecorator:
    return pytest.mark.parametrize("fault", [BY_NAME[name] for name in names], ids=names)


@pytest.mark.usefixtures("trusted")
@faults(*INSIDE)
def test_fault_inside(
    fault: Fault, caller: Caller, operation: Operation, serve: Serve, tls: ssl.SSLContext
) -> None:
    server = serve((Handshake(tls), ReadRequest(), *fault.script), scheme="https")
    check(caller.call(operation, server.url, max_retries=0), fault.outcome)
    assert len(server.requests) == 1


@pytest.mark.usefixtures("trusted")
@faults(*SLOW_INSIDE)
def test_slow_fault_inside(fault: Fault, serve: Serve, tls: ssl.SSLContext) -> None:
    def run(caller: Caller, operation: Operation) -> None:
        server = serve((Handshake(tls), ReadRequest(), *fault.script), scheme="https")
        outcome = caller.call(operation, server.url, timeout=TIMEOUT)
        check(outcome, fault.outcome)
        assert outcome.seconds < TIMEOUT + SLACK
        assert len(server.requests) == 1

    all_at_once(run)


@pytest.mark.usefixtures("trusted", "no_backoff")
@pytest.mark.parametrize("script", BROKEN.values(), ids=BROKEN)
def test_broken_handshakes(
    script: Script, caller: Caller, operation: Operation, serve: Serve
) -> None:
    server = serve(script, scheme="https")
    check(caller.call(operation, server.url, max_retries=1), UNREACHABLE)
    assert (server.connections, server.requests) == (2, [])


@pytest.mark.usefixtures("trusted", "no_backoff")
@pytest.mark.parametrize("script", BROKEN.values(), ids=BROKEN)
def test_a_handshake_broken_once(
    script: Script, caller: Caller, operation: Operation, serve: Serve, tls: ssl.SSLContext
) -> None:
    server = serve(script, (Handshake(tls), ReadRequest(), Send(GOOD)), scheme="https")
    check(caller.call(operation, server.url, max_retries=1), Returns())
    assert (server.connections, len(server.requests)) == (2, 1)


@pytest.mark.usefixtures("trusted")
@pytest.mark.parametrize("script", HANGING.values(), ids=HANGING)
def test_hanging_handshakes(script: Script, serve: Serve) -> None:
    def run(caller: Caller, operation: Operation) -> None:
        server = serve(script, scheme="https")
        outcome = caller.call(operation, server.url, timeout=TIMEOUT)
        check(outcome, Raises(APITimeoutError))
        assert outcome.seconds < TIMEOUT + SLACK
        assert server.requests == []

    all_at_once(run)


@pytest.mark.usefixtures("no_backoff")
def test_a_certificate_that_nobody_vouches_for(
    caller: Caller, operation: Operation, serve: Serve, tls: ssl.SSLContext
) -> None:
    server = serve((Handshake(tls), ReadRequest(), Send(GOOD)), scheme="https")
    outcome = caller.call(operation, server.url)
    check(outcome, UNREACHABLE)
    assert "certificate" in str(outcome.error).lower()
    assert server.requests == []


@pytest.mark.usefixtures("trusted", "no_backoff")
def test_a_certificate_of_another_host(
    caller: Caller, operation: Operation, serve: Serve, authority: trustme.CA
) -> None:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("elsewhere.test").configure_cert(context)
    server = serve((Handshake(context), ReadRequest(), Send(GOOD)), scheme="https")
    check(caller.call(operation, server.url), UNREACHABLE)
    assert server.requests == []
