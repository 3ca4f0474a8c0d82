"""What a script is made of, besides the steps of the mock gate's own faults."""

from __future__ import annotations

import itertools
import ssl
import threading
from collections.abc import Callable
from dataclasses import dataclass

from tests.support.server import Peer, Request, Script


@dataclass(frozen=True)
class Handshake:
    """Agree on TLS; what follows is encrypted."""

    context: ssl.SSLContext

    def __call__(self, peer: Peer) -> None:
        peer.sock = self.context.wrap_socket(peer.sock, server_side=True)


@dataclass(frozen=True)
class ReadSome:
    """Read what comes first, whatever it is."""

    def __call__(self, peer: Peer) -> None:
        peer.sock.recv(64 * 1024)


@dataclass(frozen=True)
class ReadHead:
    """Read a request as far as its headers, and count it."""

    def __call__(self, peer: Peer) -> None:
        peer.read_head()


@dataclass(frozen=True)
class ReadBody:
    """Read the rest of that request."""

    def __call__(self, peer: Peer) -> None:
        peer.read_body()


@dataclass(frozen=True)
class ReadRequest:
    """Read a whole request, and count it."""

    def __call__(self, peer: Peer) -> None:
        peer.read_head()
        peer.read_body()


@dataclass(frozen=True)
class Answer:
    """Answer each request with what a function makes of it; None ends the connection instead."""

    respond: Callable[[Request], bytes | None]

    def __call__(self, peer: Peer) -> None:
        while True:
            peer.read_head()
            response = self.respond(peer.read_body())
            peer.note_more()
            if response is None:
                return
            peer.sock.sendall(response)


def answer(respond: Callable[[Request], bytes | None]) -> Script:
    """Answer all requests of a connection."""
    return (Answer(respond),)


def replay(*responses: bytes | None) -> Script:
    """Give one response after another, whatever the connection, and the last one for good."""
    remaining = list(responses)
    return answer(lambda _: remaining.pop(0) if len(remaining) > 1 else remaining[0])


@dataclass(frozen=True)
class ReadSlowly:
    """Take so many bytes at a time, without end; what is read this way isn't counted."""

    size: int
    interval: float

    def __call__(self, peer: Peer) -> None:
        while peer.sock.recv(self.size):
            peer.wait(self.interval)


@dataclass(frozen=True)
class Repeat:
    """Send the same again and again, without end."""

    data: bytes
    interval: float = 0.0

    def __call__(self, peer: Peer) -> None:
        for _ in itertools.repeat(None):
            peer.sock.sendall(self.data)
            peer.wait(self.interval)


@dataclass(frozen=True)
class Until:
    """Do nothing until an event is set."""

    event: threading.Event

    def __call__(self, peer: Peer) -> None:
        while not self.event.wait(0.05):
            peer.wait(0)
