"""How calls end: in due form, by force, by neglect."""

from __future__ import annotations

import asyncio
import socket
import time
from collections.abc import Callable
from contextlib import aclosing
from typing import Any

import pytest

from ai_gate import AIGateError
from ai_gate.testing import MockGate
from ai_gate.webrtc import (
    Call,
    CallEndedError,
    Candidate,
    ConnectionLostError,
    EventTooLargeError,
    QueueOverflowError,
    WebRTCError,
    connect,
)
from tests.voice import running
from tests.voice.calling import answered, calling, minted, run, say, see, wait_for

NOTICED_WITHIN = 15.0
PEER_TAKES = 262_144
"""What aiortc, and so the mock gate's peer, says that it takes."""


def test_hanging_up_is_a_clean_end(gate: MockGate) -> None:
    async def main() -> None:
        async with calling(gate) as call:
            await wait_for(call, "session.created")
            gate.voice.send({"type": "last"})
            gate.voice.hang_up()
            assert [event["type"] async for event in call] == ["last"]
            assert call.status == "closed"
            with pytest.raises(CallEndedError):
                await call.recv()
            with pytest.raises(CallEndedError):
                await call.send({"type": "response.create"})
            assert [chunk async for chunk in call.audio() if not chunk] == []

    run(main())


def test_closing_ends_those_who_wait(gate: MockGate) -> None:
    async def main() -> None:
        session = await minted(gate)
        call = await connect(session, realtime_url=gate.realtime_url).__aenter__()
        await wait_for(call, "session.created")
        waiting = asyncio.create_task(call.recv())
        audio = call.audio()
        listening = asyncio.create_task(_all_of(audio))
        await asyncio.sleep(0)
        await call.close()
        with pytest.raises(CallEndedError):
            await waiting
        await listening
        async with aclosing(audio):
            assert [chunk async for chunk in audio] == []
        await call.close()
        async with call:
            assert call.status == "closed"

    run(main())


def test_another_event_loop_is_told_so(gate: MockGate) -> None:
    async def main() -> None:
        async with calling(gate) as call:
            event = {"type": "response.create"}
            uses: list[Callable[[], Any]] = [
                lambda: call.send(event), call.recv, call.stats, call.close, call.audio
            ]  # fmt: skip
            for use in uses:
                with pytest.raises(AIGateError, match="belongs to another event loop"):
                    await asyncio.to_thread(asyncio.run, awaited(use))
            assert await say(call, "go on") == "You said: go on"
        # Once it is over, nobody is waited for.
        with pytest.raises(CallEndedError):
            await asyncio.to_thread(asyncio.run, awaited(lambda: call.send(event)))

    async def awaited(use: Callable[[], Any]) -> None:
        await use()

    run(main())


def test_what_was_sent_before_closing_arrives(gate: MockGate) -> None:
    async def main() -> None:
        async with calling(gate, close_timeout=10.0) as call:
            for number in range(20):
                await call.send({"type": "mock.test", "number": number, "data": "x" * 50_000})
        await see(gate, lambda one: one.state == "closed")
        assert [event["number"] for event in gate.voice.calls[-1].events] == list(range(20))

    run(main())


STRANGE = [b"\x80\x6f" + bytes(50), b"\x80\xc8" + bytes(50), b"\x17\xfe\xfd" + bytes(50)]
"""Packets that look like RTP, RTCP and DTLS, and that the peer's keys don't fit."""


async def keep_sending(to: Candidate) -> None:
    with socket.socket(type=socket.SOCK_DGRAM) as stranger:
        while True:
            for packet in STRANGE:
                stranger.sendto(packet, (to.address, to.port))
            await asyncio.sleep(0.2)


def test_what_many_tasks_send_arrives_in_the_order_of_their_calls(gate: MockGate) -> None:
    async def main() -> None:
        async with calling(gate) as call:
            # More than can wait in the channel.
            text = "x" * 30_000
            events = [{"type": "mock.test", "number": n, "data": text} for n in range(80)]
            await asyncio.gather(*map(call.send, events))
            seen = await see(gate, lambda one: len(one.events) == 80)
            assert [event["number"] for event in seen.events] == list(range(80))

    run(main())


def test_a_peer_that_vanishes_is_noticed_whatever_strangers_send(gate: MockGate) -> None:
    async def main() -> None:
        async with calling(gate) as call:
            await wait_for(call, "session.created")
            await see(gate, lambda one: one.frames_heard > 5)
            gate.voice.send({"type": "last"})
            async with asyncio.timeout(2.0):
                last = await call.recv()
            pair = call.selected_candidate_pair
            assert pair is not None
            sending = asyncio.create_task(keep_sending(pair.local))
            gate.voice.vanish()
            start = time.monotonic()
            with pytest.raises(ConnectionLostError) as caught:
                await _watching(call)
            sending.cancel()
            assert 5.0 < time.monotonic() - start < NOTICED_WITHIN + 1.0
            assert last == {"type": "last"}
            assert caught.value.reason is not None
            with pytest.raises(ConnectionLostError):
                await call.send({"type": "response.create"})
            start = time.monotonic()
        # Nobody answers any more, and still it closes in time.
        assert time.monotonic() - start < 3.0

    run(main(), limit=40.0)


def test_a_slow_reader_is_told(gate: MockGate) -> None:
    async def main() -> None:
        async with calling(gate, max_queue=50) as call:
            await wait_for(call, "session.created")
            gate.voice.flood(200)
            await _closed(call)
            events = [await call.recv() for _ in range(50)]
            assert [event["index"] for event in events] == list(range(50))
            with pytest.raises(QueueOverflowError, match="50 events"):
                await call.recv()

    run(main())


def test_a_reader_that_keeps_up_gets_each_event_in_order(gate: MockGate) -> None:
    async def main() -> None:
        async with calling(gate) as call:
            await wait_for(call, "session.created")
            gate.voice.flood(1000, size=200)
            indexes = [(await call.recv())["index"] for _ in range(1000)]
            assert indexes == list(range(1000))
            assert await say(call, "still there?") == "You said: still there?"

    run(main())


def test_large_events_both_ways(gate: MockGate) -> None:
    async def main() -> None:
        async with calling(gate) as call:
            text = "wort " * 12_000
            assert await say(call, text) == f"You said: {text}"
            gate.voice.flood(1, size=60_000)
            (event,) = await wait_for(call, "mock.flood")
            assert len(event["data"]) == 60_000

    run(main())


@pytest.mark.parametrize("letter", ["x", "ü"])
def test_an_event_that_is_too_large_is_not_sent(gate: MockGate, letter: str) -> None:
    async def main() -> None:
        async with answered(gate, lambda answer: answer.replace("1073741823", "262144")) as call:
            most = PEER_TAKES - len('{"type":"x","data":""}')
            fitting = {"type": "x", "data": letter * (most // len(letter.encode()))}
            await call.send(fitting)
            with pytest.raises(EventTooLargeError, match="takes 262,144 at most"):
                await call.send({**fitting, "data": fitting["data"] + letter})
            events = await wait_for(call, "error")
            assert call.status == "connected"
            assert len(events) > 0
            assert len(gate.voice.calls[-1].events) == 1

    run(main())


@pytest.mark.parametrize("event", [
    "text", None, {"type": object()}, {"type": float("nan")}, {"type": "\ud800"}, {1j: 2},
])  # fmt: skip
def test_what_is_no_event_is_not_sent(gate: MockGate, event: Any) -> None:
    async def main() -> None:
        async with calling(gate) as call:
            with pytest.raises(WebRTCError, match="nothing was sent"):
                await call.send(event)
            assert await say(call, "go on") == "You said: go on"

    run(main())


def test_a_cancelled_recv_takes_nothing(gate: MockGate) -> None:
    async def main() -> None:
        async with calling(gate) as call:
            await wait_for(call, "session.created")
            for number in range(20):
                waiting = asyncio.create_task(call.recv())
                await asyncio.sleep(0)
                gate.voice.send({"type": "numbered", "number": number})
                await asyncio.sleep(0.001 * (number % 5))
                waiting.cancel()
                result = (await asyncio.gather(waiting, return_exceptions=True))[0]
                event = result if isinstance(result, dict) else await call.recv()
                assert event["number"] == number

    run(main())


def test_sending_waits_for_a_peer_that_takes_nothing(gate: MockGate) -> None:
    async def main() -> None:
        async with calling(gate, close_timeout=0.2) as call:
            gate.voice.vanish()
            sending = asyncio.create_task(_pour(call))
            async with asyncio.timeout(5.0):
                while call.data_channel.bufferedAmount <= 1_048_576:
                    await asyncio.sleep(0.01)
            await asyncio.sleep(0.1)
            # One event more than the limit, and no second one.
            assert call.data_channel.bufferedAmount <= 1_048_576 + 60_000
            assert not sending.done()
            start = time.monotonic()
            await call.close()
            assert time.monotonic() - start < 1.0
            with pytest.raises(CallEndedError):
                await sending

    run(main())


def test_a_message_that_is_no_event_is_left_out_aloud(
    gate: MockGate, caplog: pytest.LogCaptureFixture
) -> None:
    async def main() -> None:
        async with calling(gate) as call:
            await wait_for(call, "session.created")
            message: Any = ["no", "event"]
            gate.voice.send(message)
            gate.voice.send({"type": "next"})
            assert await call.recv() == {"type": "next"}

    run(main())
    warnings = [one.getMessage() for one in caplog.records if one.levelname == "WARNING"]
    assert any("no JSON object" in line for line in warnings)


def test_an_error_in_the_body_closes_the_call(gate: MockGate) -> None:
    async def main() -> None:
        calls: list[Call] = []

        async def fail() -> None:
            async with calling(gate) as call:
                calls.append(call)
                _ = 1 / 0

        with pytest.raises(ZeroDivisionError):
            await fail()
        assert [call.status for call in calls] == ["closed"]

    run(main())


def test_after_closing_only_the_reaper_is_left(gate: MockGate) -> None:
    async def main() -> None:
        async with calling(gate, close_timeout=0.0) as call:
            gate.voice.vanish()
        assert call.status == "closed"
        assert await running.finished(15.0)
        assert running.tasks() == set()

    run(main())


@pytest.mark.parametrize("end", ["hang up", "overflow", "close"])
def test_what_ended_a_call_soon_is_known(gate: MockGate, end: str) -> None:
    async def main() -> None:
        async with calling(gate, max_queue=50) as call:
            await wait_for(call, "session.created")
            assert call._failed_within(30.0) is None
            if end == "hang up":
                gate.voice.hang_up()
            elif end == "overflow":
                gate.voice.flood(200)
            else:
                await call.close()
            await _closed(call)
            failure = call._failed_within(30.0)
        expected = {"hang up": CallEndedError, "overflow": QueueOverflowError, "close": type(None)}
        assert type(failure) is expected[end]
        assert type(call._failed_within(30.0)) is expected[end]
        assert call._failed_within(0.0) is None
        if end == "hang up":
            assert "The peer hung up" in str(failure)

    run(main())


async def _pour(call: Call) -> None:
    while True:
        await call.send({"type": "x", "data": "x" * 50_000})


async def _closed(call: Call) -> None:
    async with asyncio.timeout(5.0):
        while call.status != "closed":
            await asyncio.sleep(0.01)


async def _watching(call: Call) -> None:
    """Read to the end, and see that the trouble shows before."""
    seen = set()
    reading = asyncio.create_task(_all_of(call))
    while not reading.done():
        seen.add(call.status)
        await asyncio.wait({reading}, timeout=0.1)
    assert "disconnected" in seen
    await reading


async def _all_of(things: Any) -> None:
    async for _ in things:
        pass
