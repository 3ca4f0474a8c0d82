"""Whose failure an exception is, and what became of the request."""

from traceback import walk_tb

import httpcore
import httpx

from ai_gate._call.exchange import Exchange
from ai_gate._http.client import AsyncClients, Clients
from ai_gate._http.head import behind_chunks, status_and_body
from ai_gate._http.network import Attempt
from ai_gate._redaction import without_frames, without_quotes
from ai_gate._signals import is_of_a_handler, is_too_early

NOTHING_SENT = (
    httpx.ConnectError,
    httpx.ConnectTimeout,
    httpx.PoolTimeout,
    httpx.ProxyError,
    httpx.UnsupportedProtocol,
)
"""What httpx raises before the first byte of a request leaves."""

CORE_NOTHING_SENT = (
    httpcore.ConnectError,
    httpcore.ConnectTimeout,
    httpcore.PoolTimeout,
    httpcore.ProxyError,
    httpcore.UnsupportedProtocol,
)
"""The same as httpcore names them."""

DISCONNECTED = "Server disconnected without sending a response."
"""httpcore's text for the end of a connection, which it names an error of the protocol."""

TRANSPORT = ("handle_request", "handle_async_request", "iter_raw", "aiter_raw")
"""The functions in which a transport sends a request, or gives a response's body."""

UNEXPECTED = "No response can be found for"
"""How pytest-httpx begins to complain of a request that no response was given for."""


def of_the_app(
    failure: Exception, attempt: Attempt, clients: Clients | AsyncClients
) -> Exception | None:
    """Return what is to be raised because it is no failure of the exchange, or None.

    It is what a hook, a transport, a mock or a signal handler of the app's raised.

    Args:
        failure: What was raised.
        attempt: The request.
        clients: Whose client sent it.
    """
    if not _is_ours(failure, attempt.request, clients):
        return failure
    return _of_a_limit(failure, attempt)


def record(
    failure: Exception,
    attempt: Attempt,
    exchange: Exchange,
    clients: Clients | AsyncClients,
) -> None:
    """Note what ended an exchange, if it wasn't whole.

    Args:
        failure: What was raised, which isn't the app's.
        attempt: The request, and what our pool noted of it.
        exchange: Takes the failure.
        clients: Whose client sent it.
    """
    if exchange.is_whole:
        return
    exchange.failure = shown = without_frames(without_quotes(failure))
    if isinstance(shown, httpx.RequestError) and _request_of(shown) is attempt.request:
        # The URL of a TURN call has the project ID in it.
        url = attempt.request.url.copy_with(query=None)
        shown.request = httpx.Request(attempt.request.method, url)
    exchange.is_unreadable = (
        isinstance(failure.__cause__, httpcore.RemoteProtocolError) and str(failure) != DISCONNECTED
    )
    _keep(attempt.received, exchange)
    exchange.timed_out = _timed_out(failure)
    exchange.sent = exchange.status is not None or not _nothing_sent(failure, attempt, clients)


def _request_of(failure: Exception) -> httpx.Request | None:
    try:
        return failure.request if isinstance(failure, httpx.RequestError) else None
    except RuntimeError:
        return None


def _keep(received: bytes, exchange: Exchange) -> None:
    """Keep what h11 hasn't given out of what came."""
    if exchange.status is None:
        status, body = status_and_body(received)
        if status is not None or exchange.is_unreadable:
            exchange.status, exchange.body[:] = status, body
    else:
        is_chunked = not exchange.refused and "transfer-encoding" in exchange.headers
        rest = behind_chunks(received) if is_chunked else b""
        exchange.is_unreadable = bool(rest)
        exchange.body += rest


def _is_ours(failure: Exception, request: httpx.Request, clients: Clients | AsyncClients) -> bool:
    # httpx tells by a RuntimeError that a client is closed or belongs to another event loop.
    if isinstance(failure, RuntimeError) and clients.is_unusable(failure):
        return True
    return is_of(request, failure, clients) and not _is_unexpected(failure)


def _of_a_limit(failure: BaseException, attempt: Attempt) -> Exception | None:
    """Return what a time limit of the app's raised, if httpcore has taken it for the network's.

    httpcore's pool cuts the cause off, and leaves the context. That of the first exception is what
    the app was handling when it called.
    """
    link: BaseException | None = failure
    left = attempt.deadline.left()
    while link is not None and link is not attempt.handled:
        if isinstance(link, Exception) and _was_caught_by_httpcore(link) and _is_limit(link, left):
            return link
        link = link.__cause__ or link.__context__
    return None


def _is_limit(failure: BaseException, left: float) -> bool:
    if is_of_a_handler(failure):
        return True
    # Beneath an injected client a socket can have less time than the call. What its timeout says
    # is the standard library's then, or it is anyio's and says nothing.
    says_more = str(failure) and not str(failure).endswith("timed out")
    return bool(says_more) and is_too_early(failure, left)


def _was_caught_by_httpcore(failure: BaseException) -> bool:
    outermost = failure.__traceback__ and failure.__traceback__.tb_frame.f_globals.get("__name__")
    return str(outermost).partition(".")[0] == "httpcore"


def _is_unexpected(failure: Exception) -> bool:
    """Return True if pytest-httpx complains of a request that a test didn't expect.

    It does so by a timeout of httpx's. It is no failure of the network, and nothing was sent.
    """
    is_bare = type(failure) is httpx.TimeoutException and failure.__cause__ is None
    return is_bare and str(failure).startswith(UNEXPECTED)


def is_of(request: httpx.Request, failure: Exception, clients: Clients | AsyncClients) -> bool:
    """Return True if httpx, or the library beneath it, raised an exception for a request."""
    if isinstance(failure, httpx.RequestError):
        stated = _request_of(failure)
        # Without one a hook of the app's can have made it, or a mock of `send`.
        return clients.are_ours if stated is None else stated is request
    if isinstance(failure, httpx.InvalidURL):
        # httpx reads the Location of a redirect even if it doesn't follow.
        return True
    # Some of aiohttp's errors httpx-aiohttp lets out as they are, and httpcore those of socksio. A
    # hook of the app's can use aiohttp too.
    is_beneath = type(failure).__module__.partition(".")[0] in ("aiohttp", "socksio")
    frames = walk_tb(failure.__traceback__)
    return is_beneath and any(frame.f_code.co_name in TRANSPORT for frame, _ in frames)


def _timed_out(failure: Exception) -> bool:
    """Return True if it was the time; httpx-aiohttp calls any lost connection a connect timeout."""
    if not isinstance(failure, httpx.ConnectTimeout):
        return isinstance(failure, httpx.TimeoutException)
    cause = failure.__cause__
    return cause is None or isinstance(cause, httpcore.TimeoutException | TimeoutError)


def _nothing_sent(failure: Exception, attempt: Attempt, clients: Clients | AsyncClients) -> bool:
    """Return True if it is certain that nothing of the request was written.

    Our network backend knows. Otherwise only the exception tells: a mock's means what its class
    says. Transports of other libraries name a connection that was lost later a connect error too
    (httpx-aiohttp does), so one that translates another library's error isn't believed; nor is one
    without a cause that a response hook, thus after the response, can have raised.
    """
    if attempt.on_network:
        return not attempt.written
    if isinstance(failure, RuntimeError):
        # A client of ours that was closed meanwhile.
        return clients.are_ours
    if not isinstance(failure, NOTHING_SENT):
        return False
    if clients.are_ours:
        return True
    if failure.__cause__ is None and failure.__context__ is None:
        return not clients.has_response_hooks()
    return isinstance(failure.__cause__, CORE_NOTHING_SENT)
