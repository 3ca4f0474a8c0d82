"""The pool beneath httpx: a stack of httpcore connections to one origin, each with a deadline.

httpx's own pool walks over all its connections for each request. This one takes the connection that
was used last, so a call costs the same beside 1 and beside 500 others.
"""

import re
import ssl
import time
from abc import ABC, abstractmethod
from collections.abc import AsyncIterator, Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import partial
from math import inf
from typing import Any, Generic, Self, TypeAlias, TypeVar

import anyio
import h11
import httpcore

from ai_gate._call.exchange import Deadline
from ai_gate._config import LONGEST_TIMEOUT
from ai_gate._http import head
from ai_gate._http.idle_stack import IdleStack
from ai_gate._http.network import (
    AT_ONCE,
    AsyncNetworkBackend,
    AsyncNetworkStream,
    Attempt,
    NetworkBackend,
    NetworkStream,
    StaleConnectionError,
    Wire,
)
from ai_gate._http.tls import shared_context
from ai_gate._signals import is_of_the_app

C = TypeVar("C", bound="Connection | AsyncConnection")
H = TypeVar(
    "H",
    bound=httpcore.HTTPConnection
    | httpcore.AsyncHTTPConnection
    | httpcore.ConnectionPool
    | httpcore.AsyncConnectionPool,
)

Headers: TypeAlias = list[tuple[bytes, bytes]]

ATTEMPT = "ai_gate_attempt"
"""The name of the request's extension that has the attempt."""

KEEP_ALIVE_TIMEOUT = re.compile(rb"(?i)\btimeout=(\d{1,9})")


def nothing_follows(received: bytes, status: int, fields: Mapping[bytes, bytes]) -> bool:
    """Return True if it is certain that a response was all that came.

    What came behind it stays in the connection's buffer and would be read as the next response,
    which is somebody else's session.

    Args:
        received: All that came since the request was sent.
        status: The status of the response.
        fields: Its headers, with their names in small letters.
    """
    length = b"0" if status in (204, 304) else fields.get(b"content-length", b"")
    end = head.END.search(received)
    is_simple = end and length.isdigit() and b"transfer-encoding" not in fields
    if end and is_simple and received.startswith(b"HTTP/1.1 %d" % status):
        return len(received) - end.end() == int(length)
    return _nothing_follows_for_h11(received)


def _nothing_follows_for_h11(received: bytes) -> bool:
    """Read a response once more, chunked or after an interim one, to see if it was all.

    httpcore doesn't tell what its own h11 holds.
    """
    reader = h11.Connection(h11.CLIENT)
    reader.send(h11.Request(method="GET", target="/", headers=[("host", "gate")]))
    reader.send(h11.EndOfMessage())
    reader.receive_data(received)
    try:
        while not isinstance(event := reader.next_event(), h11.EndOfMessage):
            if event is h11.NEED_DATA or event is h11.PAUSED:
                return False
    except h11.RemoteProtocolError:
        return False
    return reader.trailing_data[0] == b""


def _tls(url: httpcore.URL) -> ssl.SSLContext | None:
    if url.scheme != b"https":
        return None
    try:
        return shared_context()
    except OSError as error:
        if is_of_the_app(error):
            raise
        raise httpcore.ConnectError(f"The CA certificates can't be read: {error}") from error


def _attempt(request: httpcore.Request) -> Attempt:
    """Return the attempt of a request; one of its own if what wraps httpx made the request anew."""
    attempt = request.extensions.get(ATTEMPT)
    if isinstance(attempt, Attempt):
        return attempt
    seconds = request.extensions.get("timeout", {}).get("read")
    return Attempt(Deadline(LONGEST_TIMEOUT if seconds is None else seconds))


def _keep_alive(fields: Mapping[bytes, bytes]) -> float:
    """Return how long the server keeps an idle connection, in seconds (RFC 2068, 19.7.1.1).

    Its last second isn't used, since the server can close it while a request is under way.
    """
    stated = KEEP_ALIVE_TIMEOUT.search(fields.get(b"keep-alive", b""))
    return int(stated[1]) - 1.0 if stated else inf


def _greetings(url: httpcore.URL, proxy: httpcore.Proxy | None) -> int:
    """Return how many messages a SOCKS proxy gets before a request: method, password, address."""
    if proxy is None or not proxy.url.scheme.startswith(b"socks") or url.scheme == b"https":
        return 0
    return 3 if proxy.auth else 2


class _Connection(Generic[H]):
    """A connection to the gate, or through a proxy.

    Through a proxy it is an httpcore pool of one, because httpcore's classes of such connections
    aren't public.
    """

    http: H

    def __init__(self, url: httpcore.URL, proxy: httpcore.Proxy | None) -> None:
        schemes = (url.scheme, proxy.url.scheme if proxy else b"")
        self.wire = Wire(handshakes=schemes.count(b"https"), greetings=_greetings(url, proxy))
        self.usable_until = 0.0
        """When the server closes the idle connection, by the monotonic clock."""

    def is_usable(self, url: httpcore.URL) -> bool:
        """Return True if the connection is open and leads to the origin of a URL."""
        links = self._links()
        return time.monotonic() < self.usable_until and not any(
            link.has_expired() or not link.can_handle_request(url.origin) for link in links
        )

    def rest(self, status: int, headers: Headers) -> bool:
        """Become idle after a response. Return False if the next request can't be sent then.

        What comes later is found when the connection is used again.
        """
        links, fields = self._links(), {name.lower(): value for name, value in headers}
        is_reusable = (
            bool(links)
            and all(link.is_idle() for link in links)
            and not self.wire.is_cut
            and not self.wire.is_unfinished
            and not self.wire.head.is_mended
            and nothing_follows(bytes(self.wire.received), status, fields)
        )
        if is_reusable:
            self.wire.attempt.abandon = None
            self.usable_until = time.monotonic() + _keep_alive(fields)
            # An idle connection holds nobody's session, nor the project ID of a request.
            self.wire.forget()
            self.wire.attempt = Attempt(Deadline(0.0))
        return is_reusable

    def discard(self) -> None:
        """Close the connection, and leave the attempt what came: a session in it is billed."""
        # Until something of the request is written, it is a proxy that responds.
        if self.wire.attempt.written:
            self.wire.attempt.received = bytes(self.wire.received)
        self.close()

    def close(self) -> None:
        """Close the socket, whatever the connection is doing, in any event loop or none."""
        if self.wire.stream is not None:
            self.wire.stream.close_socket()

    @contextmanager
    def _to_the_silence(self) -> Iterator[None]:
        """End quietly once nothing more comes, unless the call's time is over too."""
        try:
            yield
        except (httpcore.ReadError, httpcore.ReadTimeout):
            if self.wire.attempt.deadline.left() <= 0:
                raise

    def _links(self) -> Sequence[httpcore.ConnectionInterface | httpcore.AsyncConnectionInterface]:
        """Return the connection itself, or the one that a proxied connection's pool holds."""
        if isinstance(self.http, httpcore.ConnectionPool | httpcore.AsyncConnectionPool):
            return self.http.connections
        return [self.http]


class Connection(_Connection[httpcore.HTTPConnection | httpcore.ConnectionPool]):
    """A connection of the sync side."""

    def __init__(self, url: httpcore.URL, proxy: httpcore.Proxy | None) -> None:
        super().__init__(url, proxy)
        network = NetworkBackend(self.wire)
        if proxy is None:
            self.http = httpcore.HTTPConnection(url.origin, _tls(url), network_backend=network)
        else:
            self.http = httpcore.ConnectionPool(
                _tls(url), proxy, max_connections=1, network_backend=network
            )

    def read_on(self) -> None:
        """Read the rest of what h11 refuses, as far as its head tells how much there is."""
        with self._to_the_silence():
            while self.wire.expects_more() and isinstance(self.wire.stream, NetworkStream):
                if not self.wire.stream.read(AT_ONCE):
                    return


class AsyncConnection(_Connection[httpcore.AsyncHTTPConnection | httpcore.AsyncConnectionPool]):
    """A connection of the async side."""

    def __init__(self, url: httpcore.URL, proxy: httpcore.Proxy | None) -> None:
        super().__init__(url, proxy)
        network = AsyncNetworkBackend(self.wire)
        if proxy is None:
            self.http = httpcore.AsyncHTTPConnection(url.origin, _tls(url), network_backend=network)
        else:
            self.http = httpcore.AsyncConnectionPool(
                _tls(url), proxy, max_connections=1, network_backend=network
            )

    async def read_on(self) -> None:
        """Read the rest of what h11 refuses, as far as its head tells how much there is."""
        with self._to_the_silence():
            while self.wire.expects_more() and isinstance(self.wire.stream, AsyncNetworkStream):
                if not await self.wire.stream.read(AT_ONCE):
                    return


class _Pool(ABC, Generic[C]):
    """The connections of one client in one process and, async, one event loop."""

    def __init__(self, proxy: httpcore.Proxy | None = None) -> None:
        self._proxy = proxy
        self._idle: IdleStack[C] = IdleStack()
        self._closed = False

    @property
    def idle(self) -> int:
        """The number of idle connections."""
        return len(self._idle)

    def _release(self, connection: C, response: httpcore.Response) -> Callable[[], None]:
        """Return what ends the exchange of a response, which it doesn't keep."""
        return partial(self.release, connection, response.status, response.headers)

    def release(self, connection: C, status: int, headers: Headers) -> None:
        """Keep a connection for the next call, if it can be used again."""
        if self._closed or not connection.rest(status, headers):
            connection.discard()
        else:
            self._idle.put(connection)
            self._close_if_closed_meanwhile()

    def _close_if_closed_meanwhile(self) -> None:
        # Another thread can have closed the pool since it was looked at.
        if self._closed:
            self.close_idle()

    def close_idle(self) -> None:
        """Close the idle connections now and the others when their calls end."""
        self._closed = True
        for connection in self._idle.drain():
            connection.close()

    def _begin(self, request: httpcore.Request) -> C:
        """Take a connection for a request, whose extensions hold the attempt."""
        attempt = _attempt(request)
        connection = self._take(request.url, attempt)
        attempt.abandon = connection.close
        connection.wire.begin(attempt)
        return connection

    def _take(self, url: httpcore.URL, attempt: Attempt) -> C:
        for expired in self._idle.expired():
            expired.close()
        while not attempt.is_after_a_loss and (connection := self._idle.take()) is not None:
            if connection.is_usable(url):
                return connection
            connection.close()
        return self._connection(url)

    @abstractmethod
    def _connection(self, url: httpcore.URL) -> C:
        """Return a new connection."""


class Pool(_Pool[Connection]):
    """Sends requests over connections of its own, as `httpx.HTTPTransport` uses httpcore's pool."""

    def handle_request(self, request: httpcore.Request) -> httpcore.Response:
        """Send a request and return the response, its body still to be read."""
        connection = self._begin(request)
        try:
            response = connection.http.handle_request(request)
        except StaleConnectionError:
            connection.close()
            return self.handle_request(request)
        except httpcore.RemoteProtocolError as refusal:
            connection.wire.refusal = refusal
        else:
            release = self._release(connection, response)
            response.stream = ResponseBody(response.stream, connection, release)
            return response
        # Behind `except`: what ends the reading would have the refusal, which quotes what came, as
        # its context.
        try:
            connection.read_on()
        finally:
            connection.discard()
        raise connection.wire.refused()

    def close(self) -> None:
        """Close the idle connections now and the others when their calls end."""
        self.close_idle()

    def _connection(self, url: httpcore.URL) -> Connection:
        return Connection(url, self._proxy)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


class AsyncPool(_Pool[AsyncConnection]):
    """Sends requests over connections of its own, in one event loop.

    It takes the place of httpcore's pool in `httpx.AsyncHTTPTransport`.
    """

    async def handle_async_request(self, request: httpcore.Request) -> httpcore.Response:
        """Send a request and return the response, its body still to be read."""
        connection = self._begin(request)
        try:
            response = await connection.http.handle_async_request(request)
        except StaleConnectionError:
            connection.close()
            return await self.handle_async_request(request)
        except httpcore.RemoteProtocolError as refusal:
            connection.wire.refusal = refusal
        else:
            release = self._release(connection, response)
            response.stream = AsyncResponseBody(response.stream, connection, release)
            return response
        try:
            await connection.read_on()
        finally:
            connection.discard()
        raise connection.wire.refused()

    async def aclose(self) -> None:
        """Close the idle connections now and the others when their calls end."""
        self.close_idle()

    def _connection(self, url: httpcore.URL) -> AsyncConnection:
        return AsyncConnection(url, self._proxy)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.aclose()


class _ResponseBody(Generic[C]):
    """The body of a response, which gives its connection back when closed.

    It takes the place of httpcore's in the response, which costs less than a second response.
    """

    def __init__(self, stream: Any, connection: C, release: Callable[[], None]) -> None:
        self._stream = stream
        self._connection = connection
        self._release = release


class ResponseBody(_ResponseBody[Connection]):
    """The body of a response of the sync side."""

    def __iter__(self) -> Iterator[bytes]:
        try:
            yield from self._stream
            return
        except httpcore.RemoteProtocolError as refusal:
            self._connection.wire.refusal = refusal
        self._connection.read_on()
        raise self._connection.wire.refused()

    def close(self) -> None:
        """End the exchange."""
        self._stream.close()
        self._release()


class AsyncResponseBody(_ResponseBody[AsyncConnection]):
    """The body of a response of the async side."""

    async def __aiter__(self) -> AsyncIterator[bytes]:
        try:
            async for chunk in self._stream:
                yield chunk
                # What shows the variables of a failure would show a session.
                del chunk
            return
        except httpcore.RemoteProtocolError as refusal:
            self._connection.wire.refusal = refusal
        await self._connection.read_on()
        raise self._connection.wire.refused()

    async def aclose(self) -> None:
        """End the exchange, also while the caller is being cancelled."""
        with anyio.CancelScope(shield=True):
            await self._stream.aclose()
        self._release()
