"""Events: written, read, named, queued."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from ai_gate.webrtc import CallEndedError, ConnectionLostError, EventTooLargeError, WebRTCError
from ai_gate.webrtc._events import EventQueue, decode, encode, max_size, with_current_name


def test_an_event_is_written_short_and_as_it_is() -> None:
    event = {"type": "x", "text": "grüße ☎", "list": [1, None]}
    assert encode(event, None) == '{"type":"x","text":"grüße ☎","list":[1,null]}'


def test_its_size_is_counted_in_bytes() -> None:
    event = {"t": "ü"}
    assert encode(event, 10) == '{"t":"ü"}'
    with pytest.raises(EventTooLargeError, match="has 10 bytes, and the peer takes 9"):
        encode(event, 9)


@pytest.mark.parametrize(
    "event",
    [None, "x", [], {"x": object()}, {"x": float("inf")}, {"x": "\udfff"}, {(): 1}],
)
def test_what_json_cannot_hold(event: Any) -> None:
    with pytest.raises(WebRTCError, match="nothing was sent") as caught:
        encode(event, None)
    assert type(caught.value) is WebRTCError


def test_what_has_no_end() -> None:
    event: dict[str, Any] = {}
    event["event"] = event
    with pytest.raises(WebRTCError, match="can't be written as JSON"):
        encode(event, None)


@pytest.mark.parametrize("message", ['{"type":"x"}', b'{"type":"x"}'])
def test_an_event_is_read(message: str | bytes) -> None:
    assert decode(message) == {"type": "x"}


@pytest.mark.parametrize("message", ["", "x", "[]", "1", b"\xff\xfe\xff", "[" * 100_000], ids=len)
def test_what_is_no_event(message: str | bytes) -> None:
    assert decode(message) is None


@pytest.mark.parametrize(
    ("received", "current"),
    [
        ("response.text.delta", "response.output_text.delta"),
        ("response.text.done", "response.output_text.done"),
        ("response.audio.delta", "response.output_audio.delta"),
        ("response.audio.done", "response.output_audio.done"),
        ("response.audio_transcript.delta", "response.output_audio_transcript.delta"),
        ("response.audio_transcript.done", "response.output_audio_transcript.done"),
        ("conversation.item.created", "conversation.item.added"),
        ("conversation.item.added", "conversation.item.added"),
        ("response.output_text.delta", "response.output_text.delta"),
        ("response.done", "response.done"),
        (7, 7),
        (None, None),
    ],
)
def test_names(received: object, current: object) -> None:
    event = {"type": received, "delta": "x"}
    assert with_current_name(event) == {"type": current, "delta": "x"}
    # The one that was received is somebody else's.
    assert event["type"] == received


@pytest.mark.parametrize(
    ("answer", "size"),
    [
        ("v=0\r\na=max-message-size:262144\r\n", 262_144),
        ("v=0\na=max-message-size:1000", 1000),
        ("v=0\r\na=max-message-size:0\r\n", None),
        (f"v=0\r\na=max-message-size:{2**64 - 1}\r\n", 2**64 - 1),
        ("v=0\r\n", 65_536),
        ("v=0\r\na=max-message-size:many\r\n", 65_536),
        ("v=0\r\nx=a=max-message-size:1\r\n", 65_536),
    ],
)
def test_what_the_peer_takes(answer: str, size: int | None) -> None:
    assert max_size(answer) == size


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
        async with asyncio.timeout(1.0):
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
