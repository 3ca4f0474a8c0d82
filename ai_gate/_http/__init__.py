"""How bytes travel: one exchange over an httpx client, built, sent, read, bounded and judged here.

`client` says whose httpx client sends, `pool` is what is beneath ours, and `failure` says whose
failure an exception is.
"""

import sys
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager, suppress

import anyio
import httpx
from anyio.lowlevel import current_token

from ai_gate._call.exchange import MAX_BODY, Deadline, Exchange, Order
from ai_gate._fork import unforked
from ai_gate._http.client import AsyncClients, Clients
from ai_gate._http.decoding import decoded
from ai_gate._http.failure import of_the_app, record
from ai_gate._http.network import Attempt
from ai_gate._http.pool import ATTEMPT
from ai_gate._http.tls import sni
from ai_gate._http.transport import HEADERS
from ai_gate._redaction import without_frames, without_values
from ai_gate._signals import is_of_a_handler
from ai_gate.errors import AIGateError

__all__ = ["AsyncClients", "Clients", "exchange", "exchange_async"]

CONNECT_MARGIN = 0.05
"""How long before the end of a call an app's httpx client gives up connecting, in seconds at most.

So it is httpx that ends the call, and says of a gate that can't be reached that nothing was sent.
"""
IDENTITY = {"Accept-Encoding": "identity"}
BENEATH = ("builtins", "httpx", "httpcore", "h11", "anyio", "aiohttp", "asyncio", "trio", "ssl")
"""Whose exceptions tell that a connection can't be closed; another's is the app's own."""
TOO_LATE = "The time of the call is over"


def exchange(order: Order, clients: Clients) -> Exchange:
    """Send a request after its delay, and read the response until it is whole or the deadline.

    Raises:
        AIGateError: An argument of the call can't be sent, or a client is closed.
        Exception: What isn't a failure of the exchange.
    """
    if order.delay:
        time.sleep(order.delay)
    client = clients.get()
    attempt = _built(client, order)
    result = Exchange(proxy=clients.proxy)
    try:
        _check_begun(attempt)
        response = client.send(
            attempt.request, stream=True, auth=order.auth, follow_redirects=False
        )
        _read(response, result, order.deadline)
    except Exception as failure:
        if passing := of_the_app(failure, attempt, clients):
            raise passing  # noqa: B904
        record(failure, attempt, result, clients)
    finally:
        _leave(attempt, order, clients)
    return result


async def exchange_async(order: Order, clients: AsyncClients) -> Exchange:
    """Send a request after its delay, and read the response until it is whole or the deadline.

    Raises:
        AIGateError: An argument of the call can't be sent, or a client is closed.
        Exception: What isn't a failure of the exchange.
    """
    # anyio imports what it needs of an event loop when it is first asked something in it.
    unforked(current_token)
    if order.delay:
        await anyio.sleep(order.delay)
    if clients.is_unprepared:
        with anyio.move_on_after(order.deadline.left()) as scope:
            await clients.prepare()
        if scope.cancelled_caught:
            # To go on would read the certificates here, in the event loop.
            return Exchange(failure=httpx.ConnectTimeout(TOO_LATE), sent=False, timed_out=True)
    client = clients.get()
    attempt = _built(client, order)
    attempt.request.stream = RequestBody(attempt.request.content)
    result = Exchange(proxy=clients.proxy)
    try:
        with anyio.move_on_after(order.deadline.left()) as scope:
            _check_begun(attempt)
            response = await client.send(
                attempt.request, stream=True, auth=order.auth, follow_redirects=False
            )
            await _read_async(response, result, order.deadline)
        if scope.cancelled_caught:
            raise _too_late(attempt)
    except Exception as failure:
        if passing := of_the_app(failure, attempt, clients):
            raise passing  # noqa: B904
        record(failure, attempt, result, clients)
    finally:
        _leave(attempt, order, clients)
    return result


def _leave(attempt: Attempt, order: Order, clients: Clients | AsyncClients) -> None:
    # Beneath an app's own client nobody tells what was written.
    order.sent = attempt.written or not (attempt.on_network or clients.are_ours)
    # What was raised in a wrapper of httpx can have left the response open.
    if attempt.abandon:
        attempt.abandon()


def _read(response: httpx.Response, result: Exchange, deadline: Deadline) -> None:
    try:
        if _begin(result, response):
            with _to_the_end(result, response, deadline):
                for chunk in response.iter_raw():
                    is_full = _fill(result, chunk)
                    # What shows the variables of a failure would show a session.
                    del chunk
                    if is_full:
                        break
                    _check_time(result, response.request, deadline)
    finally:
        response.close()


async def _read_async(response: httpx.Response, result: Exchange, deadline: Deadline) -> None:
    try:
        if _begin(result, response):
            with _to_the_end(result, response, deadline):
                pieces = response.aiter_raw()
                async for chunk in pieces:
                    is_full = _fill(result, chunk)
                    # What shows the variables of a failure would show a session.
                    del chunk
                    if is_full:
                        await _end_early(response, pieces)
                        break
    finally:
        await response.aclose()


async def _end_early(response: httpx.Response, pieces: AsyncIterator[bytes]) -> None:
    """Close a response before all of it is read.

    To read on then fails, which ends the generators of httpx and httpcore, one within another: trio
    complains of those that are left.
    """
    await response.aclose()
    with suppress(httpx.HTTPError, StopAsyncIteration):
        await anext(pieces)


class RequestBody(httpx.AsyncByteStream):
    """A body in one piece.

    httpx's is an async generator, and trio complains of one that sending didn't exhaust.
    """

    def __init__(self, content: bytes) -> None:
        self._content = content

    def __aiter__(self) -> AsyncIterator[bytes]:
        return _Pieces(self._content)


class _Pieces(AsyncIterator[bytes]):
    def __init__(self, content: bytes) -> None:
        self._pieces = iter((content,))

    async def __anext__(self) -> bytes:
        for piece in self._pieces:
            return piece
        raise StopAsyncIteration


def _built(client: httpx.Client | httpx.AsyncClient, order: Order) -> Attempt:
    """Return an attempt with the request."""
    attempt = Attempt(
        order.deadline,
        may_be_repeated=order.may_be_repeated,
        is_after_a_loss=order.is_after_a_loss,
        handled=sys.exception(),
    )
    left = max(order.deadline.left(), 0.001)
    connect = left - min(CONNECT_MARGIN, 0.1 * left)
    try:
        attempt.request = client.build_request(
            # What comes compressed can't be bounded by the bytes that come.
            **{**order.request, "headers": {**IDENTITY, **order.request.get("headers", {})}},
            # What `httpx.Timeout` would be made into, for less.
            extensions={
                ATTEMPT: attempt,
                "timeout": {"connect": connect, "read": left, "write": left, "pool": connect},
                **sni(order.request["url"]),
            },
        )
        return attempt
    except (TypeError, ValueError, RecursionError, httpx.InvalidURL) as error:
        if is_of_a_handler(error):
            raise
        problem = without_values(error)
    raise AIGateError(f"An argument can't be sent, so nothing was sent: {problem}") from problem


def _begin(result: Exchange, response: httpx.Response) -> bool:
    """Note the head of a response.

    Returns:
        Whether its body is still to come; else a hook, or the mock that made it, has read it.
    """
    result.status = response.status_code
    result.headers = response.extensions.get(HEADERS, response.headers)
    if not response.is_stream_consumed:
        return True
    try:
        result.body += response.content
        result.is_whole = True
    except httpx.ResponseNotRead as failure:
        result.failure = failure
    return False


def _fill(result: Exchange, chunk: bytes) -> bool:
    """Take a piece of a body. Return True if no more of it is taken."""
    result.body += chunk[: MAX_BODY + 1 - len(result.body)]
    result.is_too_large = len(result.body) > MAX_BODY
    return result.is_too_large


@contextmanager
def _to_the_end(result: Exchange, response: httpx.Response, deadline: Deadline) -> Iterator[None]:
    """Note that the body is whole, also if closing the response fails or is cut off.

    httpx closes it after the last byte, before the loop over the body ends.
    """
    try:
        yield
    except httpx.StreamError as failure:
        # A hook of the app's has closed the response, or read a part of it.
        result.failure = failure
    except BaseException as failure:
        if not response.is_closed:
            raise
        _end(result, deadline)
        is_beneath = type(failure).__module__.partition(".")[0] in BENEATH
        if not isinstance(failure, Exception) or not is_beneath or is_of_a_handler(failure):
            raise
    else:
        if not result.is_too_large:
            _end(result, deadline)


def _end(result: Exchange, deadline: Deadline) -> None:
    """Undo the content encoding of a whole body; what can't be decoded stays as it came."""
    result.is_whole = True
    if encodings := result.headers.get("content-encoding"):
        try:
            result.body[:] = decoded(bytes(result.body), encodings, deadline)
        except httpx.DecodingError as failure:
            result.undecodable = without_frames(failure)


def _check_time(result: Exchange, request: httpx.Request, deadline: Deadline) -> None:
    """Raise once the deadline has passed and more of the response is to come.

    Our pool keeps the deadline by itself; other transports bound each read alone.
    """
    if deadline.left() > 0:
        return
    if result.headers.get("content-length") != str(len(result.body)):
        raise httpx.ReadTimeout(TOO_LATE, request=request)


def _check_begun(attempt: Attempt) -> None:
    """Raise if the time is over before anything was sent."""
    if attempt.deadline.left() <= 0:
        raise httpx.ConnectTimeout(TOO_LATE, request=attempt.request)


def _too_late(attempt: Attempt) -> httpx.TimeoutException:
    is_connecting = attempt.on_network and not attempt.written
    kind = httpx.ConnectTimeout if is_connecting else httpx.ReadTimeout
    return kind(TOO_LATE, request=attempt.request)
