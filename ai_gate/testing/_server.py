"""A threading HTTP server, and its connections."""

import contextlib
import errno
import http.client
import io
import socket
import socketserver
import ssl
import sys
import threading
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, cast

from ai_gate.testing._faults.steps import EndOfScript, Served
from ai_gate.testing._request import (
    ReceivedRequest,
    UnreadableRequestError,
    read_headers,
    read_request,
)
from ai_gate.testing._response import Response
from ai_gate.testing._router import Router

_POLL_SECONDS = 0.01
_LINGER_SECONDS = 5.0
_STOP_SECONDS = 5.0
# Each has a thread. Further ones take the place of those that send nothing, or wait in the queue
# of the system.
MOST_CONNECTIONS = 512


class Server(ThreadingHTTPServer):
    """An HTTP/1.1 server, with a daemon thread for each connection."""

    daemon_threads = True
    request_queue_size = 512

    def __init__(
        self,
        host: str,
        port: int,
        router: Router | None = None,
        ssl_context: ssl.SSLContext | None = None,
    ) -> None:
        self.router = router
        self.address_family = socket.AF_INET6 if ":" in host else socket.AF_INET
        self._ssl_context = ssl_context
        self._connections: set[socket.socket] = set()
        self._connections_changed = threading.Condition()
        # Those that wait for their client, the longest wait first.
        self._waiting: dict[socket.socket, None] = {}
        super().__init__((host, port), RequestHandler)
        self._thread = threading.Thread(
            target=self.serve_forever, args=(_POLL_SECONDS,), name="ai-gate-mock", daemon=True
        )

    def start(self) -> None:
        """Serve in a thread of its own."""
        self._thread.start()

    def stop(self) -> None:
        """Stop serving, close every connection, and wait for the end of their threads."""
        if self._thread.is_alive():
            self.shutdown()
            self._thread.join()
        self.server_close()
        self.end_connections()

    def hand_over(self, router: Router | None) -> None:
        """Serve another gate, or with None nobody: connections are closed as they come.

        What is left of the former one's requests doesn't reach it.
        """
        self.router = router
        self.end_connections()

    def end_connections(self) -> None:
        """Close every connection, and wait for the end of their threads."""
        with self._connections_changed:
            for connection in self._connections:
                _end(connection)
            self._connections_changed.wait_for(lambda: not self._connections, _STOP_SECONDS)

    def server_bind(self) -> None:
        """Bind without looking up the host's name, as HTTPServer does."""
        try:
            socketserver.TCPServer.server_bind(self)
        except OSError as error:
            error.filename = "port {1} of {0}".format(*self.server_address)
            raise
        self.server_name, self.server_port = str(self.server_address[0]), self.server_address[1]

    def get_request(self) -> tuple[socket.socket, Any]:
        """Accept a connection. Its TLS handshake is part of its first read, in its own thread."""
        with self._connections_changed:
            if not self._has_room() and self._waiting:
                _end(next(iter(self._waiting)))
            if not self._connections_changed.wait_for(self._has_room, _POLL_SECONDS):
                raise OSError(errno.EMFILE, "as many connections as there may be")
        connection, address = super().get_request()
        if self._ssl_context is not None:
            connection = self._ssl_context.wrap_socket(
                connection, server_side=True, do_handshake_on_connect=False
            )
        with self._connections_changed:
            self._connections.add(connection)
        return connection, address

    def mark(self, connection: socket.socket, *, is_waiting: bool) -> None:
        """Let a connection make room for others while it waits for its client."""
        with self._connections_changed:
            self._waiting.pop(connection, None)
            if is_waiting:
                self._waiting[connection] = None

    def _has_room(self) -> bool:
        return len(self._connections) < MOST_CONNECTIONS

    def shutdown_request(self, request: Any) -> None:
        """Close a connection so that a client that still sends can read the response."""
        self.mark(request, is_waiting=True)
        with contextlib.suppress(OSError):
            request.shutdown(socket.SHUT_WR)
            request.settimeout(_LINGER_SECONDS)
            while request.recv(2**16):
                pass
        self.close_request(request)

    def close_request(self, request: Any) -> None:
        """Close a connection's socket."""
        super().close_request(request)
        with self._connections_changed:
            self._connections.discard(request)
            self._waiting.pop(request, None)
            self._connections_changed.notify_all()

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Ignore a client that went away; anything else is a bug of the mock gate."""
        error = sys.exception()
        if self.router is not None and not isinstance(error, OSError):
            self.router.report_bug("", "", f"{type(error).__name__}: {error}")


class _Reader(io.BufferedReader):
    """Reads from a connection, and keeps the last line."""

    last_line = b""

    def readline(self, size: int | None = -1, /) -> bytes:
        """Read a line."""
        self.last_line = super().readline(size)
        return self.last_line


class RequestHandler(BaseHTTPRequestHandler):
    """Reads the requests of one connection and writes the responses."""

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    rbufsize = 0  # the reader has a buffer
    _router: Router

    def setup(self) -> None:
        """Open the connection for reading and writing."""
        super().setup()
        self.rfile = self._reader = _Reader(cast(io.RawIOBase, self.rfile))

    def handle(self) -> None:
        """Serve the gate that has the server as the connection begins."""
        router = cast(Server, self.server).router
        if router is not None:
            self._router = router
            super().handle()

    def handle_one_request(self) -> None:
        """Serve a request; until it is there, the connection can make room for another one."""
        cast(Server, self.server).mark(self.connection, is_waiting=True)
        super().handle_one_request()

    def parse_request(self) -> bool:
        """Parse the head of a request, and skip an empty line before it, as RFC 9112 asks."""
        is_parsed = super().parse_request()
        if not self.requestline.strip():
            self.close_connection = False
        return is_parsed

    def send_error(self, code: int, message: str | None = None, explain: str | None = None) -> None:
        """Send the documented refusal if http.server can't parse a request.

        http.server also calls this for each request that it could parse, since there is no
        `do_GET` or the like: the gate responds to every method in one place.
        """
        if code == HTTPStatus.NOT_IMPLEMENTED:
            self._respond()
            return
        status = code if 400 <= code < 500 else 400
        message = f"The request can't be parsed: {http.client.responses[code]}"
        self._refuse(ReceivedRequest(self.command or "", "", {}, {}, b""), status, message)

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 (the base class's name)
        """Log nothing: http.server would print the project ID of a query."""

    def _respond(self) -> None:
        try:
            if self._reader.last_line not in (b"\r\n", b"\n"):
                raise UnreadableRequestError("The head ends early")
            request = read_request(self.command, self.path, self.headers, self.rfile)
        except UnreadableRequestError as error:
            head = ReceivedRequest(
                self.command, self.path.partition("?")[0], {}, read_headers(self.headers), b""
            )
            self._refuse(head, error.status, str(error))
        else:
            self._send(self._router.respond(request))

    def _refuse(self, request: ReceivedRequest, status: int, message: str) -> None:
        self.close_connection = True
        self._send(self._router.refuse(request, status, message))

    def _send(self, response: Response) -> None:
        cast(Server, self.server).mark(self.connection, is_waiting=False)
        # RFC 9110 forbids a Content-Length with this status.
        length = {} if response.status == HTTPStatus.NO_CONTENT else _length(response)
        headers = {
            **length,
            "Connection": "close" if self.close_connection else "keep-alive",
            **response.headers,
        }
        head = io.StringIO()
        reason = http.client.responses.get(response.status, "")
        head.write(f"HTTP/1.1 {response.status} {reason}\r\n")
        head.writelines(f"{name}: {value}\r\n" for name, value in headers.items())
        head.write("\r\n")
        body = b"" if self.command == "HEAD" else response.body
        self._write(head.getvalue().encode("ascii"), body, response)

    def _write(self, head: bytes, body: bytes, response: Response) -> None:
        if response.script is None:
            self.wfile.write(head + body)
            return
        connection = Served(self.connection)
        try:
            for step in response.script(head, body):
                step(connection)
        except EndOfScript:
            self.close_connection = True


def _length(response: Response) -> dict[str, str]:
    return {"Content-Type": response.content_type, "Content-Length": str(len(response.body))}


def _end(connection: socket.socket) -> None:
    """End a connection that a thread may be reading from."""
    with contextlib.suppress(OSError):
        # SSLSocket.shutdown would drop the TLS object that its thread still uses.
        socket.socket.shutdown(connection, socket.SHUT_RDWR)
