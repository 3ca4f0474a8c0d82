"""httpcore network backends that keep the deadline of a call, and know what went over the wire.

httpcore's own timeouts bound each read and each write, so a server that sends a byte now and then
could hold a sync caller for ever. An async call is cancelled at its deadline, so only the sync
side looks at the time here.
"""

import socket
import ssl
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, TypeAlias, cast

import anyio
import httpcore

from ai_gate._call.exchange import Deadline

SocketOptions: TypeAlias = Iterable[httpcore.SOCKET_OPTION] | None

PIECE = 16_384
"""The bytes written in one step, a TLS record: httpcore gives each partial write the time anew."""
LONGEST_KEPT = 65_536
"""The size of a response, in bytes, above which its connection is closed; the gate's have 2 KB."""


@dataclass(slots=True)
class Attempt:
    """One attempt to send a request, which travels to the pool in the request's extensions.

    What wraps httpx can respond to a request before it comes to the pool. The pool then knows
    nothing of it, and the class of an exception is all that tells what happened.
    """

    deadline: Deadline
    is_in_pool: bool = False
    """Whether the request came to our pool."""
    written: bool = False
    """Whether a byte of the request was written, after the handshakes with a proxy and of TLS."""


class Wire:
    """What the streams of one connection share: the attempt, and the bytes of its response.

    Args:
        handshakes: The TLS handshakes that a new connection makes before a request is written:
            with the proxy, if its URL is https, and with the gate, if its is. What is written
            earlier, such as CONNECT, isn't part of a request.
    """

    def __init__(self, handshakes: int) -> None:
        self._handshakes = handshakes
        self._handshakes_left = handshakes
        self._attempt = Attempt(Deadline(0.0))
        self.received = bytearray()
        """What came since the request was sent, up to a little more than `LONGEST_KEPT`."""

    def begin(self, attempt: Attempt) -> None:
        """Begin an attempt."""
        self._attempt = attempt
        self.received.clear()

    def note_connect(self) -> None:
        """Note that a socket was connected."""
        self._handshakes_left = self._handshakes

    def note_handshake(self) -> None:
        """Note that a TLS handshake is done; what came before it isn't part of a response."""
        self._handshakes_left -= 1
        self.received.clear()

    def note_write(self) -> None:
        """Note that bytes are about to be written."""
        if self._handshakes_left <= 0:
            self._attempt.written = True

    def note_read(self, data: bytes) -> None:
        """Note what came."""
        if len(self.received) <= LONGEST_KEPT:
            self.received += data

    def left(self, too_late: Callable[[], Exception]) -> float:
        """Return the seconds that are left of the call's time.

        Raises:
            Exception: What `too_late` makes, if none are.
        """
        seconds = self._attempt.deadline.left()
        if seconds <= 0:
            raise too_late()
        return seconds


class NetworkBackend(httpcore.NetworkBackend):
    """Connects through httpcore's backend in the time that is left."""

    def __init__(self, wire: Wire) -> None:
        self._wire = wire
        self._backend = httpcore.SyncBackend()

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: SocketOptions = None,
    ) -> httpcore.NetworkStream:
        """Try the host's addresses one after another, each with an equal share of the time left.

        Left to itself, the standard library gives each address the whole time.
        """
        addresses = _resolve(host, port)
        for index, address in enumerate(addresses):
            share = self._wire.left(httpcore.ConnectTimeout) / (len(addresses) - index)
            try:
                stream = self._backend.connect_tcp(
                    address, port, share, local_address, socket_options
                )
                self._wire.note_connect()
                return NetworkStream(stream, self._wire)
            except (httpcore.ConnectError, httpcore.ConnectTimeout):
                if index == len(addresses) - 1:
                    raise
        raise httpcore.ConnectError(f"{host} has no address")


def _resolve(host: str, port: int) -> list[str]:
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError) as error:
        raise httpcore.ConnectError(f"{host}: {error}") from error
    return list(dict.fromkeys(str(address[0]) for *_, address in found))


def _pieces(buffer: bytes) -> Iterator[bytes]:
    for start in range(0, len(buffer), PIECE):
        yield buffer[start : start + PIECE]


class NetworkStream(httpcore.NetworkStream):
    """Reads and writes through httpcore's stream in the time that is left.

    httpcore writes the head and the body of a request apart. They leave together when the response
    is read, which saves a system call and, over TLS, a record.
    """

    def __init__(self, stream: httpcore.NetworkStream, wire: Wire) -> None:
        self._stream = stream
        self._wire = wire
        self._unwritten = bytearray()

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        """Write what waits, and read what has come."""
        if self._unwritten:
            # As httpcore does it: a server can hang up early and still have responded.
            with suppress(httpcore.WriteError):
                self._write()
        data = self._stream.read(max_bytes, self._wire.left(httpcore.ReadTimeout))
        self._wire.note_read(data)
        return data

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        """Let a buffer wait until the response is read."""
        self._unwritten += buffer

    def _write(self) -> None:
        buffer, self._unwritten = bytes(self._unwritten), bytearray()
        for piece in _pieces(buffer):
            seconds = self._wire.left(httpcore.WriteTimeout)
            self._wire.note_write()
            self._stream.write(piece, seconds)

    def close(self) -> None:
        """Close the socket."""
        self._stream.close()

    def start_tls(
        self,
        ssl_context: ssl.SSLContext,
        server_hostname: str | None = None,
        timeout: float | None = None,
    ) -> httpcore.NetworkStream:
        """Shake hands, after a proxy has responded if there is one."""
        seconds = self._wire.left(httpcore.ConnectTimeout)
        stream = self._stream.start_tls(ssl_context, server_hostname, seconds)
        self._wire.note_handshake()
        return NetworkStream(stream, self._wire)

    def get_extra_info(self, info: str) -> Any:
        """Tell about the socket."""
        return self._stream.get_extra_info(info)


class AsyncNetworkBackend(httpcore.AsyncNetworkBackend):
    """Connects through httpcore's AnyIO backend, asyncio and trio."""

    def __init__(self, wire: Wire) -> None:
        self._wire = wire
        self._backend = cast(httpcore.AsyncNetworkBackend, httpcore.AnyIOBackend())

    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: SocketOptions = None,
    ) -> httpcore.AsyncNetworkStream:
        """Race the host's addresses (Happy Eyeballs, RFC 6555)."""
        try:
            stream = await self._backend.connect_tcp(
                host, port, None, local_address, socket_options
            )
        except ValueError as error:
            # anyio's for a host without an address, and a UnicodeError for one that can't be asked.
            raise httpcore.ConnectError(f"{host}: {error}") from error
        self._wire.note_connect()
        return AsyncNetworkStream(stream, self._wire)


class AsyncNetworkStream(httpcore.AsyncNetworkStream):
    """Reads and writes through httpcore's stream, head and body of a request together."""

    def __init__(self, stream: httpcore.AsyncNetworkStream, wire: Wire) -> None:
        self._stream = stream
        self._wire = wire
        self._unwritten = bytearray()

    async def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        """Write what waits, and read what has come."""
        if self._unwritten:
            # As httpcore does it: a server can hang up early and still have responded.
            with suppress(httpcore.WriteError):
                await self._write()
        data = await self._stream.read(max_bytes, None)
        self._wire.note_read(data)
        return data

    async def write(self, buffer: bytes, timeout: float | None = None) -> None:
        """Let a buffer wait until the response is read."""
        self._unwritten += buffer

    async def _write(self) -> None:
        buffer, self._unwritten = bytes(self._unwritten), bytearray()
        self._wire.note_write()
        await self._stream.write(buffer, None)

    async def aclose(self) -> None:
        """Close the socket."""
        await self._stream.aclose()

    async def start_tls(
        self,
        ssl_context: ssl.SSLContext,
        server_hostname: str | None = None,
        timeout: float | None = None,
    ) -> httpcore.AsyncNetworkStream:
        """Shake hands, after a proxy has responded if there is one."""
        try:
            stream = await self._stream.start_tls(ssl_context, server_hostname, None)
        except BaseException:
            # httpcore leaves the socket open if the handshake is cancelled.
            with anyio.CancelScope(shield=True):
                await self._stream.aclose()
            raise
        self._wire.note_handshake()
        return AsyncNetworkStream(stream, self._wire)

    def get_extra_info(self, info: str) -> Any:
        """Tell about the socket."""
        return self._stream.get_extra_info(info)
