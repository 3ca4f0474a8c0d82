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


class Timer:
    """The time of the call that a connection is used for."""

    deadline = Deadline(0.0)

    def left(self, too_late: Callable[[], Exception]) -> float:
        """The seconds that are left.

        Raises:
            Exception: What `too_late` makes, where none are.
        """
        seconds = self.deadline.left()
        if seconds <= 0:
            raise too_late()
        return seconds


class NetworkBackend(httpcore.NetworkBackend):
    """Connects through httpcore's backend in the time that is left."""

    def __init__(self, timer: Timer) -> None:
        self._timer = timer
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
            share = self._timer.left(httpcore.ConnectTimeout) / (len(addresses) - index)
            try:
                stream = self._backend.connect_tcp(
                    address, port, share, local_address, socket_options
                )
                return NetworkStream(stream, self._timer)
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

    def __init__(self, stream: httpcore.NetworkStream, timer: Timer) -> None:
        self._stream = stream
        self._timer = timer

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        """Read what has come."""
        return self._stream.read(max_bytes, self._timer.left(httpcore.ReadTimeout))

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        """Write all of a buffer."""
        for piece in _pieces(buffer):
            self._stream.write(piece, self._timer.left(httpcore.WriteTimeout))

    def close(self) -> None:
        """Close the socket."""
        self._stream.close()

    def start_tls(
        self,
        ssl_context: ssl.SSLContext,
        server_hostname: str | None = None,
        timeout: float | None = None,
    ) -> httpcore.NetworkStream:
        """Shake hands."""
        seconds = self._timer.left(httpcore.ConnectTimeout)
        stream = self._stream.start_tls(ssl_context, server_hostname, seconds)
        return NetworkStream(stream, self._timer)

    def get_extra_info(self, info: str) -> Any:
        """Tell about the socket."""
        return self._stream.get_extra_info(info)


class AsyncNetworkBackend(httpcore.AsyncNetworkBackend):
    """Connects through httpcore's AnyIO backend, asyncio and trio, in the time that is left."""

    def __init__(self, timer: Timer) -> None:
        self._timer = timer
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
        seconds = self._timer.left(httpcore.ConnectTimeout)
        try:
            stream = await self._backend.connect_tcp(
                host, port, seconds, local_address, socket_options
            )
        except UnicodeError as error:
            raise httpcore.ConnectError(f"{host}: {error}") from error
        return AsyncNetworkStream(stream, self._timer)


class AsyncNetworkStream(httpcore.AsyncNetworkStream):
    """Reads and writes through httpcore's stream in the time that is left."""

    def __init__(self, stream: httpcore.AsyncNetworkStream, timer: Timer) -> None:
        self._stream = stream
        self._timer = timer

    async def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        """Read what has come."""
        return await self._stream.read(max_bytes, self._timer.left(httpcore.ReadTimeout))

    async def write(self, buffer: bytes, timeout: float | None = None) -> None:
        """Write all of a buffer."""
        await self._stream.write(buffer, self._timer.left(httpcore.WriteTimeout))

    async def aclose(self) -> None:
        """Close the socket."""
        await self._stream.aclose()

    async def start_tls(
        self,
        ssl_context: ssl.SSLContext,
        server_hostname: str | None = None,
        timeout: float | None = None,
    ) -> httpcore.AsyncNetworkStream:
        """Shake hands."""
        seconds = self._timer.left(httpcore.ConnectTimeout)
        try:
            stream = await self._stream.start_tls(ssl_context, server_hostname, seconds)
        except BaseException:
            with anyio.CancelScope(shield=True):
                await self._stream.aclose()
            raise
        return AsyncNetworkStream(stream, self._timer)

    def get_extra_info(self, info: str) -> Any:
        """Tell about the socket."""
        return self._stream.get_extra_info(info)
