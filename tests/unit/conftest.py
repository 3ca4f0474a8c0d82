"""The servers and clients of the unit tests."""

from __future__ import annotations

import logging
import ssl
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Protocol

import pytest
import trustme

from .callers import CALLS, FLAVOURS, Call, Caller, Flavour
from .server import Answer, Server

SETTINGS = ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "NO_PROXY", "SSL_CERT_FILE", "SSL_CERT_DIR")


class Serve(Protocol):
    """Starts a server that ends with the test."""

    def __call__(
        self,
        answer: Answer,
        *,
        tls: ssl.SSLContext | None = ...,
        tunnel: ssl.SSLContext | None = ...,
        refuse_tunnels: int | None = ...,
    ) -> Server:
        """Answer requests."""
        ...


@pytest.fixture(params=FLAVOURS)
def caller(request: pytest.FixtureRequest) -> Caller:
    """Each kind of client, under each event loop."""
    flavour: Flavour = request.param
    return Caller(flavour)


@pytest.fixture(params=("asyncio", "trio"))
def async_caller(request: pytest.FixtureRequest) -> Caller:
    """The async client under each event loop."""
    flavour: Flavour = request.param
    return Caller(flavour)


@pytest.fixture(params=list(CALLS.values()), ids=list(CALLS))
def call(request: pytest.FixtureRequest) -> Call:
    """Each call."""
    chosen: Call = request.param
    return chosen


@pytest.fixture(autouse=True)
def clean_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """Tests connect directly and trust by default, whatever the machine is told."""
    for name in SETTINGS:
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.lower(), raising=False)
    monkeypatch.delenv("AI_GATE_PROJECT_ID", raising=False)
    monkeypatch.delenv("AI_GATE_BASE_URL", raising=False)


@pytest.fixture(autouse=True)
def quiet_logger() -> Iterator[None]:
    """A client with debug=True changes the logger for the whole process: take it back."""
    logger = logging.getLogger("ai_gate")
    level, handlers = logger.level, list(logger.handlers)
    yield
    logger.setLevel(level)
    logger.handlers[:] = handlers


@pytest.fixture
def no_backoff(monkeypatch: pytest.MonkeyPatch) -> None:
    """Leave out the waits that the client chooses itself."""
    monkeypatch.setattr("ai_gate._call.retry.LONGEST_BACKOFF", 0.0)


@pytest.fixture
def serve() -> Iterator[Serve]:
    """Start servers that end with the test."""
    with ExitStack() as stack:

        def start(
            answer: Answer,
            *,
            tls: ssl.SSLContext | None = None,
            tunnel: ssl.SSLContext | None = None,
            refuse_tunnels: int | None = None,
        ) -> Server:
            server = Server(answer, tls=tls, tunnel=tunnel, refuse_tunnels=refuse_tunnels)
            return stack.enter_context(server)

        yield start


@pytest.fixture(scope="session")
def authority() -> trustme.CA:
    """Signs the servers' certificates."""
    return trustme.CA()


@pytest.fixture(scope="session")
def authority_file(authority: trustme.CA, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Its certificate, for SSL_CERT_FILE."""
    path = tmp_path_factory.mktemp("authority") / "ca.pem"
    authority.cert_pem.write_to_path(str(path))
    return path


@pytest.fixture(scope="session")
def other_authority_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The certificate of an authority that has signed none of them."""
    path = tmp_path_factory.mktemp("authority") / "other.pem"
    trustme.CA().cert_pem.write_to_path(str(path))
    return path


@pytest.fixture(scope="session")
def tls(authority: trustme.CA) -> ssl.SSLContext:
    """A server's side of TLS."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("127.0.0.1", "gate.test").configure_cert(context)
    return context
