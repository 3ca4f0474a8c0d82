"""A server on loopback that decides over every byte it sends, and when.

Each connection plays a script, a sequence of steps (see `steps`): the first connection the first
script, and so on, the last script serving all that follow. When a script ends, the connection
is closed in order.
"""

from __future__ import annotations

import json
import socket
import ssl
import threading
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any, Self

from ai_gate.testing._faults.steps import EndOfScript

# Small, and therefore fixed: what the server leaves unread soon holds up the client's sending.
RECEIVE_BUFFER = 16 * 1024
# No test waits this long unless something is broken: then it fails, and doesn't hang.
PATIENCE = 60.0


@dataclass
class Request:
    """A request whose head has reached the server whole, on a connection (numbered from 1)."""

    method: str
    target: str
    headers: dict[str, str]
    connection: int
    arrived: float = field(default_factory=time.monotonic)
    body: bytes = b""

    @property
    def json(self) -> dict[str, Any]:
        """The body as an object."""
        value: dict[str, Any] = json.loads(self.body)
        return value


class Peer:
    """The server's end of one connection."""

    def __init__(self, sock: socket.socket, server: Server, number: int) -> None:
        self.sock = sock
        self.number = number
        self._server = server
        self._unread = bytearray()
        self._request: Request | None = None
        self._gives_up = time.monotonic() + PATIENCE

    def read_head(self) -> None:
        """Read up to the end of a request's head, and count the request."""
        while b"\r\n\r\n" not in self._unread:
            self._receive()
        head, _, self._unread = self._unread.partition(b"\r\n\r\n")
        first, *lines = head.decode("latin-1").split("\r\n")
        method, target, _ = first.split(" ")
        pairs = (line.split(":", 1) for line in lines)
        headers = {name.strip().lower(): value.strip() for name, value in pairs}
        self._request = Request(method, target, headers, self.number)
        self._server.count(self._request)

    def read_body(self) -> Request:
        """Read the rest of the request whose head was read last."""
        if self._request is None:
            raise AssertionError("the script reads a body before a head")
        length = int(self._request.headers.get("content-length", "0"))
        while len(self._unread) < length:
            self._receive()
        self._request.body = bytes(self._unread[:length])
        del self._unread[:length]
        return self._request

    def note_more(self) -> None:
        """Note if more has come before what was read is answered."""
        if isinstance(self.sock, ssl.SSLSocket):
            return  # it doesn't say without being read
        with suppress(BlockingIOError):
            # Not by `select`, which takes no descriptor above 1,023.
            if self._unread or self.sock.recv(1, socket.MSG_PEEK | socket.MSG_DONTWAIT):
                self._server.shared.append(self.number)

    def wait(self, seconds: float = PATIENCE) -> None:
        """Let time pass: so many seconds, or until the test is over."""
        left = self._gives_up - time.monotonic()
        if self._server.stopping.wait(min(seconds, left)) or seconds >= left:
            raise EndOfScript

    def interrupt(self) -> None:
        """Wake up the thread that reads from or writes to this connection."""
        with suppress(OSError):  # the client, or the script, was first
            self.sock.shutdown(socket.SHUT_RDWR)

    def _receive(self) -> None:
        data = self.sock.recv(64 * 1024)
        if not data:
            raise EndOfScript
        self._unread += data


Step = Callable[[Peer], None]
Script = Sequence[Step]


class Server:
    """Serves scripts, and counts what reaches it, until it is closed.

    Until it listens it refuses connections, and its port stays its own.
    """

    def __init__(self, *scripts: Script, scheme: str = "http", listening: bool = True) -> None:
        self.stopping = threading.Event()
        self.requests: list[Request] = []
        self.opened = 0
        self.closed = 0
        # Connections on which a request came before the one before it was answered.
        self.shared: list[int] = []
        self._scripts = scripts
        self._changed = threading.Condition()
        self._peers: list[Peer] = []
        self._threads: list[threading.Thread] = []
        self._broken: list[Exception] = []
        self._listener = socket.socket()
        self._listener.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, RECEIVE_BUFFER)
        self._listener.bind(("127.0.0.1", 0))
        self.address: tuple[str, int] = self._listener.getsockname()
        self.url = f"{scheme}://127.0.0.1:{self.address[1]}"
        if listening:
            self.listen()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def listen(self) -> None:
        """Begin to take connections."""
        self._listener.listen(128)
        self._start(self._accept)

    def count(self, request: Request) -> None:
        """Note a request; `requests` holds them in the order of their arrival."""
        with self._changed:
            self.requests.append(request)
            self._changed.notify_all()

    def wait_for(self, met: Callable[[], bool]) -> None:
        """Return as soon as a condition on the counts is met."""
        with self._changed:
            if not self._changed.wait_for(met, PATIENCE):
                raise AssertionError("what the test waits for didn't happen")

    def hang_up(self) -> None:
        """End all connections from this side, and return once their threads know."""
        for peer in self._peers:
            peer.interrupt()
        self.wait_for(lambda: self.closed == self.opened)

    def close(self) -> None:
        """End every connection and thread; fail where a script did."""
        self.stopping.set()
        if self._threads:
            # Closing the socket wouldn't wake up `accept` on every system; a connection does.
            socket.create_connection(self.address, timeout=PATIENCE).close()
            self._threads[0].join(PATIENCE)
        self._listener.close()
        for peer in self._peers:
            peer.interrupt()
        for thread in self._threads:
            thread.join(PATIENCE)
            if thread.is_alive():
                raise AssertionError("a script doesn't end")
        if self._broken:
            raise self._broken[0]

    def _start(self, target: Callable[..., None], *arguments: object) -> None:
        thread = threading.Thread(target=target, args=arguments, daemon=True)
        self._threads.append(thread)
        thread.start()

    def _accept(self) -> None:
        while True:
            sock, _ = self._listener.accept()
            if self.stopping.is_set():
                sock.close()
                return
            # Each byte leaves when the script says so, not when there are more of them.
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            peer = Peer(sock, self, self.opened + 1)
            self._peers.append(peer)
            with self._changed:
                script = self._scripts[min(self.opened, len(self._scripts) - 1)]
                self.opened += 1
                self._changed.notify_all()
            self._start(self._play, script, peer)

    def _play(self, script: Script, peer: Peer) -> None:
        try:
            for step in script:
                step(peer)
        except (EndOfScript, OSError):
            pass  # the client or the test is done with this connection
        except Exception as error:  # `close` raises it in the test
            self._broken.append(error)
        finally:
            peer.sock.close()
            with self._changed:
                self.closed += 1
                self._changed.notify_all()
