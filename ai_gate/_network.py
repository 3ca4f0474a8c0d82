"""httpcore network backends that give each step only what is left of the call's time.

httpcore's own timeouts bound each read and each write, so a server that sends a byte now and then
could hold a caller for ever.
"""

import socket
import ssl
from collections.abc import Callable, Iterable, Iterator
from typing import Any, TypeAlias, cast

import anyio
import httpcore

from ai_gate._deadline import Deadline

SocketOptions: TypeAlias = Iterable[httpcore.SOCKET_OPTION] | None

PIECE = 16_384
"""The bytes written in one step, a TLS record: httpcore gives each partial write the time anew."""
LONGEST_KEPT = 65_536
"""The size of an answer, in bytes, above which its connection is closed; the gate's have 2 KB."""


class Wire:
    """What the steps of one connection share: the call's deadline, and the bytes of its answer."""

    def __init__(self) -> None:
        self._deadline = Deadline(0.0)
        self.received = bytearray()
        """What came since the call began, up to a little more than `LONGEST_KEPT`."""

    def begin(self, deadline: Deadline) -> None:
        """Begin a call."""
        self._deadline = deadline
        self.forget()

    def forget(self) -> None:
        """Forget what came: it isn't part of the answer."""
        self.received.clear()

    def note(self, data: bytes) -> None:
        """Note what came."""
        if len(self.received) <= LONGEST_KEPT:
            self.received += data

    def left(self, too_late: Callable[[], Exception]) -> float:
        """The seconds that are left.

        Raises:
            Exception: What `too_late` makes, where none are.
        """
        seconds = self._deadline.left()
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
    """Reads and writes through httpcore's stream in the time that is left."""

    def __init__(self, stream: httpcore.NetworkStream, wire: Wire) -> None:
        self._stream = stream
        self._wire = wire

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        """Read what has come."""
        data = self._stream.read(max_bytes, self._wire.left(httpcore.ReadTimeout))
        self._wire.note(data)
        return data

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        """Write all of a buffer."""
        for piece in _pieces(buffer):
            self._stream.write(piece, self._wire.left(httpcore.WriteTimeout))

    def close(self) -> None:
        """Close the socket."""
        self._stream.close()

    def start_tls(
        self,
        ssl_context: ssl.SSLContext,
        server_hostname: str | None = None,
        timeout: float | None = None,
    ) -> httpcore.NetworkStream:
        """Shake hands, after a proxy has answered where there is one."""
        self._wire.forget()
        seconds = self._wire.left(httpcore.ConnectTimeout)
        stream = self._stream.start_tls(ssl_context, server_hostname, seconds)
        return NetworkStream(stream, self._wire)

    def get_extra_info(self, info: str) -> Any:
        """Tell about the socket."""
        return self._stream.get_extra_info(info)


class AsyncNetworkBackend(httpcore.AsyncNetworkBackend):
    """Connects through httpcore's AnyIO backend, asyncio and trio, in the time that is left."""

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
        seconds = self._wire.left(httpcore.ConnectTimeout)
        try:
            stream = await self._backend.connect_tcp(
                host, port, seconds, local_address, socket_options
            )
        except ValueError as error:
            # anyio's for a host without an address, and a UnicodeError for one that can't be asked.
            raise httpcore.ConnectError(f"{host}: {error}") from error
        return AsyncNetworkStream(stream, self._wire)


class AsyncNetworkStream(httpcore.AsyncNetworkStream):
    """Reads and writes through httpcore's stream in the time that is left."""

    def __init__(self, stream: httpcore.AsyncNetworkStream, wire: Wire) -> None:
        self._stream = stream
        self._wire = wire

    async def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        """Read what has come."""
        data = await self._stream.read(max_bytes, self._wire.left(httpcore.ReadTimeout))
        self._wire.note(data)
        return data

    async def write(self, buffer: bytes, timeout: float | None = None) -> None:
        """Write all of a buffer."""
        await self._stream.write(buffer, self._wire.left(httpcore.WriteTimeout))

    async def aclose(self) -> None:
        """Close the socket."""
        await self._stream.aclose()

    async def start_tls(
        self,
        ssl_context: ssl.SSLContext,
        server_hostname: str | None = None,
        timeout: float | None = None,
    ) -> httpcore.AsyncNetworkStream:
        """Shake hands, after a proxy has answered where there is one."""
        self._wire.forget()
        seconds = self._wire.left(httpcore.ConnectTimeout)
        try:
            stream = await self._stream.start_tls(ssl_context, server_hostname, seconds)
        except BaseException:
            with anyio.CancelScope(shield=True):
                await self._stream.aclose()
            raise
        return AsyncNetworkStream(stream, self._wire)

    def get_extra_info(self, info: str) -> Any:
        """Tell about the socket."""
        return self._stream.get_extra_info(info)
