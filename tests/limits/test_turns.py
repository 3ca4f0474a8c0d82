"""What becomes of a turn whose call ends in the middle, and of news that nobody could hear."""

from __future__ import annotations

import signal
import threading
import time
from collections import deque
from typing import Any

import anyio
import pytest

from ai_gate import AIGateClient, AsyncAIGateClient, ConcurrentLimitError, RateLimitError
from ai_gate._call.desk import project_key
from ai_gate._call.exchange import Deadline, Look, Order
from ai_gate._call.operations import get_turn_credentials
from ai_gate._call.turn import Turn
from ai_gate._config import Config
from ai_gate._http.look import LOOKS_OF_A_LOOP, look_async
from ai_gate.limits import Limiter, _counts
from ai_gate.testing import MockGate
from tests.limits.conftest import PATIENCE, StartRedis, eventually, far_away
from tests.support.callers import GET, NOWHERE, POST, PROJECT, Caller, Client

NEVER = "redis://127.0.0.1:9/0"


def used(limiter: Limiter, url: str) -> tuple[int, int, int]:
    """Return the requests, live sessions and sessions of the month that are counted."""
    usage = limiter.usage(PROJECT, url)
    return usage.requests.used, usage.concurrent.used, usage.quota.used


def test_what_cant_be_sent_gives_its_turn_back(caller: Caller, store: str | None) -> None:
    limiter = Limiter(store, concurrent=1, quota=1)

    async def body(client: Client) -> None:
        for _ in range(2):
            error = await client.failure(POST, extra_body={"tools": object()})
            assert "nothing was sent" in str(error)

    caller.use(NOWHERE, body, limiter=limiter)
    eventually(lambda: used(limiter, NOWHERE) == (0, 0, 0))


@pytest.fixture
def long_lease(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let others wait for the one that tries until it says what came of it."""
    monkeypatch.setattr(_counts, "LEASE", 1000.0)


@pytest.mark.usefixtures("long_lease")
def test_an_apps_own_exception_ends_a_turn(caller: Caller, store: str | None) -> None:
    def stop(_: Any) -> None:
        raise ZeroDivisionError

    limiter = Limiter(store, window=0.3)

    async def body(client: Client) -> None:
        # It is the one that tries whether the hold is over.
        time.sleep(0.35)
        for _ in range(2):
            with pytest.raises(ZeroDivisionError):
                await client.get_turn_credentials()

    with MockGate() as gate:
        gate.respond_next(429, "rate_limit")
        assert caller.attempt(GET, gate.url, {}, limiter=limiter, max_retries=0).error.sent
        hooks = {"request": [caller.hook(stop)]}
        http_client = caller.httpx_client(event_hooks=hooks).client
        # Nobody waits for it, or the call's timeout would be the error.
        caller.use(gate.url, body, limiter=limiter, http_client=http_client)


@pytest.mark.usefixtures("long_lease")
@pytest.mark.parametrize("backend", ["asyncio", "trio"])
def test_a_call_that_is_cancelled_ends_its_turn(backend: str, store: str | None) -> None:
    limiter = Limiter(store, window=0.3)

    async def main(gate: MockGate) -> None:
        async with AsyncAIGateClient(PROJECT, gate.url, limiter=limiter, max_retries=0) as client:
            gate.respond_next(429, "rate_limit")
            with pytest.raises(RateLimitError):
                await client.get_turn_credentials()
            await anyio.sleep(0.35)
            before = len(gate.received)
            gate.slow(60.0)
            async with anyio.create_task_group() as group:
                group.start_soon(client.get_turn_credentials)
                while len(gate.received) == before:
                    await anyio.sleep(0.01)
                group.cancel_scope.cancel()
            gate.recover()
            await client.get_turn_credentials()

    with MockGate() as gate:
        anyio.run(main, gate, backend=backend)


def test_an_interrupt_ends_a_turn(store: str | None) -> None:
    def ring(number: int, frame: object) -> None:
        raise KeyboardInterrupt

    limiter = Limiter(store, concurrent=1)
    with MockGate() as gate, AIGateClient(PROJECT, gate.url, limiter=limiter) as client:
        client.get_turn_credentials()
        gate.slow(60.0)
        before = signal.signal(signal.SIGALRM, ring)
        kept = None
        try:
            signal.setitimer(signal.ITIMER_REAL, 0.3)
            client.create_session()
        except KeyboardInterrupt as interrupt:
            kept = interrupt  # So does whoever shows the traceback.
        finally:
            signal.signal(signal.SIGALRM, before)
        assert kept is not None
        # The gate may have made it.
        assert used(limiter, gate.url) == (2, 1, 1)
        (key,) = limiter._desk._news
        # A thread tells it.
        eventually(lambda: limiter._desk.look(key)["under_way"] == 0)


def test_sessions_of_an_outage_are_counted_after_it(
    caller: Caller, start_redis: StartRedis
) -> None:
    server = start_redis()
    with MockGate(requests=None) as gate:
        limiter = Limiter(server.url, concurrent=5)

        async def body(client: Client) -> None:
            await client.get_turn_credentials()
            server.stop()
            first = await client.create_session()
            await client.create_session()
            if caller.flavour == "sync":
                limiter.release(first)
            else:
                await limiter.release_async(first)
            server.start()
            time.sleep(1.1)  # So long nobody looks.

        caller.use(gate.url, body, limiter=limiter)
        # What the gate had counted before was lost with the store, and is known here.
        eventually(lambda: used(limiter, gate.url) == (3, 1, 2))


def test_a_release_in_another_process_while_the_store_is_away(start_redis: StartRedis) -> None:
    server = start_redis()
    with MockGate() as gate:
        one, other = (Limiter(server.url, concurrent=1, wait=False) for _ in range(2))
        with AIGateClient(PROJECT, gate.url, limiter=one) as client:
            session = client.create_session()
            server.send(signal.SIGSTOP)
            other.release(session)
            time.sleep(1.1)  # So long nobody looks.
            server.send(signal.SIGCONT)
            other.usage(PROJECT, gate.url)
            eventually(lambda: used(one, gate.url)[1] == 0)


def test_news_that_are_told_twice_count_once(start_redis: StartRedis) -> None:
    server = start_redis()
    with MockGate(requests=None, concurrent=None, quota=None) as gate:
        limiter = Limiter(server.url, concurrent=100)
        with AIGateClient(PROJECT, gate.url, limiter=limiter) as client:
            client.create_session()
            for _ in range(2):
                # The looks reach the store, and are carried out, but nobody waits for that.
                server.send(signal.SIGSTOP)
                client.create_session()
                time.sleep(1.1)  # So long nobody looks.
                client.create_session()
                server.send(signal.SIGCONT)
                time.sleep(1.1)
            eventually(lambda: used(limiter, gate.url) == (5, 5, 5))


def test_the_news_that_are_kept_are_bounded() -> None:
    limiter = Limiter(NEVER)
    desk = limiter._desk
    for number in range(3000):
        desk.tell("key", {"id": f"{number}", "what": "made"})
        desk._released.append(f"{number}")
    desk.look("key")
    assert len(desk._news["key"]) <= 1001
    assert len(desk._released) <= 1001


def test_threads_look_at_the_same_time(
    start_redis: StartRedis, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    # In all it takes longer than a look can. A thread's own may take longer on a busy machine.
    monkeypatch.setattr("ai_gate._http.look.LONGEST_LOOK", PATIENCE)
    with far_away(start_redis(), 0.02) as url, MockGate(requests=None) as gate:
        limiter = Limiter(url, requests=20, wait=False)
        found: list[bool] = []
        with AIGateClient(PROJECT, gate.url, limiter=limiter, max_retries=0) as client:

            def call() -> None:
                try:
                    client.get_turn_credentials()
                    found.append(True)
                except RateLimitError as error:
                    found.append(error.sent)

            threads = [threading.Thread(target=call) for _ in range(40)]
            for one in threads:
                one.start()
            for one in threads:
                one.join()
        assert sorted(found) == [False] * 20 + [True] * 20
    assert not caplog.records


def test_a_release_opens_one_slot_after_a_refusal_by_the_gate(store: str | None) -> None:
    with MockGate(concurrent=2) as gate:
        # It isn't told how many sessions there can be.
        limiter = Limiter(store, wait=False)
        with AIGateClient(PROJECT, gate.url, limiter=limiter) as client:
            first, *_ = [client.create_session() for _ in range(2)]
            outcomes = []
            for _ in range(2):
                with pytest.raises(ConcurrentLimitError) as told:
                    client.create_session()
                outcomes.append((told.value.sent, told.value.current, told.value.max))
            assert outcomes == [(True, 2, 2), (False, 2, 2)]
            gate.advance(3600)
            limiter.release(first)
            client.create_session()
            with pytest.raises(ConcurrentLimitError) as told:
                client.create_session()
            assert not told.value.sent, "the others go on to count"


def test_a_look_that_ends_after_its_call_gives_its_turn_back() -> None:
    desk = Limiter()._desk
    config = Config.checked(
        project_id=PROJECT, base_url=NOWHERE, timeout=5.0, max_retries=0, debug=False
    )
    turn = Turn(desk, get_turn_credentials(PROJECT), config, Order({}, Deadline(5.0)))
    look = next(turn.take())

    def tell(key: str, news: dict[str, Any]) -> None:
        desk.tell(key, news)
        look.action()  # Another thread, which hears the news first.

    def stop(key: str, news: dict[str, Any]) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        turn._end({"what": "unsent"}, stop)
    desk.tell_soon = tell  # type: ignore[method-assign]
    turn.give_back()
    assert desk.look(project_key(config))["under_way"] == 0


def test_sessions_that_two_threads_tell_of() -> None:
    class Emptied(deque[str]):
        def __bool__(self) -> bool:
            return True  # Another thread takes the last one right after it was seen.

    limiter = Limiter()
    limiter._desk._released = Emptied()
    limiter.release({"session_id": "sess_1"})


@pytest.mark.usefixtures("patience")
@pytest.mark.parametrize("backend", ["asyncio", "trio"])
def test_a_call_waits_for_a_thread_within_its_timeout(backend: str) -> None:
    ended = threading.Event()

    async def main() -> None:
        async with anyio.create_task_group() as group:
            for _ in range(LOOKS_OF_A_LOOP):
                group.start_soon(look_async, Look(ended.wait, 0.0, True))
            await anyio.wait_all_tasks_blocked()
            assert await look_async(Look(int, 0.0, True, 0.1)) is None
            ended.set()
            # A later one finds a thread.
            assert await look_async(Look(int, 0.0, True)) == 0

    anyio.run(main, backend=backend)
