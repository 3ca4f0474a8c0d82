"""The queue of events, and the signal that it waits for."""

from __future__ import annotations

import asyncio

import pytest

from ai_gate.webrtc import CallEndedError, ConnectionLostError
from ai_gate.webrtc._event_queue import EventQueue
from ai_gate.webrtc._signal import Signal


def test_events_come_in_order_and_then_the_end() -> None:
    async def main() -> None:
        queue = EventQueue(2)
        queue.put({"n": 1})
        full = [queue.is_full]
        queue.put({"n": 2})
        assert [*full, queue.is_full] == [False, True]
        queue.end(None)
        assert [(await queue.get())["n"] for _ in range(2)] == [1, 2]
        for _ in range(2):
            with pytest.raises(CallEndedError):
                await queue.get()

    asyncio.run(main())


def test_a_failure_is_told_each_time_anew() -> None:
    async def main() -> None:
        queue = EventQueue(1)
        failure = ConnectionLostError("Lost.", reason="gone")
        failure.__cause__ = OSError("gone")
        queue.end(failure)
        told = []
        for _ in range(2):
            with pytest.raises(ConnectionLostError) as caught:
                await queue.get()
            told.append(caught.value)
        assert told[0] is not told[1]
        assert [(str(one), one.reason) for one in told] == [("Lost.", "gone")] * 2
        assert told[0].__cause__ is failure.__cause__
        assert failure.__traceback__ is None

    asyncio.run(main())


def test_everybody_who_waits_gets_one() -> None:
    async def main() -> None:
        queue = EventQueue(9)
        waiting = [asyncio.create_task(queue.get()) for _ in range(3)]
        await asyncio.sleep(0)
        waiting[0].cancel()
        for number in range(2):
            queue.put({"n": number})
        async with asyncio.timeout(20.0):
            results = await asyncio.gather(*waiting[1:])
        assert sorted(one["n"] for one in results) == [0, 1]

    asyncio.run(main())


def test_a_wait_that_is_cancelled_takes_nothing() -> None:
    async def main() -> None:
        queue = EventQueue(9)
        waiting = asyncio.create_task(queue.get())
        await asyncio.sleep(0)
        queue.put({"n": 1})
        # It has been woken and hasn't run yet.
        waiting.cancel()
        with pytest.raises(asyncio.CancelledError):
            await waiting
        assert await queue.get() == {"n": 1}

    asyncio.run(main())


def test_a_limited_wait() -> None:
    async def main() -> None:
        signal = Signal()
        assert await signal.wait_at_most(20.0, lambda: True)
        assert not await signal.wait_at_most(0.01, lambda: False)
        changed = asyncio.Event()
        loop = asyncio.get_running_loop()
        loop.call_later(0.01, changed.set)
        loop.call_later(0.02, signal.notify)
        assert await signal.wait_at_most(20.0, changed.is_set)

    asyncio.run(main())
