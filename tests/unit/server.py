"""An HTTP server on loopback that answers as a test says, and tells what reached it."""

from __future__ import annotations

import json
import select
import ssl
import threading
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from socket import SHUT_RDWR, socket
from typing import Any, Self

# No test waits this long unless something is broken.
PATIENCE = 10.0


@dataclass(frozen=True)
class Received:
    """A request, and the number (from 1) of the connection that it came on."""

    method: str
    target: str
    headers: Mapping[str, str]
    body: bytes
    connection: int

    @property
    def json(self) -> dict[str, Any]:
        """The body as an object."""
        value: dict[str, Any] = json.loads(self.body)
        return value


@dataclass(frozen=True)
class Reply:
    """An answer; without `keep_alive` the connection ends after it, unannounced.

    With `hold`, half of the body is sent, and the rest when the event is set.
    """

    status: int = 200
    body: bytes = b"{}"
    headers: Mapping[str, str] = field(default_factory=dict)
    keep_alive: bool = True
    hold: threading.Event | None = None


Answer = Callable[[Received], Reply | None]
"""Answers a request; None ends the connection instead."""


def replay(*replies: Reply | None) -> Answer:
    """Give one reply after another, the last one for good."""
    remaining = list(replies)

    def answer(_: Received) -> Reply | None:
        return remaining.pop(0) if len(remaining) > 1 else remaining[0]

    return answer


def json_reply(value: object, status: int = 200, **headers: str) -> Reply:
    """A JSON body; the underscores of a header's name stand for hyphens."""
    named = {name.replace("_", "-"): text for name, text in headers.items()}
    return Reply(status, json.dumps(value).encode(), named)


TURN = json_reply({"iceServers": []})


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    wbufsize = -1

    @property
    def owner(self) -> Server:
        """The server of the test."""
        if not isinstance(self.server, _HTTPServer):
            raise AssertionError("the handler serves another server")
        return self.server.owner

    def setup(self) -> None:
        if self.owner.tls is not None:
            self.request = self.owner.tls.wrap_socket(self.request, server_side=True)
        super().setup()

    def handle(self) -> None:
        self.number = self.owner.opened_one(self.connection)
        super().handle()

    def finish(self) -> None:
        """Close what wraps the socket too: the server knows only the bare one."""
        super().finish()
        self.connection.close()
        self.owner.closed_one(self.number)

    def do_GET(self) -> None:
        self._serve()

    def do_POST(self) -> None:
        self._serve()

    def do_CONNECT(self) -> None:
        """Play the proxy and, behind it, the TLS server that was asked for."""
        owner = self.owner
        owner.count(self._received(b""))
        self.send_response_only(owner.refuse_tunnels or 200)
        if owner.refuse_tunnels is not None:
            self.send_header("Content-Length", "0")
            self.end_headers()
            return
        self.end_headers()
        self.wfile.flush()
        tunnel = owner.tunnel
        if tunnel is None:
            raise AssertionError("the test expects no tunnel")
        self.rfile.close()
        self.wfile.close()
        self.connection = self.request = tunnel.wrap_socket(self.connection, server_side=True)
        self.rfile = self.connection.makefile("rb")
        self.wfile = self.connection.makefile("wb")
        self.close_connection = False

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002
        """Print nothing."""

    def _serve(self) -> None:
        length = int(self.headers.get("content-length", "0"))
        received = self._received(self.rfile.read(length))
        self.owner.count(received)
        reply = self.owner.answer(received)
        if select.select([self.connection], [], [], 0)[0] and self.connection.recv(1):
            self.owner.shared.append(self.number)
        if reply is None:
            self.close_connection = True
            return
        self._send(reply)

    def _received(self, body: bytes) -> Received:
        headers = {name.lower(): value for name, value in self.headers.items()}
        return Received(self.command, self.path, headers, body, self.number)

    def _send(self, reply: Reply) -> None:
        self.send_response_only(reply.status)
        for name, value in {"Content-Length": str(len(reply.body)), **reply.headers}.items():
            self.send_header(name, value)
        self.end_headers()
        half = len(reply.body) // 2
        self.wfile.write(reply.body[:half])
        if reply.hold is not None:
            self.wfile.flush()
            reply.hold.wait(PATIENCE)
        self.wfile.write(reply.body[half:])
        self.wfile.flush()
        self.close_connection = not reply.keep_alive
        self.owner.answered_one()


class _HTTPServer(ThreadingHTTPServer):
    request_queue_size = 128
    owner: Server

    def handle_error(self, request: object, client_address: object) -> None:
        """The client has gone, or didn't like the certificate: its test knows."""


class Server:
    """Serves until it is closed."""

    def __init__(
        self,
        answer: Answer,
        *,
        tls: ssl.SSLContext | None = None,
        tunnel: ssl.SSLContext | None = None,
        refuse_tunnels: int | None = None,
    ) -> None:
        self.answer = answer
        self.tls = tls
        self.tunnel = tunnel
        self.refuse_tunnels = refuse_tunnels
        self.requests: list[Received] = []
        self.opened = 0
        self.closed = 0
        # Answers that are on their way, whole.
        self.answered = 0
        # Connections on which a request came before the one before it was answered.
        self.shared: list[int] = []
        self.stopping = threading.Event()
        self._open: dict[int, socket] = {}
        self._changed = threading.Condition()
        self._http = _HTTPServer(("127.0.0.1", 0), _Handler)
        self._http.owner = self
        scheme = "http" if tls is None else "https"
        self.url = f"{scheme}://127.0.0.1:{self._http.server_port}"
        self._thread = threading.Thread(target=self._http.serve_forever, args=(0.01,), daemon=True)
        self._thread.start()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.stopping.set()
        self._http.shutdown()
        self._http.server_close()
        self._thread.join(PATIENCE)
        self.hang_up()

    def count(self, received: Received) -> None:
        """Note a request."""
        with self._changed:
            self.requests.append(received)
            self._changed.notify_all()

    def opened_one(self, connection: socket) -> int:
        """Note a connection and return its number."""
        with self._changed:
            self.opened += 1
            self._open[self.opened] = connection
            self._changed.notify_all()
            return self.opened

    def answered_one(self) -> None:
        """Note an answer."""
        with self._changed:
            self.answered += 1
            self._changed.notify_all()

    def closed_one(self, number: int) -> None:
        """Note the end of a connection."""
        with self._changed:
            self.closed += 1
            del self._open[number]
            self._changed.notify_all()

    def hang_up(self) -> None:
        """End all connections from this side, and return once their threads know."""
        with self._changed:
            for connection in self._open.values():
                with suppress(OSError):  # the client was first
                    connection.shutdown(SHUT_RDWR)
        self.wait_for(lambda: self.closed == self.opened)

    def wait_for(self, met: Callable[[], bool]) -> None:
        """Return as soon as a condition on the counts is met."""
        with self._changed:
            if not self._changed.wait_for(met, PATIENCE):
                raise AssertionError("what the test waits for didn't happen")
