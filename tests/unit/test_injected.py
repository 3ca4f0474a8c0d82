"""An injected httpx client: used as it is, and no billed request is repeated on its word."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Iterator
from typing import Any, NoReturn

import anyio
import httpcore
import httpx
import pytest

from ai_gate import (
    AIGateClient,
    AIGateError,
    APIConnectionError,
    APITimeoutError,
    AsyncAIGateClient,
    InvalidResponseError,
    QuotaExceededError,
)
from ai_gate.testing._faults.steps import Send
from tests.support.callers import (
    GET,
    NO_TLS,
    NOWHERE,
    OPERATIONS,
    POST,
    PROJECT,
    SYNC,
    Caller,
    Injected,
    Operation,
)
from tests.support.fixtures import Serve
from tests.support.responses import TURN, head, json_response, response
from tests.support.running import recorded
from tests.support.steps import ReadRequest, replay

pytestmark = pytest.mark.usefixtures("no_backoff")
GOOD: dict[str, Any] = {"iceServers": []}


Handler = Callable[[httpx.Request], httpx.Response]


class Counted:
    """A handler of a mock transport that counts its requests."""

    def __init__(self, handler: Handler) -> None:
        self.requests: list[httpx.Request] = []
        self._handler = handler

    def __call__(self, request: httpx.Request) -> httpx.Response:
        self.requests.append(request)
        return self._handler(request)


def good(_: httpx.Request) -> httpx.Response:
    return httpx.Response(200, json=GOOD)


def raising(make: Callable[[httpx.Request], Exception]) -> Counted:
    """A transport that fails as it is told."""

    def handler(request: httpx.Request) -> httpx.Response:
        raise make(request)

    return Counted(handler)


def from_another(error: Exception, cause: Exception) -> Exception:
    error.__cause__ = cause
    return error


def injected(caller: Caller, handler: Handler, **options: Any) -> Injected:
    return caller.httpx_client(transport=httpx.MockTransport(handler), **options)


def outcome(
    caller: Caller, client: Injected, operation: Operation, **options: Any
) -> AIGateError | None:
    """Make one call with an injected client."""

    async def body() -> AIGateError | None:
        async with client:
            gate = caller.client(http_client=client.client, **options)
            value = (await gate.attempt(operation)).value
            return value if isinstance(value, AIGateError) else None

    return caller.run(body)


# Raised by a transport, each with the number of requests it makes of a POST and of a GET.
FAILURES: dict[str, tuple[Callable[[httpx.Request], Exception], int, int]] = {
    "connect error": (lambda _: httpx.ConnectError("refused"), 3, 3),
    "connect timeout": (lambda _: httpx.ConnectTimeout("late"), 3, 3),
    "pool timeout": (lambda _: httpx.PoolTimeout("late"), 3, 3),
    "proxy error": (lambda _: httpx.ProxyError("407"), 3, 3),
    "unsupported protocol": (lambda _: httpx.UnsupportedProtocol("gopher"), 3, 3),
    "connect error of httpcore's": (
        lambda _: from_another(httpx.ConnectError("refused"), httpcore.ConnectError()),
        3,
        3,
    ),
    "connect timeout of another library's": (
        lambda _: from_another(httpx.ConnectTimeout("x"), ConnectionResetError("disconnected")),
        1,
        3,
    ),
    "read timeout of another library's": (
        lambda _: from_another(httpx.ReadTimeout("x"), OSError("timed out")),
        1,
        3,
    ),
    "connect error of another library's": (
        lambda _: from_another(httpx.ConnectError("x"), OSError("disconnected")),
        1,
        3,
    ),
    "connect error after httpcore's read error": (
        lambda _: from_another(httpx.ConnectError("x"), httpcore.ReadError()),
        1,
        3,
    ),
    "read error": (lambda _: httpx.ReadError("reset"), 1, 3),
    "write error": (lambda _: httpx.WriteError("reset"), 1, 3),
    "protocol error": (lambda _: httpx.RemoteProtocolError("garbage"), 1, 3),
    "read timeout": (lambda _: httpx.ReadTimeout("late"), 1, 3),
    "write timeout": (lambda _: httpx.WriteTimeout("late"), 1, 3),
    "request error": (lambda request: httpx.RequestError("x", request=request), 1, 3),
}


@pytest.mark.parametrize(("make", "posts", "gets"), FAILURES.values(), ids=FAILURES)
def test_what_a_transport_raises(
    make: Callable[[httpx.Request], Exception], posts: int, gets: int, caller: Caller
) -> None:
    for operation, count in zip(OPERATIONS, (posts, gets), strict=True):
        transport = raising(make)
        error = outcome(caller, injected(caller, transport), operation)
        assert isinstance(error, APIConnectionError)
        cause = error.__cause__
        assert isinstance(cause, httpx.RequestError)
        is_lost = isinstance(cause, httpx.ConnectTimeout) and isinstance(cause.__cause__, OSError)
        is_timeout = isinstance(cause, httpx.TimeoutException) and not is_lost
        assert isinstance(error, APITimeoutError) == is_timeout
        assert len(transport.requests) == count


class AppError(Exception):
    """What a transport of the app's, or its handler in a test, raises by itself."""


@pytest.mark.parametrize("error", [AppError, AssertionError])
def test_what_a_transport_raises_of_its_own_passes_through(
    error: type[Exception], caller: Caller
) -> None:
    transport = raising(lambda _: error("no"))
    with pytest.raises(error, match=r"^no$"):
        outcome(caller, injected(caller, transport), GET)
    assert len(transport.requests) == 1


def test_an_error_of_the_sdk_that_a_transport_raises_stays_as_it_is(caller: Caller) -> None:
    raised = AIGateError("no")
    transport = raising(lambda _: raised)
    assert outcome(caller, injected(caller, transport), GET) is raised
    assert len(transport.requests) == 1


class Breaking(httpx.SyncByteStream, httpx.AsyncByteStream):
    """A body that breaks with an error of nobody's."""

    def __iter__(self) -> Iterator[bytes]:
        yield b'{"iceServers":'
        raise AppError("broken")

    async def __aiter__(self) -> AsyncIterator[bytes]:
        yield b'{"iceServers":'
        raise AppError("broken")


def test_what_a_body_raises_of_its_own_passes_through(caller: Caller) -> None:
    client = injected(caller, lambda _: httpx.Response(200, stream=Breaking()))
    with pytest.raises(AppError, match=r"^broken$"):
        outcome(caller, client, POST)


class NotAsKnownError(Exception):
    """An error of aiohttp's that httpx-aiohttp lets out, and that isn't made from a text alone."""

    __module__ = "aiohttp.client_exceptions"

    def __init__(self, status: int, text: str) -> None:
        super().__init__(f"{status} {text}")


@pytest.mark.parametrize(
    ("make", "told"),
    [
        (lambda _: NotAsKnownError(400, "garbage"), "400 garbage"),
        (lambda _: NotAsKnownError(400, f"{b'gold'!r}"), "NotAsKnownError: 400 ***"),
        (lambda _: NotAsKnownError(400, "b\\'gold\\'"), "NotAsKnownError: 400 ***"),
        (
            lambda request: NotAsKnownError(400, str(request.url)),
            f"NotAsKnownError: 400 {NOWHERE}/turn-credentials?identifier=***",
        ),
    ],
)
@pytest.mark.parametrize("has_hook", [False, True])
def test_what_aiohttp_raises_is_ours(
    make: Callable[[httpx.Request], Exception], told: str, has_hook: bool, caller: Caller
) -> None:
    transport = raising(make)
    hooks = {"request": [caller.hook(lambda _: None)]} if has_hook else {}
    error = outcome(caller, injected(caller, transport, event_hooks=hooks), GET)
    assert type(error) is APIConnectionError
    assert f": {told}" in str(error)
    assert told == str(error.__cause__)
    assert PROJECT not in repr(error.__cause__)
    assert len(transport.requests) == 3


def test_what_aiohttp_raises_in_a_hook_is_the_apps(caller: Caller) -> None:
    def fetch(_: httpx.Request) -> None:
        raise NotAsKnownError(401, "no token")

    transport = raising(lambda _: httpx.ConnectError("x"))
    hooks = {"request": [caller.hook(fetch)]}
    with pytest.raises(NotAsKnownError, match="no token"):
        outcome(caller, injected(caller, transport, event_hooks=hooks), GET)
    assert transport.requests == []


def test_a_believed_failure_is_not_told_as_billed(caller: Caller) -> None:
    sure = outcome(caller, injected(caller, raising(lambda _: httpx.ConnectError("x"))), POST)
    unsure = outcome(
        caller,
        injected(caller, raising(lambda _: from_another(httpx.ConnectError("x"), OSError()))),
        POST,
    )
    assert "billed" not in str(sure)
    assert "billed" in str(unsure)


def test_a_request_that_got_through_at_last(caller: Caller) -> None:
    replies = iter([httpx.ConnectError("refused"), httpx.ConnectError("refused"), None])

    def handler(request: httpx.Request) -> httpx.Response:
        if error := next(replies):
            raise error
        return good(request)

    assert outcome(caller, injected(caller, handler), POST) is None


def other_request() -> httpx.Request:
    return httpx.Request("GET", "http://token.test")


def status_error() -> httpx.HTTPStatusError:
    return httpx.HTTPStatusError("x", request=other_request(), response=httpx.Response(503))


def test_an_app_s_own_runtime_error_in_another_loop_passes_through() -> None:
    replies: Iterator[Exception | None] = iter((None, RuntimeError("a bug of the transport's")))

    def handler(request: httpx.Request) -> httpx.Response:
        if error := next(replies):
            raise error
        return good(request)

    transport = Counted(handler)
    http_client = httpx.AsyncClient(transport=httpx.MockTransport(transport))
    gate = AsyncAIGateClient(PROJECT, NOWHERE, http_client=http_client)
    asyncio.run(gate.get_turn_credentials())
    with pytest.raises(RuntimeError, match="a bug of the transport's"):
        asyncio.run(gate.get_turn_credentials())
    assert len(transport.requests) == 2


HOOK_ERRORS: dict[str, Callable[[], Exception]] = {
    "ValueError": lambda: ValueError("no"),
    "RuntimeError": lambda: RuntimeError("no"),
    "OSError": lambda: OSError("no"),
    "bare ConnectError": lambda: httpx.ConnectError("no"),
    "bare ReadTimeout": lambda: httpx.ReadTimeout("no"),
    "ConnectError of a request of its own": lambda: httpx.ConnectError(
        "no", request=other_request()
    ),
    "HTTPStatusError": status_error,
    "AIGateError": lambda: AIGateError("no"),
}


@pytest.mark.parametrize("make", HOOK_ERRORS.values(), ids=HOOK_ERRORS)
@pytest.mark.parametrize("event", ["request", "response"])
def test_what_a_hook_raises_passes_through(
    event: str, make: Callable[[], Exception], caller: Caller
) -> None:
    raised = make()
    runs: list[object] = []

    def hook(argument: object) -> None:
        runs.append(argument)
        raise raised

    transport = Counted(good)
    client = injected(caller, transport, event_hooks={event: [caller.hook(hook)]})

    async def body() -> None:
        gate = caller.client(http_client=client.client)
        with pytest.raises(type(raised)) as caught:
            await gate.create_session()
        assert caught.value is raised
        await client.close()

    caller.run(body)
    assert len(runs) == 1
    assert len(transport.requests) == (1 if event == "response" else 0)


def test_the_failure_of_a_request_that_a_hook_makes_passes_through(caller: Caller) -> None:
    token = httpx.Client(transport=httpx.MockTransport(raising(lambda _: httpx.ConnectError("x"))))

    def hook(_: object) -> None:
        token.get("http://token.test")

    transport = Counted(good)
    client = injected(caller, transport, event_hooks={"request": [caller.hook(hook)]})

    async def body() -> None:
        with pytest.raises(httpx.ConnectError) as caught:
            await caller.client(http_client=client.client).create_session()
        assert caught.value.request.url.host == "token.test"
        await client.close()

    caller.run(body)
    token.close()
    assert transport.requests == []


def test_a_response_hook_that_raises_for_the_status(caller: Caller) -> None:
    transport = Counted(lambda _: httpx.Response(503))

    def hook(response: httpx.Response) -> None:
        response.raise_for_status()

    client = injected(caller, transport, event_hooks={"response": [caller.hook(hook)]})

    async def body() -> None:
        with pytest.raises(httpx.HTTPStatusError):
            await caller.client(http_client=client.client).create_session()
        await client.close()

    caller.run(body)
    assert len(transport.requests) == 1


def test_an_error_that_a_response_hook_names_after_the_request_repeats_nothing(
    caller: Caller,
) -> None:
    transport = Counted(good)

    def hook(response: httpx.Response) -> None:
        raise httpx.ConnectError("the audit log is down", request=response.request)

    client = injected(caller, transport, event_hooks={"response": [caller.hook(hook)]})

    async def body() -> None:
        with pytest.raises(Exception, match="audit log"):
            await caller.client(http_client=client.client).create_session()
        await client.close()

    caller.run(body)
    assert len(transport.requests) == 1


def reading_hook(caller: Caller) -> Callable[[Any], Any]:
    def read(response: httpx.Response) -> None:
        response.read()

    async def aread(response: httpx.Response) -> None:
        await response.aread()

    return read if caller.flavour == "sync" else aread


@pytest.mark.parametrize("status", [200, 402])
def test_a_response_hook_that_reads_the_body(status: int, caller: Caller, serve: Serve) -> None:
    server = serve(replay(json_response(GOOD, status)))

    async def body() -> None:
        hooks = {"response": [reading_hook(caller)]}
        async with caller.httpx_client(event_hooks=hooks) as client:
            gate = caller.client(server.url, http_client=client.client)
            if status == 200:
                assert await gate.get_turn_credentials() == GOOD
            else:
                error = await gate.failure(POST)
                assert type(error) is QuotaExceededError
                assert error.response == GOOD

    caller.run(body)


def test_a_body_that_is_cut_while_a_hook_reads_it(caller: Caller, serve: Serve) -> None:
    server = serve((ReadRequest(), Send(head(200, "Content-Length: 100") + b"{")))

    async def body() -> None:
        hooks = {"response": [reading_hook(caller)]}
        async with caller.httpx_client(event_hooks=hooks) as client:
            gate = caller.client(server.url, http_client=client.client)
            error = await gate.failure(POST)
            assert isinstance(error, (APIConnectionError, InvalidResponseError))
            assert "billed" in str(error)

    caller.run(body)
    assert len(server.requests) == 1


@pytest.mark.parametrize(
    "location",
    ["/elsewhere", "https://elsewhere.test/", "ftp://elsewhere.test", "http://[", "//", ""],
)
def test_redirects_stay_off(location: str, caller: Caller) -> None:
    transport = Counted(lambda _: httpx.Response(302, headers={"Location": location}))
    error = outcome(caller, injected(caller, transport, follow_redirects=True), POST)
    assert type(error) is AIGateError
    assert error.status_code == 302
    assert len(transport.requests) == 1


@pytest.mark.parametrize(
    "location",
    ["mailto:support@ai-gate.dev", "http:elsewhere", "\x01", "x" * 70_000],
    ids=lambda location: repr(location[:20]),
)
def test_a_redirect_that_httpx_cannot_read(location: str, caller: Caller) -> None:
    transport = Counted(lambda _: httpx.Response(302, headers={"Location": location}))
    error = outcome(caller, injected(caller, transport), POST)
    assert isinstance(error, AIGateError)
    assert len(transport.requests) == 1


def settings(client: Injected) -> dict[str, Any]:
    names = ("timeout", "headers", "follow_redirects", "max_redirects", "params", "base_url")
    shown = {name: repr(getattr(client.client, name)) for name in (*names, "auth", "trust_env")}
    return {**shown, "hooks": client.client.event_hooks, "closed": client.client.is_closed}


def test_it_is_neither_changed_nor_closed(caller: Caller, serve: Serve) -> None:
    server = serve(replay(TURN, response(500), response(302, b"", "Location: /")))

    async def body() -> None:
        async with caller.httpx_client(
            timeout=77.0,
            follow_redirects=True,
            headers={"X-Mine": "1"},
            params={"mine": "1"},
            auth=("user", "pass"),
        ) as client:
            before = settings(client)
            async with caller.client(server.url, http_client=client.client) as gate:
                await gate.get_turn_credentials()
                await gate.failure(POST)
                await gate.failure(GET)
            assert settings(client) == before
            assert client.client.is_closed is False

    caller.run(body)


def test_its_headers_and_authentication_are_used(caller: Caller, serve: Serve) -> None:
    server = serve(replay(TURN))

    async def body() -> None:
        async with caller.httpx_client(
            headers={"X-Mine": "1", "User-Agent": "mine/1"},
            params={"mine": "1"},
            cookies={"mine": "1"},
            auth=("user", "pass"),
            base_url="http://nowhere.test/wrong",
        ) as client:
            gate = caller.client(f"{server.url}/prefix", http_client=client.client)
            await gate.get_turn_credentials()
            await gate.create_session()

    caller.run(body)
    for request in server.requests:
        assert request.headers["x-mine"] == "1"
        assert request.headers["user-agent"] == "mine/1"
        assert request.headers["cookie"] == "mine=1"
        assert request.headers["authorization"].startswith("Basic ")
    turn, session = server.requests
    assert turn.target == f"/prefix/turn-credentials?mine=1&identifier={PROJECT}"
    assert session.target == "/prefix/session?mine=1"
    assert session.headers["content-type"] == "application/json"
    assert session.json["project_id"] == PROJECT


@pytest.mark.parametrize("its_own", [None, 60.0, 0.001])
@pytest.mark.usefixtures("clock")
def test_the_calls_timeout_goes_before_its_own(its_own: float | None, caller: Caller) -> None:
    transport = Counted(good)
    client = injected(caller, transport, timeout=its_own)
    assert outcome(caller, client, GET, timeout=20.0) is None
    timeouts = transport.requests[0].extensions["timeout"]
    assert set(timeouts) == {"connect", "read", "write", "pool"}
    assert all(19 < seconds <= 20 for seconds in timeouts.values())


def test_a_retry_gets_what_is_left(caller: Caller) -> None:
    def slow(_: httpx.Request) -> httpx.Response:
        time.sleep(0.02)
        return httpx.Response(503)

    transport = Counted(slow)
    outcome(caller, injected(caller, transport), GET, timeout=20.0)
    given = [request.extensions["timeout"]["read"] for request in transport.requests]
    assert len(given) == 3
    assert given[0] > given[1] > given[2]


class Dripping(httpx.SyncByteStream, httpx.AsyncByteStream):
    """A body without an end, a chunk at a time."""

    def __init__(self, pause: float) -> None:
        self.pause = pause
        self.chunks = 0
        self.closed = False

    def __iter__(self) -> Iterator[bytes]:
        while True:
            time.sleep(self.pause)
            self.chunks += 1
            yield b" "

    async def __aiter__(self) -> AsyncIterator[bytes]:
        while True:
            await anyio.sleep(self.pause)
            self.chunks += 1
            yield b" "

    def close(self) -> None:
        self.closed = True

    async def aclose(self) -> None:
        self.closed = True


def test_a_dripping_body_is_given_up_between_chunks(caller: Caller) -> None:
    body = Dripping(0.01)
    client = injected(caller, lambda _: httpx.Response(200, stream=body))
    error = outcome(caller, client, POST, timeout=0.4)
    assert type(error) is APITimeoutError
    assert error.status_code == 200
    assert 1 <= body.chunks <= 41
    assert error.body == b" " * body.chunks
    assert body.closed


def test_a_client_that_a_hook_closes(caller: Caller, serve: Serve) -> None:
    server = serve(replay(response(503), TURN))

    async def body() -> None:
        client = caller.httpx_client()
        client.client.event_hooks = {"response": [closing_hook(client)]}
        await caller.client(server.url, http_client=client.client).failure(GET)

    caller.run(body)
    assert len(server.requests) == 1


def closing_hook(client: Injected) -> Callable[[Any], Any]:
    """Close the client while its answer is being handed over."""
    if isinstance(client.client, httpx.Client):
        sync = client.client
        return lambda _: sync.close()

    async def close(_: object) -> None:
        await client.close()

    return close


class Unreachable(httpx.BaseTransport, httpx.AsyncBaseTransport):
    """Says that connecting took as long as it may, which must be before the call ends by itself."""

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        timeout = request.extensions["timeout"]
        assert 0.8 * timeout["read"] < timeout["connect"] < timeout["read"]
        raise httpx.ConnectTimeout("late")

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        return self.handle_request(request)


def test_a_gate_that_cannot_be_reached_in_time(caller: Caller) -> None:
    client = caller.httpx_client(transport=Unreachable())
    error = outcome(caller, client, POST, max_retries=0)
    assert type(error) is APITimeoutError
    assert str(error) == "The gate could not be reached in time."


class TokenAuth(httpx.Auth):
    """Gets a token with a request of its own first."""

    def auth_flow(self, request: httpx.Request) -> Any:
        yield httpx.Request("POST", "http://token.test/")
        yield request


def test_an_authentication_that_needs_a_request_of_its_own(caller: Caller) -> None:
    transport = Counted(good)
    assert outcome(caller, injected(caller, transport, auth=TokenAuth()), POST) is None
    assert [request.url.host for request in transport.requests] == ["token.test", "127.0.0.1"]


def test_a_hook_that_leaves_nothing_of_the_body(caller: Caller, serve: Serve) -> None:
    server = serve(replay(TURN))

    def drain(response: httpx.Response) -> None:
        for _ in response.iter_bytes():
            pass

    async def adrain(response: httpx.Response) -> None:
        async for _ in response.aiter_bytes():
            pass

    async def body() -> None:
        hook: Any = drain if caller.flavour == "sync" else adrain
        async with caller.httpx_client(event_hooks={"response": [hook]}) as client:
            gate = caller.client(server.url, http_client=client.client)
            error = await gate.failure(POST)
            assert error.status_code == 200
            assert "billed" in str(error)

    caller.run(body)
    assert len(server.requests) == 1


@pytest.mark.parametrize("suppressed", [False, True], ids=["context", "from None"])
def test_a_connect_error_that_another_one_is_behind_is_not_believed(
    suppressed: bool, caller: Caller
) -> None:
    def handler(_: httpx.Request) -> httpx.Response:
        try:
            raise ConnectionResetError("reset")
        except OSError:
            if suppressed:
                raise httpx.ConnectError("lost") from None
            raise httpx.ConnectError("lost")  # noqa: B904 - as careless transports do it

    transport = Counted(handler)
    error = outcome(caller, injected(caller, transport), POST)
    assert type(error) is APIConnectionError
    assert "billed" in str(error)
    assert len(transport.requests) == 1


def halt(_: object) -> NoReturn:
    raise StopIteration("halt")


STOPPED: dict[str, Callable[[Caller], Injected]] = {
    "transport": lambda caller: injected(caller, halt),
    "request hook": lambda caller: injected(
        caller, good, event_hooks={"request": [caller.hook(halt)]}
    ),
    "response hook": lambda caller: injected(
        caller, good, event_hooks={"response": [caller.hook(halt)]}
    ),
}


@pytest.mark.parametrize("make", STOPPED.values(), ids=STOPPED)
def test_a_stop_iteration_passes_through(make: Callable[[Caller], Injected]) -> None:
    client = make(Caller("sync")).client
    assert isinstance(client, httpx.Client)
    with client:
        gate = AIGateClient(PROJECT, NOWHERE, http_client=client)
        for call in (gate.create_session, gate.get_turn_credentials):
            with pytest.raises(StopIteration, match="halt"):
                call()


@pytest.mark.parametrize("make", STOPPED.values(), ids=STOPPED)
def test_a_stop_iteration_is_no_answer(
    make: Callable[[Caller], Injected], async_caller: Caller, operation: Operation
) -> None:
    async def body() -> None:
        async with make(async_caller) as client:
            # Python makes one of each StopIteration that leaves a coroutine.
            with pytest.raises(RuntimeError, match="StopIteration"):
                await async_caller.client(http_client=client.client).call(operation)

    async_caller.run(body)


@pytest.mark.parametrize("second", ["asyncio", "trio"])
def test_a_connection_that_was_kept_in_a_loop_that_has_ended(
    second: str, async_caller: Caller, serve: Serve, operation: Operation
) -> None:
    server = serve(replay(TURN))
    # Not the errors: their tracebacks would keep the connection alive.
    outcomes: list[object] = []

    def body() -> None:
        http = httpx.AsyncClient(verify=NO_TLS)
        gate = AsyncAIGateClient(PROJECT, server.url, http_client=http)
        create, get_turn = gate.create_session, gate.get_turn_credentials

        async def use() -> None:
            try:
                outcomes.append({**await (create() if operation == POST else get_turn())})
            except APIConnectionError as error:
                outcomes.append(type(error))

        anyio.run(use, backend=async_caller.flavour)
        before = len(server.requests)
        anyio.run(use, backend=second)
        assert len(server.requests) - before <= (1 if operation == POST else 3)

    # Those are httpx's: nobody can close a socket in a loop that has ended.
    assert [message for message in recorded(body) if "AIGateClient" in message] == []
    first, then = outcomes
    assert first == GOOD
    assert then in (GOOD, APIConnectionError)


class FailsAtTheEnd(httpx.SyncByteStream, httpx.AsyncByteStream):
    """A whole body, whose stream can't be closed."""

    def __init__(self, make: Callable[[], Exception]) -> None:
        self.closings = 0
        self._make = make

    def __iter__(self) -> Iterator[bytes]:
        yield from (b'{"iceServers"', b": []}")

    async def __aiter__(self) -> AsyncIterator[bytes]:
        for chunk in self:
            yield chunk

    def close(self) -> None:
        self.closings += 1
        raise self._make()

    async def aclose(self) -> None:
        self.close()


@pytest.mark.parametrize(
    "make",
    [
        lambda: OSError("reset"),
        lambda: httpx.ReadError("reset"),
        lambda: httpx.CloseError("reset"),
        lambda: httpx.ReadTimeout("late"),
    ],
    ids=lambda make: type(make()).__name__,
)
@pytest.mark.parametrize("length", [{}, {"Content-Length": "18"}], ids=["no length", "length"])
def test_a_whole_body_outlives_the_end_of_its_connection(
    make: Callable[[], Exception], length: dict[str, str], caller: Caller
) -> None:
    stream = FailsAtTheEnd(make)
    transport = Counted(lambda _: httpx.Response(200, headers=length, stream=stream))

    async def body() -> None:
        async with injected(caller, transport) as client:
            assert await caller.client(http_client=client.client).create_session() == GOOD

    caller.run(body)
    assert stream.closings >= 1
    assert len(transport.requests) == 1


class HangsAtTheEnd(FailsAtTheEnd):
    """A whole body, whose stream doesn't get closed."""

    async def aclose(self) -> None:
        self.closings += 1
        await anyio.sleep_forever()


def test_a_whole_body_outlives_an_end_that_takes_too_long(async_caller: Caller) -> None:
    stream = HangsAtTheEnd(OSError)
    transport = Counted(lambda _: httpx.Response(200, stream=stream))

    async def body() -> None:
        async with injected(async_caller, transport) as client:
            gate = async_caller.client(http_client=client.client, timeout=0.4)
            assert await gate.create_session() == GOOD

    async_caller.run(body)
    assert stream.closings >= 1


class LateInTheEnd(httpx.SyncByteStream):
    """A body whose second half comes once the time of the call is over."""

    def __iter__(self) -> Iterator[bytes]:
        yield b'{"iceServers"'
        time.sleep(0.6)
        yield b": []}"


@pytest.mark.parametrize("length", ["18", "19"])
def test_a_body_that_is_whole_when_its_time_has_just_run_out(length: str) -> None:
    def answer(_: httpx.Request) -> httpx.Response:
        return httpx.Response(200, headers={"Content-Length": length}, stream=LateInTheEnd())

    error = outcome(SYNC, injected(SYNC, answer), POST, timeout=0.5, max_retries=0)
    if length == "18":
        assert error is None
    else:
        assert type(error) is APITimeoutError


class ClosesItsClient(httpx.BaseTransport, httpx.AsyncBaseTransport):
    """Can't connect, and somebody closes the client meanwhile."""

    def __init__(self) -> None:
        self.requests = 0
        self.client: Injected | None = None

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        self.requests += 1
        if self.client is not None and isinstance(self.client.client, httpx.Client):
            self.client.client.close()
        raise httpx.ConnectError("refused")

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        self.requests += 1
        if self.client is not None:
            await self.client.close()
        raise httpx.ConnectError("refused")


def test_a_client_that_is_closed_between_two_attempts(caller: Caller) -> None:
    transport = ClosesItsClient()
    transport.client = caller.httpx_client(transport=transport)
    error = outcome(caller, transport.client, POST)
    assert type(error) is AIGateError
    assert "http_client is closed" in str(error)
    assert "billed" not in str(error)
    assert transport.requests == 1
