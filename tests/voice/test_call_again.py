"""One call after another: only with a factory, and not for ever."""

from __future__ import annotations

import asyncio
from contextlib import aclosing
from typing import Any

import pytest

from ai_gate import AIGateError, AsyncAIGateClient, QuotaExceededError
from ai_gate.testing import MockGate
from ai_gate.types import SessionResponse
from ai_gate.webrtc import (
    Call,
    CallEndedError,
    ConnectionLostError,
    Connector,
    QueueOverflowError,
    SDPRefusedError,
    connect,
)
from tests.voice.calling import PROJECT, minted, run, say

pytestmark = pytest.mark.usefixtures("no_backoff")


@pytest.fixture
def no_backoff(monkeypatch: pytest.MonkeyPatch) -> None:
    """Leave out the waits that are chosen at random."""
    monkeypatch.setattr("ai_gate._call.retry.LONGEST_BACKOFF", 0.0)


def connector(gate: MockGate, **options: Any) -> Connector:
    async def factory() -> SessionResponse:
        return await minted(gate)

    return connect(factory, realtime_url=gate.realtime_url, **options)


def paths(gate: MockGate) -> list[str]:
    return [one.path for one in gate.received]


def test_each_call_has_a_session_of_its_own(gate: MockGate) -> None:
    async def main() -> None:
        calls: list[Call] = []
        async for call in connector(gate):
            assert [one.status for one in calls] == ["closed"] * len(calls)
            calls.append(call)
            assert await say(call, "hello") == "You said: hello"
            if len(calls) == 3:
                break
        assert len({call.session["id"] for call in calls}) == 3

    run(main())


def test_the_call_is_closed_where_the_loop_is_left(gate: MockGate) -> None:
    async def main() -> None:
        calls: list[Call] = []
        async for call in connector(gate):
            calls.append(call)
            break
        async with asyncio.timeout(5.0):
            while calls[0].status != "closed":
                await asyncio.sleep(0.01)

    run(main())


def test_the_iterator_can_be_closed(gate: MockGate) -> None:
    async def main() -> None:
        async with aclosing(aiter(connector(gate))) as calls:
            call = await anext(calls)
            assert [call.status] == ["connected"]
        assert call.status == "closed"

    run(main())


def test_a_refusal_that_can_pass_is_tried_again(gate: MockGate) -> None:
    async def main() -> None:
        gate.voice.refuse_next(503)
        gate.voice.refuse_next(429, retry_after=0.2)
        start = asyncio.get_running_loop().time()
        async for call in connector(gate):
            assert asyncio.get_running_loop().time() - start >= 0.2
            assert call.status == "connected"
            break
        assert paths(gate) == ["/session", "/v1/realtime/calls"] * 3

    run(main())


@pytest.mark.parametrize("status", [400, 401, 402, 403])
def test_one_that_cannot_is_not(gate: MockGate, status: int) -> None:
    async def main() -> None:
        gate.voice.refuse_next(status)
        with pytest.raises(SDPRefusedError) as caught:
            async for _ in connector(gate):
                pass
        assert caught.value.status_code == status
        assert paths(gate) == ["/session", "/v1/realtime/calls"]

    run(main())


def test_the_fifth_failure_in_a_row_is_the_last(gate: MockGate) -> None:
    async def main() -> None:
        for _ in range(7):
            gate.voice.refuse_next(500)
        with pytest.raises(SDPRefusedError):
            async for _ in connector(gate):
                pass
        assert paths(gate) == ["/session", "/v1/realtime/calls"] * 5

    run(main())


def test_a_session_that_cannot_be_created(on_loopback: None) -> None:
    with MockGate(realtime=True, quota=0) as gate:

        async def main() -> None:
            async with AsyncAIGateClient(PROJECT, base_url=gate.url) as client:
                with pytest.raises(QuotaExceededError):
                    async for _ in client.connect(realtime_url=gate.realtime_url):
                        pass
            assert paths(gate) == ["/session"]

        run(main())


def test_calls_that_are_lost_at_once_are_failures_too(
    gate: MockGate, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("ai_gate.webrtc._watchdog.INTERVAL", 0.05)
    monkeypatch.setattr("ai_gate.webrtc._watchdog.LOST_AFTER", 0.3)

    async def main() -> None:
        calls: list[Call] = []

        async def lose_them_all() -> None:
            async for call in connector(gate):
                calls.append(call)
                gate.voice.vanish()
                while call.status != "closed":
                    await asyncio.sleep(0.01)

        with pytest.raises(ConnectionLostError):
            await lose_them_all()
        assert len(calls) == 5

    run(main())


def test_so_are_calls_that_the_peer_ends_at_once(gate: MockGate) -> None:
    async def main() -> None:
        calls: list[Call] = []

        async def hear_them_all() -> None:
            async for call in connector(gate):
                calls.append(call)
                gate.voice.hang_up()
                async for _ in call:
                    pass

        with pytest.raises(CallEndedError):
            await hear_them_all()
        assert len(calls) == 5

    run(main())


def test_calls_that_the_loop_ends_are_not(gate: MockGate) -> None:
    async def main() -> None:
        count = 0
        async for call in connector(gate):
            count += 1
            await call.close()
            if count == 7:
                break

    run(main())


def test_a_reader_that_is_too_slow_is_told_at_once(gate: MockGate) -> None:
    async def main() -> None:
        calls: list[Call] = []

        async def read_nothing() -> None:
            async for call in connector(gate, max_queue=5):
                calls.append(call)
                gate.voice.flood(100)
                while call.status != "closed":
                    await asyncio.sleep(0.01)

        with pytest.raises(QueueOverflowError):
            await read_nothing()
        assert len(calls) == 1

    run(main())


def test_one_that_asks_for_years_is_not_waited_for(gate: MockGate) -> None:
    async def main() -> None:
        gate.voice.refuse_next(429, retry_after=1e5)
        with pytest.raises(SDPRefusedError):
            async for _ in connector(gate):
                pass
        assert paths(gate) == ["/session", "/v1/realtime/calls"]

    run(main())


def test_a_single_session_does_not_do(gate: MockGate) -> None:
    async def main() -> None:
        session = await minted(gate)
        with pytest.raises(AIGateError, match="only with a factory"):
            async for _ in connect(session, realtime_url=gate.realtime_url):
                pass

    run(main())
