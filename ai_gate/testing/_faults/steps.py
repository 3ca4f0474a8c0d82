"""What a server does with a connection, byte by byte."""

import select
import socket
import struct
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

PATIENCE = 3600.0
"""How long a step waits that has no end of its own, in seconds."""


class EndOfScript(Exception):  # noqa: N818 (not an error: a step's way to end its connection)
    """Nothing more is to be done on this connection."""


class Connection(Protocol):
    """The server's end of a connection."""

    @property
    def sock(self) -> socket.socket:
        """Its socket."""
        ...

    def wait(self, seconds: float = PATIENCE) -> None:
        """Let time pass; EndOfScript if the connection ends meanwhile."""


Step = Callable[[Connection], None]
Script = Sequence[Step]


@dataclass(frozen=True)
class Served:
    """A connection whose request has been read."""

    sock: socket.socket

    def wait(self, seconds: float = PATIENCE) -> None:
        """Let time pass, unless the connection ends.

        A client that sends more or nothing more, and so may have hung up, ends a wait without end.
        In another one it may still wait for the response.
        """
        is_endless = seconds >= PATIENCE
        if hasattr(select, "poll"):
            poll = select.poll()
            # That both halves are closed is told in any case.
            poll.register(self.sock, select.POLLIN if is_endless else 0)
            is_over = bool(poll.poll(seconds * 1000))
        else:
            is_over = bool(select.select([self.sock], [], [], seconds)[0])
        if is_over:
            raise EndOfScript


@dataclass(frozen=True)
class Send:
    """Send all at once."""

    data: bytes

    def __call__(self, connection: Connection) -> None:
        connection.sock.sendall(self.data)


@dataclass(frozen=True)
class Drip:
    """Send a byte at a time."""

    data: bytes
    interval: float = 0.04

    def __call__(self, connection: Connection) -> None:
        for byte in self.data:
            connection.sock.sendall(bytes([byte]))
            connection.wait(self.interval)


@dataclass(frozen=True)
class Stall:
    """Do nothing, for so many seconds or until the connection ends."""

    seconds: float = PATIENCE

    def __call__(self, connection: Connection) -> None:
        connection.wait(self.seconds)


@dataclass(frozen=True)
class Close:
    """End the connection in order."""

    def __call__(self, connection: Connection) -> None:
        raise EndOfScript


@dataclass(frozen=True)
class Reset:
    """Drop the connection with a TCP reset."""

    def __call__(self, connection: Connection) -> None:
        linger = struct.pack("hh" if sys.platform == "win32" else "ii", 1, 0)
        connection.sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
        connection.sock.close()
        raise EndOfScript
