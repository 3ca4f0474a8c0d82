"""The pool beneath httpx: a stack of httpcore connections to one origin, each with a deadline.

httpx's own pool walks over all its connections for each request. This one takes the connection that
was used last, so a call costs the same beside 1 and beside 500 others.
"""

import ssl
from collections.abc import AsyncIterator, Iterable, Iterator, Sequence
from types import TracebackType
from typing import Self

import anyio
import httpcore

from ai_gate._http.idle_stack import IdleStack
from ai_gate._http.network import AsyncNetworkBackend, Attempt, NetworkBackend, Wire
from ai_gate._http.tls import shared_context

ATTEMPT = "ai_gate_attempt"
"""The name of the request's extension that has the attempt."""

LAST_CHUNK = b"\r\n0\r\n\r\n"


def nothing_follows(received: bytes, headers: Iterable[tuple[bytes, bytes]]) -> bool:
    """Return True if it is certain that a response was all that came.

    Bytes that came behind it stay in the connection's buffer and would be read as the next
    response, which is somebody else's session. So a connection is kept only if none can be there.

    Args:
        received: All that came since the request was sent.
        headers: The headers of the response.
    """
    _, _, body = received.partition(b"\r\n\r\n")
    fields = {name.lower(): value for name, value in headers}
    if b"transfer-encoding" in fields:
        framed = b"\r\n" + body
        return framed.find(LAST_CHUNK) == len(framed) - len(LAST_CHUNK) >= 0
    length = fields.get(b"content-length", b"0")
    return length.isdigit() and len(body) == int(length)


def _tls(url: httpcore.URL) -> ssl.SSLContext | None:
    if url.scheme != b"https":
        return None
    try:
        return shared_context()
    except OSError as error:
        raise httpcore.ConnectError(f"The CA certificates can't be read: {error}") from error


def _wire(url: httpcore.URL, proxy: httpcore.Proxy | None) -> Wire:
    schemes = (url.scheme, proxy.url.scheme if proxy else b"")
    return Wire(handshakes=schemes.count(b"https"))


class Connection:
    """A connection to the gate, or through a proxy, and what it shares with its network stream."""

    def __init__(self, url: httpcore.URL, proxy: httpcore.Proxy | None) -> None:
        self.wire = _wire(url, proxy)
        network = NetworkBackend(self.wire)
        self.http: httpcore.HTTPConnection | httpcore.ConnectionPool
        if proxy is None:
            self.http = httpcore.HTTPConnection(url.origin, _tls(url), network_backend=network)
        else:
            self.http = httpcore.ConnectionPool(
                _tls(url), proxy, max_connections=1, network_backend=network
            )


class AsyncConnection:
    """A connection to the gate, or through a proxy, and what it shares with its network stream."""

    def __init__(self, url: httpcore.URL, proxy: httpcore.Proxy | None) -> None:
        self.wire = _wire(url, proxy)
        network = AsyncNetworkBackend(self.wire)
        self.http: httpcore.AsyncHTTPConnection | httpcore.AsyncConnectionPool
        if proxy is None:
            self.http = httpcore.AsyncHTTPConnection(url.origin, _tls(url), network_backend=network)
        else:
            self.http = httpcore.AsyncConnectionPool(
                _tls(url), proxy, max_connections=1, network_backend=network
            )


def _links(
    connection: Connection | AsyncConnection,
) -> Sequence[httpcore.ConnectionInterface | httpcore.AsyncConnectionInterface]:
    """Return the connection itself, or the one that a proxied connection's pool holds."""
    http = connection.http
    if isinstance(http, httpcore.ConnectionPool | httpcore.AsyncConnectionPool):
        return http.connections
    return [http]


def _is_usable(connection: Connection | AsyncConnection, url: httpcore.URL) -> bool:
    """Return True if a connection is open and leads to the origin of a URL."""
    links = _links(connection)
    return bool(links) and not any(
        link.has_expired() or not link.can_handle_request(url.origin) for link in links
    )


def _is_reusable(connection: Connection | AsyncConnection, response: httpcore.Response) -> bool:
    links = _links(connection)
    is_idle = bool(links) and all(link.is_idle() for link in links)
    return is_idle and nothing_follows(bytes(connection.wire.received), response.headers)


def _begin(connection: Connection | AsyncConnection, request: httpcore.Request) -> None:
    attempt: Attempt = request.extensions[ATTEMPT]
    attempt.is_in_pool = True
    connection.wire.begin(attempt)


class Pool:
    """Sends requests over connections of its own, as `httpx.HTTPTransport` uses httpcore's pool."""

    def __init__(self, proxy: httpcore.Proxy | None = None) -> None:
        self._proxy = proxy
        self._idle: IdleStack[Connection] = IdleStack()
        self._closed = False

    @property
    def idle(self) -> int:
        """The number of idle connections."""
        return len(self._idle)

    def handle_request(self, request: httpcore.Request) -> httpcore.Response:
        """Send a request and return the response, its body still to be read.

        The request's extensions hold the attempt, and with it the deadline.
        """
        connection = self._take(request.url)
        _begin(connection, request)
        response = connection.http.handle_request(request)
        body = ResponseBody(self, connection, response)
        return httpcore.Response(
            response.status,
            headers=response.headers,
            content=body,
            extensions=response.extensions,
        )

    def release(self, connection: Connection, response: httpcore.Response) -> None:
        """Keep a connection for the next call, if it can be used again."""
        if self._closed or not _is_reusable(connection, response):
            connection.http.close()
        else:
            self._idle.put(connection)

    def close(self) -> None:
        """Close the idle connections now and the others when their calls end."""
        self._closed = True
        for connection in self._idle.drain():
            connection.http.close()

    def _take(self, url: httpcore.URL) -> Connection:
        for expired in self._idle.expired():
            expired.http.close()
        while (connection := self._idle.take()) is not None:
            if _is_usable(connection, url):
                return connection
            connection.http.close()
        return Connection(url, self._proxy)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        exc_type: type[BaseException] | None = None,
        exc_value: BaseException | None = None,
        traceback: TracebackType | None = None,
    ) -> None:
        self.close()


class ResponseBody:
    """The body of a response, which gives its connection back when closed."""

    def __init__(self, pool: Pool, connection: Connection, response: httpcore.Response) -> None:
        self._pool = pool
        self._connection = connection
        self._response = response

    def __iter__(self) -> Iterator[bytes]:
        return self._response.iter_stream()

    def close(self) -> None:
        """End the exchange."""
        self._response.close()
        self._pool.release(self._connection, self._response)


class AsyncPool:
    """Sends requests over connections of its own, in one event loop.

    It takes the place of httpcore's pool in `httpx.AsyncHTTPTransport`.
    """

    def __init__(self, proxy: httpcore.Proxy | None = None) -> None:
        self._proxy = proxy
        self._idle: IdleStack[AsyncConnection] = IdleStack()
        self._closed = False

    @property
    def idle(self) -> int:
        """The number of idle connections."""
        return len(self._idle)

    async def handle_async_request(self, request: httpcore.Request) -> httpcore.Response:
        """Send a request and return the response, its body still to be read.

        The request's extensions hold the attempt.
        """
        connection = await self._take(request.url)
        _begin(connection, request)
        response = await connection.http.handle_async_request(request)
        body = AsyncResponseBody(self, connection, response)
        return httpcore.Response(
            response.status,
            headers=response.headers,
            content=body,
            extensions=response.extensions,
        )

    async def release(self, connection: AsyncConnection, response: httpcore.Response) -> None:
        """Keep a connection for the next call, if it can be used again."""
        if self._closed or not _is_reusable(connection, response):
            await connection.http.aclose()
        else:
            self._idle.put(connection)

    async def aclose(self) -> None:
        """Close the idle connections now and the others when their calls end."""
        self._closed = True
        for connection in self._idle.drain():
            await connection.http.aclose()

    async def _take(self, url: httpcore.URL) -> AsyncConnection:
        for expired in self._idle.expired():
            await expired.http.aclose()
        while (connection := self._idle.take()) is not None:
            if _is_usable(connection, url):
                return connection
            await connection.http.aclose()
        return AsyncConnection(url, self._proxy)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        exc_type: type[BaseException] | None = None,
        exc_value: BaseException | None = None,
        traceback: TracebackType | None = None,
    ) -> None:
        await self.aclose()


class AsyncResponseBody:
    """The body of a response, which gives its connection back when closed."""

    def __init__(
        self, pool: AsyncPool, connection: AsyncConnection, response: httpcore.Response
    ) -> None:
        self._pool = pool
        self._connection = connection
        self._response = response

    def __aiter__(self) -> AsyncIterator[bytes]:
        return self._response.aiter_stream()

    async def aclose(self) -> None:
        """End the exchange, also while the caller is being cancelled."""
        try:
            with anyio.CancelScope(shield=True):
                await self._response.aclose()
                await self._pool.release(self._connection, self._response)
        except BaseException:
            with anyio.CancelScope(shield=True):
                await self._connection.http.aclose()
            raise
