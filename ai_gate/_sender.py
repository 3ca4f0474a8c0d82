"""Who sends the requests: connections of the SDK's own, or an httpx client."""

from abc import ABC, abstractmethod
from collections.abc import Awaitable, Callable
from typing import Any, Generic, TypeAlias, TypeVar

import anyio
import httpcore
import httpx
from anyio.lowlevel import current_token

from ai_gate._deadline import Deadline
from ai_gate._exchange import Exchange
from ai_gate._redaction import without_quotes
from ai_gate._transport import AsyncTransport, Transport
from ai_gate._version import __version__
from ai_gate.errors import AIGateError

DEFAULT_HEADERS = {
    "Accept": "application/json",
    "Accept-Encoding": "gzip, deflate",
    "User-Agent": f"ai-gate-python/{__version__}",
}

CORE_NOTHING_SENT = (
    httpcore.ConnectError,
    httpcore.ConnectTimeout,
    httpcore.PoolTimeout,
    httpcore.ProxyError,
    httpcore.UnsupportedProtocol,
)
"""What httpcore raises before the first byte of a request leaves."""

HTTPX_NOTHING_SENT = (
    httpx.ConnectError,
    httpx.ConnectTimeout,
    httpx.PoolTimeout,
    httpx.ProxyError,
    httpx.UnsupportedProtocol,
)
"""The same as httpx names them."""

CONNECT_MARGIN = 0.05
"""How long before the end of a call an httpx client gives up connecting, in seconds at most.

So it is httpx that ends the call, and says of a gate that can't be reached that nothing was sent.
"""
TOO_LATE = "The time of the call is over"

Work: TypeAlias = Callable[[], Awaitable[None]]
T = TypeVar("T", bound=Transport | AsyncTransport)
H = TypeVar("H", bound=httpx.Client | httpx.AsyncClient)


class Sender(ABC):
    """What all senders have in common, without I/O."""

    def build(self, arguments: dict[str, Any], deadline: Deadline) -> httpx.Request:
        """Make the request.

        Raises:
            AIGateError: An argument of the call can't be sent.
        """
        try:
            return self._build(arguments, deadline)
        except (TypeError, ValueError, RecursionError, httpx.InvalidURL) as error:
            raise AIGateError(f"An argument can't be sent, so nothing was sent: {error}") from error

    def record(self, failure: Exception, request: httpx.Request, exchange: Exchange) -> bool:
        """Note what ended an exchange; False where it isn't a failure of the exchange."""
        if exchange.is_whole:
            return True
        # Once the body is being read, no code of the app runs any more.
        if exchange.status is None and not self._is_ours(failure, request):
            return False
        exchange.failure = without_quotes(failure)
        exchange.timed_out = self._timed_out(failure)
        exchange.sent = exchange.status is not None or not self._nothing_sent(failure)
        return True

    @abstractmethod
    def _build(self, arguments: dict[str, Any], deadline: Deadline) -> httpx.Request: ...

    @abstractmethod
    def _is_ours(self, failure: Exception, request: httpx.Request) -> bool: ...

    @abstractmethod
    def _nothing_sent(self, failure: Exception) -> bool: ...

    @abstractmethod
    def _timed_out(self, failure: Exception) -> bool: ...


class _OwnConnections(Sender, Generic[T]):
    def __init__(self, transport: T) -> None:
        self.transport: T = transport

    def _build(self, arguments: dict[str, Any], deadline: Deadline) -> httpx.Request:
        headers = {**DEFAULT_HEADERS, **arguments.get("headers", {})}
        return httpx.Request(**{**arguments, "headers": headers})

    def _is_ours(self, failure: Exception, request: httpx.Request) -> bool:
        return True

    def _nothing_sent(self, failure: Exception) -> bool:
        return isinstance(failure, CORE_NOTHING_SENT)

    def _timed_out(self, failure: Exception) -> bool:
        return isinstance(failure, httpcore.TimeoutException)


class OwnConnections(_OwnConnections[Transport]):
    """Sends through connections of the SDK's own."""

    def send(self, request: httpx.Request, deadline: Deadline) -> httpx.Response:
        """Send a request; the answer's body is still to be read."""
        return self.transport.handle_request(request, deadline)

    def check_time(self, exchange: Exchange, request: httpx.Request, deadline: Deadline) -> None:
        """Do nothing: the connections keep the deadline."""


class AsyncOwnConnections(_OwnConnections[AsyncTransport]):
    """Sends through connections of the SDK's own."""

    async def send(self, request: httpx.Request, deadline: Deadline) -> httpx.Response:
        """Send a request; the answer's body is still to be read."""
        return await self.transport.handle_request(request, deadline)

    async def in_time(self, work: Work, request: httpx.Request, deadline: Deadline) -> None:
        """Do the work; the connections keep the deadline."""
        await work()


class _HttpxClient(Sender, Generic[H]):
    def __init__(self, client: H) -> None:
        self.client: H = client

    def check_open(self) -> None:
        """Raise where the injected client is closed.

        Raises:
            AIGateError: It is.
        """
        if self.client.is_closed:
            raise AIGateError("The http_client is closed: make a new client with an open one.")

    def _build(self, arguments: dict[str, Any], deadline: Deadline) -> httpx.Request:
        self.check_open()
        left = max(deadline.left(), 0.001)
        connect = left - min(CONNECT_MARGIN, 0.1 * left)
        timeout = httpx.Timeout(left, connect=connect, pool=connect)
        return self.client.build_request(**arguments, timeout=timeout)

    def _is_ours(self, failure: Exception, request: httpx.Request) -> bool:
        """Whether the client raised it for this request; else code of the app in the client did."""
        if isinstance(failure, httpx.RequestError):
            try:
                return failure.request is request
            except RuntimeError:
                return False
        if isinstance(failure, httpx.InvalidURL):
            # httpx reads the Location of a redirect even where it doesn't follow.
            return True
        if type(failure).__module__.partition(".")[0] == "aiohttp":
            # Some of its errors httpx-aiohttp lets out as they are.
            return True
        return isinstance(failure, RuntimeError) and self._is_unusable()

    def _is_unusable(self) -> bool:
        """Whether the client can't work any more, which httpx tells by a RuntimeError."""
        return self.client.is_closed

    def _timed_out(self, failure: Exception) -> bool:
        """Whether it was the time; httpx-aiohttp calls any lost connection a connect timeout."""
        if not isinstance(failure, httpx.ConnectTimeout):
            return isinstance(failure, httpx.TimeoutException)
        cause = failure.__cause__
        return cause is None or isinstance(cause, httpcore.TimeoutException | TimeoutError)

    def _nothing_sent(self, failure: Exception) -> bool:
        """Whether it is certain.

        Transports of other libraries name a connection that was lost later a connect error too
        (httpx-aiohttp does), so one that translates another library's error isn't believed; nor is
        one without a cause that a response hook, thus after the answer, can have raised.
        """
        if not isinstance(failure, HTTPX_NOTHING_SENT):
            return False
        if failure.__cause__ is None and failure.__context__ is None:
            return not self.client.event_hooks["response"]
        return isinstance(failure.__cause__, CORE_NOTHING_SENT)


class HttpxClient(_HttpxClient[httpx.Client]):
    """Sends through an injected httpx client."""

    def send(self, request: httpx.Request, deadline: Deadline) -> httpx.Response:
        """Send a request; the answer's body is still to be read."""
        return self.client.send(request, stream=True, follow_redirects=False)

    def check_time(self, exchange: Exchange, request: httpx.Request, deadline: Deadline) -> None:
        """Raise once the deadline has passed and more of the answer is to come.

        Raises:
            httpx.ReadTimeout: It has.
        """
        length = exchange.headers.get("content-length")
        if deadline.left() <= 0 and length != str(len(exchange.body)):
            raise httpx.ReadTimeout(TOO_LATE, request=request)


class AsyncHttpxClient(_HttpxClient[httpx.AsyncClient]):
    """Sends through an injected httpx client."""

    def __init__(self, client: httpx.AsyncClient) -> None:
        super().__init__(client)
        self._loop: object = None

    async def send(self, request: httpx.Request, deadline: Deadline) -> httpx.Response:
        """Send a request; the answer's body is still to be read."""
        self._loop = self._loop or current_token()
        return await self.client.send(request, stream=True, follow_redirects=False)

    async def in_time(self, work: Work, request: httpx.Request, deadline: Deadline) -> None:
        """Do the work, but no longer than until the deadline.

        Raises:
            httpx.ReadTimeout: It wasn't done by then.
        """
        with anyio.move_on_after(deadline.left()) as scope:
            await work()
        if scope.cancelled_caught:
            raise httpx.ReadTimeout(TOO_LATE, request=request)

    def _is_unusable(self) -> bool:
        """Also where its connections belong to another event loop."""
        return super()._is_unusable() or self._loop != current_token()
