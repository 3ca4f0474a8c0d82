"""AWS Lambda's side of its runtime API: it hands out events and takes what the handler returns.

https://docs.aws.amazon.com/lambda/latest/dg/runtimes-api.html
"""

from __future__ import annotations

import json
import queue
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from tests.examples.programs import PATIENCE

NEXT = "/2018-06-01/runtime/invocation/next"


class LambdaService:
    """Hands out an event for each `invoke`."""

    def __init__(self) -> None:
        self.events: queue.Queue[Any] = queue.Queue()
        self.returned: queue.Queue[tuple[str, Any]] = queue.Queue()
        self.is_idle = threading.Semaphore(0)
        """Counts how often a runtime has asked for an event."""

    def invoke(self, event: Any) -> Any:
        """Hand out an event, and return what the handler returned."""
        self.events.put(event)
        kind, value = self.returned.get(timeout=PATIENCE)
        assert kind == "response", value
        return value

    def wait_until_idle(self) -> None:
        """Wait until the runtime asks for the next event, which is when Lambda freezes it."""
        assert self.is_idle.acquire(timeout=PATIENCE)


@contextmanager
def lambda_service() -> Iterator[tuple[LambdaService, str]]:
    """Run the service; give it and its address."""
    service = LambdaService()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            assert self.path == NEXT
            service.is_idle.release()
            event = service.events.get()
            if event is not None:
                self._send(200, event)
            self.close_connection = event is None

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            service.returned.put((self.path.rpartition("/")[2], json.loads(body)))
            self._send(202, {"status": "OK"})

        def _send(self, status: int, content: Any) -> None:
            body = json.dumps(content).encode()
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.send_header(
                "Lambda-Runtime-Aws-Request-Id", "8476a536-e9f4-11e8-9739-2dfe598c3fcd"
            )
            self.send_header("Lambda-Runtime-Deadline-Ms", str(round(time.time() * 1000) + 15_000))
            self.send_header(
                "Lambda-Runtime-Invoked-Function-Arn",
                "arn:aws:lambda:eu-west-1:123456789012:function:session",
            )
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 (of the base class)
            """Log nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        try:
            yield service, f"127.0.0.1:{server.server_port}"
        finally:
            # A handler that waits for an event would keep the server from closing.
            service.events.put(None)
            server.shutdown()
            thread.join()
