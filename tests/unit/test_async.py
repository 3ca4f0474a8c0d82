"""The async client under asyncio and trio: many calls, many loops, cancellation."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Coroutine
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from typing import Any

import anyio
import pytest

from ai_gate import AsyncAIGateClient
from ai_gate._http import client as http_client
from ai_gate.testing._faults.steps import Send
from tests.support.callers import PROJECT, Caller
from tests.support.fixtures import Serve
from tests.support.responses import TURN, json_response
from tests.support.running import recorded
from tests.support.server import PATIENCE, Peer, Request, Script, Server
from tests.support.steps import ReadRequest, Until, answer, replay

MANY = 50


def test_many_calls_at_once(async_caller: Caller, serve: Serve) -> None:
    together = threading.Barrier(MANY)

    def echo(request: Request) -> bytes:
        together.wait(PATIENCE)
        return json_response({"instructions": request.json["instructions"]})

    server = serve(answer(echo))
    answers: dict[str, object] = {}

    async def body() -> None:
        async with AsyncAIGateClient(PROJECT, server.url) as client:

            async def call(instructions: str) -> None:
                answer = await client.create_session(instructions=instructions)
                answers[instructions] = answer.get("instructions")

            async with anyio.create_task_group() as tasks:
                for number in range(MANY):
                    tasks.start_soon(call, str(number))

    async_caller.run(body)
    assert answers == {str(number): str(number) for number in range(MANY)}
    assert server.shared == []
    assert server.opened == len(server.requests) == MANY


def test_gather(serve: Serve) -> None:
    server = serve(replay(TURN))

    async def body() -> None:
        async with AsyncAIGateClient(PROJECT, server.url) as client:
            answers = await asyncio.gather(*[client.get_turn_credentials() for _ in range(MANY)])
            assert answers == [{"iceServers": []}] * MANY

    asyncio.run(body())
    assert len(server.requests) == MANY


BACKENDS = ("asyncio", "trio")
LOOPS = [("asyncio", "asyncio"), ("trio", "trio"), ("asyncio", "trio"), ("trio", "asyncio")]


def our_warnings(body: Callable[[], object]) -> list[str]:
    """The SDK's warnings of a piece of code.

    The standard library warns as well: nobody can close a socket in a loop that has ended.
    """
    return [message for message in recorded(body) if "AIGateClient" in message]


@pytest.mark.parametrize(("first", "second"), LOOPS)
def test_a_second_event_loop(first: str, second: str, serve: Serve) -> None:
    server = serve(replay(TURN))

    def body() -> None:
        client = AsyncAIGateClient(PROJECT, server.url)

        async def use() -> None:
            await client.get_turn_credentials()
            await client.get_turn_credentials()

        async def use_and_close() -> None:
            await use()
            await client.close()

        anyio.run(use, backend=first)
        anyio.run(use_and_close, backend=second)

    assert our_warnings(body) == []
    assert [request.connection for request in server.requests] == [1, 1, 2, 2]
    server.wait_for(lambda: server.closed == 2)


@pytest.mark.parametrize("backend", BACKENDS)
def test_two_loops_in_two_threads(backend: str, serve: Serve) -> None:
    # The calls of both loops are under way at once, several times.
    together = threading.Barrier(2)

    def echo(request: Request) -> bytes:
        together.wait(PATIENCE)
        return json_response({"id": request.json["instructions"]})

    server = serve(answer(echo))
    client = AsyncAIGateClient(PROJECT, server.url)

    async def calls(name: str) -> list[str]:
        asked = [f"{name}/{number}" for number in range(5)]
        return [(await client.create_session(instructions=text))["id"] for text in asked]

    def body() -> None:
        with ThreadPoolExecutor(2) as pool:
            results = pool.map(lambda name: anyio.run(calls, name, backend=backend), ("a", "b"))
            assert list(results) == [[f"{name}/{number}" for number in range(5)] for name in "ab"]
        anyio.run(client.close, backend=backend)

    assert our_warnings(body) == []
    assert server.shared == []
    used = {(request.json["instructions"][0], request.connection) for request in server.requests}
    assert len({connection for _, connection in used}) == len(used)


def test_loops_that_begin_at_once(serve: Serve) -> None:
    server = serve(replay(TURN))
    client = AsyncAIGateClient(PROJECT, server.url)
    start = threading.Barrier(4)

    def loops() -> None:
        start.wait(PATIENCE)
        for _ in range(5):
            anyio.run(client.get_turn_credentials)

    def body() -> None:
        with ThreadPoolExecutor(4) as pool:
            for done in [pool.submit(loops) for _ in range(4)]:
                done.result(PATIENCE)
        anyio.run(client.close)

    assert our_warnings(body) == []
    assert len(server.requests) == 20


@pytest.mark.parametrize("backend", BACKENDS)
def test_a_loop_that_begins_while_another_looks_for_ended_ones(
    backend: str, serve: Serve, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The loop that comes in between keeps its connection."""
    server = serve(replay(TURN))
    client = AsyncAIGateClient(PROJECT, server.url)
    looking, go_on = threading.Event(), threading.Event()
    has_ended = http_client._has_ended

    def slow(loop: object) -> bool:
        if threading.current_thread() is not threading.main_thread():
            looking.set()
            go_on.wait(PATIENCE)
        return has_ended(loop)

    monkeypatch.setattr(http_client, "_has_ended", slow)

    def body() -> None:
        anyio.run(client.get_turn_credentials)
        with ThreadPoolExecutor(1) as pool:
            other = pool.submit(anyio.run, client.get_turn_credentials)
            looking.wait(PATIENCE)

            async def between() -> None:
                await client.get_turn_credentials()
                go_on.set()
                other.result(PATIENCE)
                await client.get_turn_credentials()
                await client.close()

            anyio.run(between, backend=backend)

    assert our_warnings(body) == []
    assert [request.connection for request in server.requests] == [1, 2, 3, 2]


@pytest.fixture
def release() -> threading.Event:
    """Lets a paused answer go on."""
    return threading.Event()


@pytest.fixture(params=[b"", TURN[:-5]], ids=["before the answer", "in the body"])
def paused(request: pytest.FixtureRequest, release: threading.Event) -> Script:
    """Stop before an answer or in its body, and go on when released."""
    sent: bytes = request.param
    return (ReadRequest(), Send(sent), Until(release), Send(TURN[len(sent) :]), ReadRequest())


async def arrived(server: Server) -> None:
    """Return once a request has arrived, and its answer may have begun."""
    while not server.requests:
        await anyio.sleep(0.001)
    await anyio.sleep(0.01)


async def cancelled(server: Server, call: Callable[[], Coroutine[Any, Any, object]]) -> None:
    """Cancel a call once its request has arrived."""
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(call)
        await arrived(server)
        tasks.cancel_scope.cancel()


def test_cancellation(
    paused: Script, release: threading.Event, async_caller: Caller, serve: Serve
) -> None:
    server = serve(paused, replay(TURN))

    async def body() -> None:
        async with AsyncAIGateClient(PROJECT, server.url) as client:
            await cancelled(server, client.get_turn_credentials)
            release.set()
            server.wait_for(lambda: server.closed == server.opened == 1)
            assert await client.get_turn_credentials() == {"iceServers": []}

    async_caller.run(body)
    assert [request.connection for request in server.requests] == [1, 2]


def test_cancellation_in_a_wait(async_caller: Caller, serve: Serve) -> None:
    server = serve(replay(json_response({}, 503, "Retry-After: 20"), TURN))

    async def body() -> None:
        async with AsyncAIGateClient(PROJECT, server.url) as client:
            await cancelled(server, client.get_turn_credentials)
            assert await client.get_turn_credentials() == {"iceServers": []}

    async_caller.run(body)
    assert len(server.requests) == 2


def test_a_task_that_is_cancelled(paused: Script, release: threading.Event, serve: Serve) -> None:
    server = serve(paused)

    async def body() -> None:
        async with AsyncAIGateClient(PROJECT, server.url) as client:
            task = asyncio.create_task(client.create_session())
            await arrived(server)
            task.cancel()
            with pytest.raises(asyncio.CancelledError):
                await task
            release.set()
            server.wait_for(lambda: server.closed == server.opened == 1)

    asyncio.run(body())
    assert len(server.requests) == 1


def test_a_timeout_around_a_call(paused: Script, release: threading.Event, serve: Serve) -> None:
    server = serve(paused, replay(TURN))

    async def expire(limit: asyncio.Timeout) -> None:
        await arrived(server)
        limit.reschedule(asyncio.get_running_loop().time())

    async def call(client: AsyncAIGateClient) -> None:
        async with asyncio.timeout(None) as limit, asyncio.TaskGroup() as tasks:
            tasks.create_task(expire(limit))
            await client.get_turn_credentials()

    async def body() -> None:
        async with AsyncAIGateClient(PROJECT, server.url) as client:
            with pytest.raises(TimeoutError):
                await call(client)
            release.set()
            server.wait_for(lambda: server.closed == server.opened == 1)
            assert await client.get_turn_credentials() == {"iceServers": []}

    asyncio.run(body())


def test_cancellation_through_a_proxy(
    paused: Script,
    release: threading.Event,
    async_caller: Caller,
    serve: Serve,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    proxy = serve(paused, replay(TURN))
    monkeypatch.setenv("HTTP_PROXY", proxy.url)

    async def body() -> None:
        async with AsyncAIGateClient(PROJECT, "http://gate.test") as client:
            await cancelled(proxy, client.get_turn_credentials)
            release.set()
            proxy.wait_for(lambda: proxy.closed == proxy.opened == 1)
            assert await client.get_turn_credentials() == {"iceServers": []}

    async_caller.run(body)


@pytest.mark.parametrize("backend", BACKENDS)
def test_loops_side_by_side_keep_their_connections(backend: str, serve: Serve) -> None:
    # The calls of both loops are under way at once, each time.
    together = threading.Barrier(2)

    def respond(_: Request) -> bytes:
        together.wait(PATIENCE)
        return TURN

    server = serve(answer(respond))
    client = AsyncAIGateClient(PROJECT, server.url)

    async def calls() -> None:
        for _ in range(10):
            await client.get_turn_credentials()

    def body() -> None:
        with ThreadPoolExecutor(2) as pool:
            runs = [pool.submit(lambda: anyio.run(calls, backend=backend)) for _ in range(2)]
            for run in runs:
                run.result(2 * PATIENCE)
        anyio.run(client.close, backend=backend)

    assert our_warnings(body) == []
    assert (len(server.requests), server.opened) == (20, 2)


TICKS = 30


class Ticking:
    """Cancels a call so many turns of its event loop after the whole answer has arrived."""

    def __init__(self, serve: Serve) -> None:
        self.server = serve((ReadRequest(), self._wait, Send(TURN), self._sent, ReadRequest()))
        self.cancelled = 0
        self._waiting = 0
        self._go_on = threading.Semaphore(0)
        self._answered = threading.Semaphore(0)

    def _wait(self, _: Peer) -> None:
        self._waiting += 1
        self._go_on.acquire(timeout=PATIENCE)

    def _sent(self, _: Peer) -> None:
        self._answered.release()

    async def arrival(self, number: int) -> None:
        """Return once the answer waits in the client's socket, which the loop hasn't seen yet."""
        while self._waiting < number:
            await anyio.sleep(0)
        self._go_on.release()
        self._answered.acquire(timeout=PATIENCE)

    async def in_a_task(self, client: AsyncAIGateClient, ticks: int) -> None:
        """Cancel the task of a call."""
        task = asyncio.create_task(client.create_session())
        await self.arrival(ticks + 1)
        for _ in range(ticks):
            await asyncio.sleep(0)
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task
        self.cancelled += task.cancelled()

    async def in_a_scope(self, client: AsyncAIGateClient, ticks: int) -> None:
        """Cancel the scope of a call."""
        done: list[object] = []

        async def call() -> None:
            done.append(await client.create_session())

        async with anyio.create_task_group() as tasks:
            tasks.start_soon(call)
            await self.arrival(ticks + 1)
            for _ in range(ticks):
                await anyio.sleep(0)
            tasks.cancel_scope.cancel()
        self.cancelled += not done

    def run(self, backend: str, way: Cancel, url: str) -> None:
        """Cancel at each turn, and see each time whether a connection is left."""

        async def body() -> None:
            for ticks in range(TICKS):
                client = AsyncAIGateClient(PROJECT, url)
                await way(self, client, ticks)
                await client.close()
                await anyio.sleep(0)  # asyncio closes a socket in the turn after
                self.server.wait_for(lambda: self.server.closed == self.server.opened)

        anyio.run(body, backend=backend)


Cancel = Callable[[Ticking, AsyncAIGateClient, int], Coroutine[Any, Any, None]]


@pytest.mark.parametrize("proxied", [False, True], ids=["direct", "proxied"])
@pytest.mark.parametrize(
    ("backend", "way"),
    [
        ("asyncio", Ticking.in_a_task),
        ("asyncio", Ticking.in_a_scope),
        ("trio", Ticking.in_a_scope),
    ],
    ids=["task", "asyncio scope", "trio scope"],
)
def test_cancellation_at_each_turn_around_the_end_of_an_answer(
    backend: str, way: Cancel, proxied: bool, serve: Serve, monkeypatch: pytest.MonkeyPatch
) -> None:
    ticking = Ticking(serve)
    url = ticking.server.url
    if proxied:
        monkeypatch.setenv("HTTP_PROXY", url)
        url = "http://gate.test"
    assert recorded(lambda: ticking.run(backend, way, url)) == []
    assert ticking.server.opened == len(ticking.server.requests) == TICKS
    # Else the turns weren't those around the end.
    assert 0 < ticking.cancelled < TICKS
