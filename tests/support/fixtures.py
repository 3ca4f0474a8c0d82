"""The fixtures that several folders share: their `conftest.py` imports them all."""

from __future__ import annotations

import logging
import ssl
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Protocol

import pytest
import trustme

from tests.support.callers import CALLERS, FLAVOURS, OPERATIONS, Caller, Operation
from tests.support.server import Script, Server

__all__ = [
    "async_caller",
    "authority",
    "authority_file",
    "caller",
    "clean_environment",
    "clock",
    "no_backoff",
    "operation",
    "other_authority_file",
    "quiet_logger",
    "serve",
    "tls",
    "trusted",
]
SETTINGS = ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "NO_PROXY", "SSL_CERT_FILE", "SSL_CERT_DIR")
# Where the SDK asks for the time, and for how long it waits at most of its own accord.
TIMED = (
    "ai_gate._call.time",
    "ai_gate._call.exchange.time",
    "ai_gate._http.idle_stack.time",
    "ai_gate._http.network.time",
)
LONGEST_BACKOFF = "ai_gate._call.retry.LONGEST_BACKOFF"


@pytest.fixture(params=CALLERS, ids=FLAVOURS)
def caller(request: pytest.FixtureRequest) -> Caller:
    """Each kind of client, under each event loop."""
    chosen: Caller = request.param
    return chosen


@pytest.fixture(params=CALLERS[1:], ids=FLAVOURS[1:])
def async_caller(request: pytest.FixtureRequest) -> Caller:
    """The async client under each event loop."""
    chosen: Caller = request.param
    return chosen


@pytest.fixture(params=OPERATIONS)
def operation(request: pytest.FixtureRequest) -> Operation:
    """Each call in turn."""
    chosen: Operation = request.param
    return chosen


@pytest.fixture(autouse=True)
def clean_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """Connect directly and trust by default, whatever the machine is told."""
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
    monkeypatch.setattr(LONGEST_BACKOFF, 0.0)


class Clock:
    """A monotonic clock that is put forward by hand, in place of the `time` module."""

    def __init__(self) -> None:
        self.now = 1_000.0

    def monotonic(self) -> float:
        """Return the time of the clock."""
        return self.now


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    """The clock of the SDK's deadlines, attempts and idle connections."""
    clock = Clock()
    for name in TIMED:
        monkeypatch.setattr(name, clock)
    return clock


class Serve(Protocol):
    """Starts a server that ends with the test."""

    def __call__(self, *scripts: Script, scheme: str = ..., listening: bool = ...) -> Server:
        """Give each connection its script."""
        ...


@pytest.fixture
def serve() -> Iterator[Serve]:
    """Start servers that end with the test."""
    with ExitStack() as stack:

        def start(*scripts: Script, scheme: str = "http", listening: bool = True) -> Server:
            return stack.enter_context(Server(*scripts, scheme=scheme, listening=listening))

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


@pytest.fixture
def trusted(authority_file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Make the clients trust the authority, the way users do it."""
    monkeypatch.setenv("SSL_CERT_FILE", str(authority_file))


@pytest.fixture(scope="session")
def tls(authority: trustme.CA) -> ssl.SSLContext:
    """A server's side of TLS."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("127.0.0.1", "gate.test").configure_cert(context)
    return context
