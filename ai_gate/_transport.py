"""The SDK's own connections: a stack of httpcore connections, each with a deadline.

httpx's pool walks over all its connections for each request. This takes the one that was used last,
so a call costs the same beside 1 and beside 500 others.
"""

import ssl
from collections.abc import AsyncIterator, Iterator, Sequence
from typing import Self

import anyio
import httpcore
import httpx

from ai_gate._config import port_of
from ai_gate._deadline import Deadline
from ai_gate._framing import nothing_follows
from ai_gate._idle import IdleStack
from ai_gate._network import AsyncNetworkBackend, NetworkBackend, Wire
from ai_gate._tls import shared_context


def _origin(url: httpx.URL) -> httpcore.Origin:
    return httpcore.Origin(url.raw_scheme, url.raw_host, port_of(url))


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


class Connection:
    """A connection to the gate, or through a proxy, and what it shares with its network stream."""

    def __init__(self, base_url: httpx.URL, proxy: httpcore.Proxy | None) -> None:
        self.wire = Wire()
        network = NetworkBackend(self.wire)
        tls = _tls(base_url)
        self.http: httpcore.HTTPConnection | httpcore.ConnectionPool
        if proxy is None:
            self.http = httpcore.HTTPConnection(_origin(base_url), tls, network_backend=network)
        else:
            self.http = httpcore.ConnectionPool(
                tls, proxy, max_connections=1, network_backend=network
            )


class AsyncConnection:
    """A connection to the gate, or through a proxy, and what it shares with its network stream."""

    def __init__(self, base_url: httpx.URL, proxy: httpcore.Proxy | None) -> None:
        self.wire = Wire()
        network = AsyncNetworkBackend(self.wire)
        tls = _tls(base_url)
        self.http: httpcore.AsyncHTTPConnection | httpcore.AsyncConnectionPool
        if proxy is None:
            self.http = httpcore.AsyncHTTPConnection(
                _origin(base_url), tls, network_backend=network
            )
        else:
            self.http = httpcore.AsyncConnectionPool(
                tls, proxy, max_connections=1, network_backend=network
            )


def _links(
    connection: Connection | AsyncConnection,
) -> Sequence[httpcore.ConnectionInterface | httpcore.AsyncConnectionInterface]:
    """The connection itself, or the one that a proxied connection's pool holds."""
    http = connection.http
    if isinstance(http, httpcore.ConnectionPool | httpcore.AsyncConnectionPool):
        return http.connections
    return [http]


def _is_alive(connection: Connection | AsyncConnection) -> bool:
    links = _links(connection)
    return bool(links) and not any(link.has_expired() for link in links)


def _is_reusable(connection: Connection | AsyncConnection, response: httpcore.Response) -> bool:
    links = _links(connection)
    is_idle = bool(links) and all(link.is_idle() for link in links)
    return is_idle and nothing_follows(bytes(connection.wire.received), response.headers)


class Transport:
    """Sends requests to one origin over connections of its own."""

    def __init__(self, base_url: httpx.URL, proxy: httpcore.Proxy | None = None) -> None:
        self._base_url = base_url
        self._proxy = proxy
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
        if self._closed or not _is_reusable(connection, response):
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
            if _is_alive(connection):
                return connection
            connection.http.close()
        return Connection(self._base_url, self._proxy)


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

    def __init__(self, base_url: httpx.URL, proxy: httpcore.Proxy | None = None) -> None:
        self._base_url = base_url
        self._proxy = proxy
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
        if self._closed or not _is_reusable(connection, response):
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
            if _is_alive(connection):
                return connection
            await connection.http.aclose()
        return AsyncConnection(self._base_url, self._proxy)


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
        """End the exchange, also where the caller is being cancelled."""
        try:
            with anyio.CancelScope(shield=True):
                await self._response.aclose()
                await self._transport.release(self._connection, self._response)
        except BaseException:
            with anyio.CancelScope(shield=True):
                await self._connection.http.aclose()
            raise
