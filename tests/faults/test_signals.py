"""What a signal handler raises, a task's time limit for one, ends a call as it is and at once."""

from __future__ import annotations

import logging
import select
import signal
import socket
import threading
import traceback
from collections.abc import Iterator
from itertools import product
from pathlib import Path

import httpx
import pytest

from ai_gate import APIConnectionError
from ai_gate.testing._faults.steps import Send, Stall
from tests.support.callers import (
    ASYNCIO,
    NO_TLS,
    NOWHERE,
    POST,
    PROJECT,
    SYNC,
    Caller,
    Operation,
)
from tests.support.fixtures import Serve
from tests.support.responses import head, json_response
from tests.support.server import PATIENCE, Peer, Script
from tests.support.steps import ReadHead, ReadRequest, replay

from .addresses import Address

pytestmark = pytest.mark.skipif(
    not hasattr(signal, "pthread_kill"), reason="no signal can be sent to a thread here"
)


class TimeIsUp(Exception):  # noqa: N818 - as Celery names its own
    """A limit of the app's."""


class SocketTimeIsUp(TimeoutError):  # noqa: N818
    """One that is an OSError, as what the network raises."""


class BareTimeIsUp(SocketTimeIsUp):
    """One whose handler has let go of its arguments, so that no frame shows that it is one."""


Way = tuple[type[Exception], Caller]

LIMITS = (TimeIsUp, SocketTimeIsUp, BareTimeIsUp)
OURS: list[Way] = list(product(LIMITS, (SYNC, ASYNCIO)))
# Beneath an injected client httpcore takes an OSError for the network's.
WAYS: list[Way] = [*OURS, *product(LIMITS, [Caller("sync", injected=True)])]


def name(way: Way) -> str:
    """Return the ID of a test."""
    return f"{way[0].__name__}-{way[1]}"


@pytest.fixture(params=WAYS, ids=name)
def way(request: pytest.FixtureRequest) -> Iterator[Way]:
    """What the handler of a signal raises, and the client that it raises it in."""
    raised: type[Exception] = request.param[0]

    def handle(number: int, frame: object) -> None:
        if raised is BareTimeIsUp:
            del number, frame
        raise raised("the app's")

    before = signal.signal(signal.SIGALRM, handle)
    yield request.param
    signal.setitimer(signal.ITIMER_REAL, 0)
    signal.signal(signal.SIGALRM, before)


def ring(peer: Peer) -> None:
    """Send the signal once the client has come to wait.

    asyncio logs what is raised in a callback that is no task's, and goes on: then send it again.
    """
    peer.wait(0.03)
    while True:
        signal.pthread_kill(threading.main_thread().ident or 0, signal.SIGALRM)
        if select.select([peer.sock], [], [], 5.0)[0]:
            return


MOMENTS: dict[str, Script] = {
    "waiting": (ReadRequest(), ring, ReadRequest()),
    "in the head": (ReadRequest(), Send(b"HTTP/1.1 200 OK\r\nContent-Le"), ring, ReadRequest()),
    "in the body": (
        ReadRequest(),
        Send(head(200, "Content-Length: 9") + b"{"),
        ring,
        ReadRequest(),
    ),
}


@pytest.mark.parametrize("moment", MOMENTS)
def test_while_an_answer_is_waited_for(
    moment: str, way: Way, operation: Operation, serve: Serve
) -> None:
    limit, caller = way
    server = serve(MOMENTS[moment])
    with pytest.raises(limit, match="the app's") as caught:
        caller.call(operation, server.url, timeout=PATIENCE)
    assert caught.type is limit
    server.wait_for(lambda: server.closed == 1)
    assert (server.opened, len(server.requests)) == (1, 1)


@pytest.mark.parametrize("way", [one for one in OURS if SYNC in one], ids=name, indirect=True)
def test_while_a_request_is_written(way: Way, serve: Serve) -> None:
    limit, caller = way
    url = serve((ReadHead(), ring, Stall())).url
    with pytest.raises(limit, match="the app's") as caught:
        caller.call(POST, url, {"instructions": "x" * 12_000_000}, timeout=PATIENCE)
    # What shows the variables of a failure shows no project ID.
    for entry in caught.traceback:
        if entry.frame.f_globals["__name__"].startswith("ai_gate"):
            assert PROJECT not in repr(entry.frame.f_locals)


REFUSED = {
    "a chunk line": head(200, "Transfer-Encoding: chunked") + b'{"credential": "aB3xyz"}\r\n',
    "a head": head(200, "Content-Length: x") + b'{"credential": "aB3xyz"}',
}


# Beneath an injected client nothing more is read.
@pytest.mark.parametrize("way", OURS, ids=name, indirect=True)
@pytest.mark.parametrize("start", REFUSED.values(), ids=REFUSED)
def test_while_the_rest_of_what_is_refused_is_read(
    start: bytes, way: Way, operation: Operation, serve: Serve
) -> None:
    limit, caller = way
    server = serve((ReadRequest(), Send(start), ring, ReadRequest()))
    with pytest.raises(limit, match="the app's") as caught:
        caller.call(operation, server.url, timeout=PATIENCE)
    assert "aB3xyz" not in "".join(traceback.format_exception(caught.value))


@pytest.mark.parametrize("way", [one for one in OURS if SYNC in one], ids=name, indirect=True)
def test_while_connecting(way: Way, operation: Operation, holes: tuple[Address, ...]) -> None:
    limit, caller = way
    host, port = holes[0]
    signal.setitimer(signal.ITIMER_REAL, 0.1)
    with pytest.raises(limit, match="the app's") as caught:
        caller.call(operation, f"http://{host}:{port}", timeout=PATIENCE)
    assert caught.type is limit


@pytest.mark.parametrize(
    "way", [one for one in WAYS if SocketTimeIsUp in one], ids=name, indirect=True
)
def test_one_that_the_app_was_handling_is_not_of_the_call(
    way: Way, operation: Operation, serve: Serve
) -> None:
    limit, caller = way
    url = serve((ReadRequest(),)).url
    try:
        signal.raise_signal(signal.SIGALRM)
    except limit:
        assert isinstance(caller.attempt(operation, url, max_retries=0).error, APIConnectionError)


@pytest.mark.parametrize(
    "way", [one for one in WAYS if SocketTimeIsUp in one], ids=name, indirect=True
)
def test_one_that_httpx_took_for_the_networks_before(
    way: Way, operation: Operation, serve: Serve
) -> None:
    _, caller = way
    url = serve((ReadRequest(),)).url
    transport = httpx.HTTPTransport(verify=NO_TLS)
    signal.setitimer(signal.ITIMER_REAL, 0.1)
    with socket.create_server(("127.0.0.1", 0)) as silent, httpx.Client(transport=transport) as app:
        try:
            app.get(f"http://127.0.0.1:{silent.getsockname()[1]}", timeout=PATIENCE)
        except httpx.HTTPError:
            assert type(caller.attempt(operation, url, max_retries=0).error) is APIConnectionError
        else:
            pytest.fail("httpx has let it through")


@pytest.mark.parametrize("way", [one for one in OURS if SYNC in one], ids=name, indirect=True)
def test_while_a_socket_is_made(
    way: Way, operation: Operation, monkeypatch: pytest.MonkeyPatch
) -> None:
    limit, caller = way
    monkeypatch.setattr("socket.socket", lambda *_: signal.raise_signal(signal.SIGALRM))
    with pytest.raises(limit, match="the app's"):
        caller.call(operation, NOWHERE)


@pytest.mark.parametrize("way", [one for one in OURS if SYNC in one], ids=name, indirect=True)
def test_while_certificates_are_read(
    way: Way, operation: Operation, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    limit, caller = way
    # What was read for other settings isn't used.
    monkeypatch.setenv("SSL_CERT_DIR", str(tmp_path))
    monkeypatch.setattr("httpx.create_ssl_context", lambda: signal.raise_signal(signal.SIGALRM))
    with pytest.raises(limit, match="the app's") as caught:
        caller.call(operation, "https://127.0.0.1:9")
    assert caught.type is limit


class Closing(httpx.SyncByteStream):
    """A whole body, which the signal interrupts while it is closed."""

    def __iter__(self) -> Iterator[bytes]:
        yield b"{}"

    def close(self) -> None:
        """Send the signal."""
        signal.raise_signal(signal.SIGALRM)


@pytest.mark.parametrize("way", [one for one in OURS if SYNC in one], ids=name, indirect=True)
def test_while_a_whole_response_is_closed(way: Way, operation: Operation) -> None:
    limit, caller = way
    transport = httpx.MockTransport(lambda _: httpx.Response(200, stream=Closing()))
    with httpx.Client(transport=transport) as http, pytest.raises(limit, match="the app's"):
        caller.call(operation, NOWHERE, http_client=http)


class Ringing(logging.Handler):
    """An app's log handler, which the signal interrupts."""

    def emit(self, record: logging.LogRecord) -> None:
        """Send the signal."""
        signal.raise_signal(signal.SIGALRM)


# Of a bare one nothing tells that it isn't the handler's own failure, which costs no session.
@pytest.mark.parametrize(
    "way", [one for one in WAYS if BareTimeIsUp not in one], ids=name, indirect=True
)
def test_while_a_line_is_logged(way: Way, operation: Operation, serve: Serve) -> None:
    limit, caller = way
    # `quiet_logger` takes it back.
    logging.getLogger("ai_gate").addHandler(Ringing())
    with pytest.raises(limit, match="the app's"):
        caller.call(operation, serve(replay(json_response({}))).url, debug=True)
