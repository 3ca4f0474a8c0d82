"""Faults of TLS, and the others inside it."""

from __future__ import annotations

import ssl

import pytest
import trustme

from ai_gate import APIConnectionError, APITimeoutError
from ai_gate.testing._faults.steps import Drip, Reset, Send, Stall
from tests.support.callers import POST, Caller, Outcome
from tests.support.fixtures import Serve
from tests.support.responses import GOOD
from tests.support.server import Script
from tests.support.steps import Handshake, ReadRequest, ReadSome

from .cases import BY_NAME, Fault, Raises, Returns
from .checks import check, in_time

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
    "8 MB",
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
def test_fault_inside(fault: Fault, caller: Caller, serve: Serve, tls: ssl.SSLContext) -> None:
    server = serve((Handshake(tls), ReadRequest(), *fault.script), scheme="https")
    check(caller.attempt(POST, server.url), fault.own_outcome)
    assert len(server.requests) == 1


@pytest.mark.usefixtures("trusted")
@faults(*SLOW_INSIDE)
def test_slow_fault_inside(fault: Fault, serve: Serve, tls: ssl.SSLContext) -> None:
    def run(caller: Caller, timeout: float) -> Outcome:
        server = serve((Handshake(tls), ReadRequest(), *fault.script), scheme="https")
        outcome = caller.attempt(POST, server.url, timeout=timeout)
        check(outcome, fault.own_outcome)
        assert len(server.requests) == 1
        return outcome

    in_time(run)


@pytest.mark.usefixtures("trusted", "no_backoff")
@pytest.mark.parametrize("script", BROKEN.values(), ids=BROKEN)
def test_broken_handshakes(
    script: Script, caller: Caller, serve: Serve, tls: ssl.SSLContext
) -> None:
    good = (Handshake(tls), ReadRequest(), Send(GOOD))
    server = serve(script, script, script, good, scheme="https")
    check(caller.attempt(POST, server.url, max_retries=1), UNREACHABLE)
    assert (server.opened, server.requests) == (2, [])
    check(caller.attempt(POST, server.url, max_retries=1), Returns())
    assert (server.opened, len(server.requests)) == (4, 1)


@pytest.mark.usefixtures("trusted")
@pytest.mark.parametrize("script", HANGING.values(), ids=HANGING)
def test_hanging_handshakes(script: Script, serve: Serve) -> None:
    def run(caller: Caller, timeout: float) -> Outcome:
        server = serve(script, scheme="https")
        outcome = caller.attempt(POST, server.url, timeout=timeout)
        check(outcome, Raises(APITimeoutError))
        assert server.requests == []
        return outcome

    in_time(run)


@pytest.mark.usefixtures("trusted", "no_backoff")
def test_a_certificate_of_another_host(caller: Caller, serve: Serve, authority: trustme.CA) -> None:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("elsewhere.test").configure_cert(context)
    server = serve((Handshake(context), ReadRequest(), Send(GOOD)), scheme="https")
    check(caller.attempt(POST, server.url), UNREACHABLE)
    assert server.requests == []
