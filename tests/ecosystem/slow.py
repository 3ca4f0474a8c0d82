"""A server that begins an answer and doesn't come to its end."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

GAP = 0.02
HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 100000\r\n\r\n"


class SlowServer:
    """Sends a byte now and then, for ever, to each one who asks."""

    def __init__(self, listener: socket.socket) -> None:
        self._listener = listener
        self.url = f"http://127.0.0.1:{listener.getsockname()[1]}"
        self.requests = 0

    def serve(self) -> None:
        """Take connections until the listener is closed."""
        while True:
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            threading.Thread(target=self._answer, args=(connection,), daemon=True).start()

    def _answer(self, connection: socket.socket) -> None:
        with connection:
            connection.recv(65536)
            self.requests += 1
            try:
                connection.sendall(HEAD)
                while True:
                    connection.sendall(b" ")
                    time.sleep(GAP)
            except OSError:
                return


@contextmanager
def slow_server() -> Iterator[SlowServer]:
    """Run such a server."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        server = SlowServer(listener)
        thread = threading.Thread(target=server.serve, daemon=True)
        thread.start()
        try:
            yield server
        finally:
            # Closing it alone doesn't wake the thread.
            listener.shutdown(socket.SHUT_RDWR)
            thread.join()
