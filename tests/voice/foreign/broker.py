"""Carries an SDP offer to a peer in another process, and its answer back."""

from __future__ import annotations

import queue
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from types import TracebackType
from typing import Self

FOLDER = Path(__file__).parent
TYPES = {".html": "text/html", ".mjs": "text/javascript"}
SECONDS = 60.0


class Broker:
    """Takes the client's offer at `/calls`; the peer fetches it at `/offer`, and posts its answer.

    It serves the peer in Chromium its page too.
    """

    def __init__(self) -> None:
        self.answer = ""
        self.closed = threading.Event()
        """Whether the peer has seen its channel close."""
        self.offers: queue.Queue[bytes] = queue.Queue()
        self.answers: queue.Queue[bytes] = queue.Queue()
        handler = type("Handler", (_Handler,), {"broker": self})
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
        self._thread = threading.Thread(target=self._server.serve_forever, daemon=True)
        self.url = f"http://127.0.0.1:{self._server.server_port}"

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self,
        exc_type: type[BaseException] | None,
        exc_value: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        # A request for an offer that nobody makes would be waited for.
        self.offers.put(b"")
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()


class _Handler(BaseHTTPRequestHandler):
    broker: Broker

    def do_GET(self) -> None:
        path = FOLDER / self.path.partition("?")[0].lstrip("/")
        if self.path == "/offer":
            self._respond(200, self.broker.offers.get(timeout=SECONDS))
        elif path.suffix in TYPES:
            self._respond(200, path.read_bytes(), TYPES[path.suffix])
        else:
            self._respond(404)

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        if self.path == "/calls":
            self.broker.offers.put(body)
            answer = self.broker.answers.get(timeout=SECONDS)
            self.broker.answer = answer.decode()
            self._respond(201, answer, "application/sdp")
            return
        if self.path == "/answer":
            self.broker.answers.put(body)
        elif self.path == "/closed":
            self.broker.closed.set()
        self._respond(204)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002
        pass

    def _respond(self, status: int, body: bytes = b"", content_type: str = "text/plain") -> None:
        self.send_response(status)
        self.send_header("Content-Type", content_type)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)
