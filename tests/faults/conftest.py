"""The servers and clients of the fault tests."""

from __future__ import annotations

import ssl
from collections.abc import Iterator
from contextlib import ExitStack
from typing import Protocol

import pytest
import trustme

from .addresses import Address, black_holes
from .callers import CALLERS, FLAVOURS, OPERATIONS, Caller, Operation
from .dials import Dials
from .resolver import Resolver
from .server import FaultServer, Script


class Serve(Protocol):
    """Starts a server that ends with the test."""

    def __call__(self, *scripts: Script, scheme: str = ..., listening: bool = ...) -> FaultServer:
        """Give each connection its script."""
        ...


@pytest.fixture(params=CALLERS, ids=FLAVOURS, scope="session")
def caller(request: pytest.FixtureRequest) -> Caller:
    """Each client in turn."""
    chosen: Caller = request.param
    return chosen


@pytest.fixture(params=OPERATIONS, scope="session")
def operation(request: pytest.FixtureRequest) -> Operation:
    """Each call in turn."""
    chosen: Operation = request.param
    return chosen


@pytest.fixture(autouse=True)
def no_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    """Connect directly, whatever proxies the machine is told to use."""
    for name in ("http_proxy", "https_proxy", "all_proxy"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.upper(), raising=False)


@pytest.fixture
def no_backoff(monkeypatch: pytest.MonkeyPatch) -> None:
    """Leave out the waits that the client chooses itself."""
    monkeypatch.setattr("ai_gate._call.retry.LONGEST_BACKOFF", 0.0)


@pytest.fixture
def serve() -> Iterator[Serve]:
    """Start servers that end with the test."""
    with ExitStack() as stack:

        def start(*scripts: Script, scheme: str = "http", listening: bool = True) -> FaultServer:
            server = FaultServer(*scripts, scheme=scheme, listening=listening)
            return stack.enter_context(server)

        yield start


@pytest.fixture(scope="session")
def dials() -> Dials:
    """The attempts to connect."""
    return Dials()


@pytest.fixture(scope="session")
def holes() -> Iterator[tuple[Address, ...]]:
    """Addresses at which connecting hangs, so many that one after another takes too long."""
    with black_holes(6) as addresses:
        yield addresses


@pytest.fixture
def resolver(monkeypatch: pytest.MonkeyPatch) -> Resolver:
    """Answers for the name server."""
    return Resolver(monkeypatch)


@pytest.fixture(scope="session")
def authority() -> trustme.CA:
    """Signs the servers' certificates."""
    return trustme.CA()


@pytest.fixture
def trusted(
    authority: trustme.CA,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    """Make the clients trust it, the way users do it."""
    path = tmp_path_factory.mktemp("authority") / "ca.pem"
    authority.cert_pem.write_to_path(str(path))
    monkeypatch.setenv("SSL_CERT_FILE", str(path))


@pytest.fixture(scope="session")
def tls(authority: trustme.CA) -> ssl.SSLContext:
    """A server's side of TLS on loopback."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("127.0.0.1").configure_cert(context)
    return context
