"""The HTTP plumbing: a threading server on loopback and its connections."""

import contextlib
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

from ai_gate.testing._request import UnreadableRequestError, read_request
from ai_gate.testing._response import Answer
from ai_gate.testing._router import Responder

HOST = "127.0.0.1"
_POLL_SECONDS = 0.01
_LINGER_SECONDS = 5.0
_STOP_SECONDS = 5.0


class Server(ThreadingHTTPServer):
    """An HTTP/1.1 server, with a daemon thread for each connection."""

    daemon_threads = True
    request_queue_size = 512

    def __init__(
        self, port: int, responder: Responder, ssl_context: ssl.SSLContext | None = None
    ) -> None:
        self.responder = responder
        self._ssl_context = ssl_context
        self._connections: set[socket.socket] = set()
        self._connections_changed = threading.Condition()
        super().__init__((HOST, port), RequestHandler)
        self._thread = threading.Thread(
            target=self.serve_forever, args=(_POLL_SECONDS,), name="ai-gate-mock", daemon=True
        )

    def start(self) -> None:
        """Serve in a thread of its own."""
        self._thread.start()

    def stop(self) -> None:
        """Stop serving, close every connection, and wait until their threads are done."""
        self.shutdown()
        self._thread.join()
        self.server_close()
        with self._connections_changed:
            for connection in self._connections:
                with contextlib.suppress(OSError):
                    # SSLSocket.shutdown would take the TLS object from under its thread.
                    socket.socket.shutdown(connection, socket.SHUT_RDWR)
            self._connections_changed.wait_for(lambda: not self._connections, _STOP_SECONDS)

    def server_bind(self) -> None:
        """Bind without the look-up of the host's name that HTTPServer does."""
        socketserver.TCPServer.server_bind(self)
        self.server_name, self.server_port = HOST, self.server_address[1]

    def get_request(self) -> tuple[socket.socket, Any]:
        """Accept a connection; its first read, in its own thread, shakes hands."""
        connection, address = super().get_request()
        if self._ssl_context is not None:
            connection = self._ssl_context.wrap_socket(
                connection, server_side=True, do_handshake_on_connect=False
            )
        with self._connections_changed:
            self._connections.add(connection)
        return connection, address

    def shutdown_request(self, request: Any) -> None:
        """Close a connection so that a client that had more to send can read the answer."""
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
            self._connections_changed.notify_all()

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Pass over a client that went away; anything else is a bug of the mock gate."""
        error = sys.exception()
        if not isinstance(error, OSError):
            self.responder.report_bug("", "", f"{type(error).__name__}: {error}")


class RequestHandler(BaseHTTPRequestHandler):
    """Reads the requests of one connection and writes their answers."""

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True

    def parse_request(self) -> bool:
        """Parse the head of a request; skip an empty line before it, as RFC 9112 asks."""
        is_parsed = super().parse_request()
        if not self.requestline.strip():
            self.close_connection = False
        return is_parsed

    def send_error(self, code: int, message: str | None = None, explain: str | None = None) -> None:
        """Give the documented refusal where http.server can't parse a request.

        It also comes here with each request that it could parse, since it finds no `do_GET` and the
        like: the gate answers every method in one place.
        """
        if code == HTTPStatus.NOT_IMPLEMENTED:
            self._answer_request()
            return
        status = code if 400 <= code < 500 else 400
        self._refuse("", status, f"The request can't be parsed: {http.client.responses[code]}")

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 (the base class's name)
        """Log nothing: http.server would print the project ID of a query."""

    def _answer_request(self) -> None:
        try:
            request = read_request(self.command, self.path, self.headers, self.rfile)
        except UnreadableRequestError as error:
            self._refuse(self.path.partition("?")[0], error.status, str(error))
        else:
            self._send(self._responder.answer(request))

    @property
    def _responder(self) -> Responder:
        return cast(Server, self.server).responder

    def _refuse(self, path: str, status: int, message: str) -> None:
        self.close_connection = True
        self._send(self._responder.refuse(self.command or "", path, status, message))

    def _send(self, answer: Answer) -> None:
        # RFC 9110 forbids a length where there never is a body.
        length = {} if answer.status == HTTPStatus.NO_CONTENT else _length(answer)
        headers = {
            **length,
            "Connection": "close" if self.close_connection else "keep-alive",
            **answer.headers,
        }
        head = io.StringIO()
        head.write(f"HTTP/1.1 {answer.status} {http.client.responses.get(answer.status, '')}\r\n")
        head.writelines(f"{name}: {value}\r\n" for name, value in headers.items())
        head.write("\r\n")
        body = b"" if self.command == "HEAD" else answer.body
        self.wfile.write(head.getvalue().encode("ascii") + body)


def _length(answer: Answer) -> dict[str, str]:
    return {"Content-Type": answer.content_type, "Content-Length": str(len(answer.body))}
