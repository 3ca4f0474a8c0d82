"""The SDK's own connections: a stack of httpcore connections, each with a deadline.

httpx's pool walks over all its connections for each request. This takes the one that was used last,
so a call costs the same beside 1 and beside 500 others.
"""

import ssl
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from typing import Self

import httpcore
import httpx

from ai_gate._deadline import Deadline
from ai_gate._framing import nothing_follows
from ai_gate._idle import IdleStack
from ai_gate._network import AsyncNetworkBackend, NetworkBackend, Wire
from ai_gate._tls import shared_context


def _origin(url: httpx.URL) -> httpcore.Origin:
    default = {"http": 80, "https": 443}[url.scheme]
    return httpcore.Origin(url.raw_scheme, url.raw_host, url.port or default)


def _tls(url: httpx.URL) -> ssl.SSLContext | None:
    if url.scheme != "https":
        return None
    try:
        return shared_context()
    except OSError as error:
        raise httpcore.ConnectError(f"The CA certificates can't be read: {error}") from error


def _on_the_wire(request: httpx.Request) -> httpcore.Request:
    url = httpcore.URL(
        scheme=request.url.raw_scheme,
        host=request.url.raw_host,
        port=request.url.port,
        target=request.url.raw_path,
    )
    body = RequestBody(request.content)
    return httpcore.Request(request.method, url, headers=request.headers.raw, content=body)


class RequestBody:
    """A body in one piece.

    No generator, because trio complains of an async one that sending didn't exhaust.
    """

    def __init__(self, content: bytes) -> None:
        self._pieces = iter((content,))

    def __iter__(self) -> Iterator[bytes]:
        return self._pieces

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> bytes:
        for piece in self._pieces:
            return piece
        raise StopAsyncIteration


@dataclass(slots=True)
class Connection:
    """A connection and what it shares with its network stream."""

    http: httpcore.HTTPConnection
    wire: Wire


@dataclass(slots=True)
class AsyncConnection:
    """A connection and what it shares with its network stream."""

    http: httpcore.AsyncHTTPConnection
    wire: Wire


def _reusable(connection: Connection | AsyncConnection, response: httpcore.Response) -> bool:
    return connection.http.is_idle() and nothing_follows(
        bytes(connection.wire.received), response.headers
    )


class Transport:
    """Sends requests to one origin over connections of its own."""

    def __init__(self, base_url: httpx.URL) -> None:
        self._base_url = base_url
        self._idle: IdleStack[Connection] = IdleStack()
        self._closed = False

    @property
    def idle(self) -> int:
        """The number of idle connections."""
        return len(self._idle)

    def handle_request(self, request: httpx.Request, deadline: Deadline) -> httpx.Response:
        """Send a request and return the answer, its body still to be read, before the deadline."""
        connection = self._take()
        connection.wire.begin(deadline)
        response = connection.http.handle_request(_on_the_wire(request))
        return httpx.Response(
            response.status,
            headers=response.headers,
            stream=ResponseBody(self, connection, response),
            request=request,
        )

    def release(self, connection: Connection, response: httpcore.Response) -> None:
        """Keep a connection for the next call, where it can be used again."""
        if self._closed or not _reusable(connection, response):
            connection.http.close()
        else:
            self._idle.put(connection)

    def close(self) -> None:
        """Close the idle connections now and the others when their calls end."""
        self._closed = True
        for connection in self._idle.drain():
            connection.http.close()

    def _take(self) -> Connection:
        for expired in self._idle.expired():
            expired.http.close()
        while (connection := self._idle.take()) is not None:
            if not connection.http.has_expired():
                return connection
            connection.http.close()
        return self._new()

    def _new(self) -> Connection:
        wire = Wire()
        http = httpcore.HTTPConnection(
            _origin(self._base_url),
            ssl_context=_tls(self._base_url),
            network_backend=NetworkBackend(wire),
        )
        return Connection(http, wire)


class ResponseBody(httpx.SyncByteStream):
    """The body of an answer, which gives its connection back when closed."""

    def __init__(
        self, transport: Transport, connection: Connection, response: httpcore.Response
    ) -> None:
        self._transport = transport
        self._connection = connection
        self._response = response

    def __iter__(self) -> Iterator[bytes]:
        return self._response.iter_stream()

    def close(self) -> None:
        """End the exchange."""
        self._response.close()
        self._transport.release(self._connection, self._response)


class AsyncTransport:
    """Sends requests to one origin over connections of its own, in one event loop."""

    def __init__(self, base_url: httpx.URL) -> None:
        self._base_url = base_url
        self._idle: IdleStack[AsyncConnection] = IdleStack()
        self._closed = False

    @property
    def idle(self) -> int:
        """The number of idle connections."""
        return len(self._idle)

    async def handle_request(self, request: httpx.Request, deadline: Deadline) -> httpx.Response:
        """Send a request and return the answer, its body still to be read, before the deadline."""
        connection = await self._take()
        connection.wire.begin(deadline)
        response = await connection.http.handle_async_request(_on_the_wire(request))
        return httpx.Response(
            response.status,
            headers=response.headers,
            stream=AsyncResponseBody(self, connection, response),
            request=request,
        )

    async def release(self, connection: AsyncConnection, response: httpcore.Response) -> None:
        """Keep a connection for the next call, where it can be used again."""
        if self._closed or not _reusable(connection, response):
            await connection.http.aclose()
        else:
            self._idle.put(connection)

    async def aclose(self) -> None:
        """Close the idle connections now and the others when their calls end."""
        self._closed = True
        for connection in self._idle.drain():
            await connection.http.aclose()

    async def _take(self) -> AsyncConnection:
        for expired in self._idle.expired():
            await expired.http.aclose()
        while (connection := self._idle.take()) is not None:
            if not connection.http.has_expired():
                return connection
            await connection.http.aclose()
        return self._new()

    def _new(self) -> AsyncConnection:
        wire = Wire()
        http = httpcore.AsyncHTTPConnection(
            _origin(self._base_url),
            ssl_context=_tls(self._base_url),
            network_backend=AsyncNetworkBackend(wire),
        )
        return AsyncConnection(http, wire)


class AsyncResponseBody(httpx.AsyncByteStream):
    """The body of an answer, which gives its connection back when closed."""

    def __init__(
        self,
        transport: AsyncTransport,
        connection: AsyncConnection,
        response: httpcore.Response,
    ) -> None:
        self._transport = transport
        self._connection = connection
        self._response = response

    def __aiter__(self) -> AsyncIterator[bytes]:
        return self._response.aiter_stream()

    async def aclose(self) -> None:
        """End the exchange."""
        await self._response.aclose()
        await self._transport.release(self._connection, self._response)
