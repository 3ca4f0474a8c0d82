"""What the mock gate hears and calls on request, the path that it impairs, the end of the hour."""

from __future__ import annotations

import asyncio
import json
import math
import struct
from typing import Any

import pytest

from ai_gate.testing import MockGate
from ai_gate.testing._openai.faults import Faults
from ai_gate.testing._openai.wire import Wire
from ai_gate.webrtc import PCMSource
from tests.voice.calling import calling, run, wait_for
from tests.voice.plain_client import calling as plainly_calling

RATE = 24000
TONE = struct.pack(
    f"<{RATE // 2}h", *(round(9000 * math.sin(index / 4)) for index in range(RATE // 2))
)


def names(events: list[Any]) -> list[str]:
    return [event["type"] for event in events if not event["type"].startswith("output_audio")]


@pytest.mark.parametrize("api", ["calls", "beta"])
def test_it_hears_what_it_was_told(gate: MockGate, api: str) -> None:
    gate.voice.only("beta" if api == "beta" else "calls")
    gate.voice.will_hear("what's up")

    async def call() -> list[Any]:
        source = PCMSource(RATE)
        async with calling(gate, audio=source) as call:
            await source.write(TONE)
            return [dict(event) for event in await wait_for(call, "response.done")]

    events = run(call())
    heard = names(events)
    start = heard.index("input_audio_buffer.speech_started")
    assert heard[start : start + 3] == [
        "input_audio_buffer.speech_started",
        "input_audio_buffer.speech_stopped",
        "input_audio_buffer.committed",
    ]
    completed = "conversation.item.input_audio_transcription.completed"
    (transcribed,) = [event for event in events if event["type"] == completed]
    assert transcribed["transcript"] == "what's up"
    (committed,) = [it for it in events if it["type"] == "input_audio_buffer.committed"]
    assert transcribed["item_id"] == committed["item_id"]
    said = events[-1]["response"]["output"][0]["content"][0]["transcript"]
    assert said == "You said: what's up"


def test_it_calls_a_function_and_takes_what_it_returns(gate: MockGate) -> None:
    gate.voice.will_call("get_weather", {"city": "Oslo"})

    async def call() -> tuple[list[Any], list[Any]]:
        async with plainly_calling(gate) as client:
            client.say("the weather?")
            first = await client.until("response.done")
            (called,) = first[-1]["response"]["output"]
            item = {
                "type": "function_call_output",
                "call_id": called["call_id"],
                "output": "rain",
            }
            client.send("conversation.item.create", item=item)
            client.send("response.create")
            return first, await client.until("response.done")

    first, second = run(call())
    (called,) = first[-1]["response"]["output"]
    assert (called["type"], called["name"]) == ("function_call", "get_weather")
    assert json.loads(called["arguments"]) == {"city": "Oslo"}
    done = "response.function_call_arguments.done"
    (arguments,) = [event["arguments"] for event in first if event["type"] == done]
    assert arguments == called["arguments"]
    assert "output_audio_buffer.started" not in [event["type"] for event in first]
    reply = second[-1]["response"]["output"][0]["content"][0]["transcript"]
    assert reply == "You said: rain"


def test_an_hour_ends_a_call(gate: MockGate) -> None:
    async def call() -> list[Any]:
        async with plainly_calling(gate) as client:
            await asyncio.to_thread(gate.advance, 3500)
            client.say("still here")
            await client.until("response.done")
            await asyncio.to_thread(gate.advance, 100)
            events = await client.until("error")
            await asyncio.to_thread(gate.voice.wait_until, lambda it: it[0].state == "closed")
            return events

    assert run(call())[-1]["error"]["code"] == "session_expired"


def test_lost_and_late_packets(gate: MockGate) -> None:
    gate.voice.impair(loss=0.2, jitter=0.01)

    async def call() -> int:
        async with calling(gate, audio=PCMSource(RATE)) as call:
            recording = asyncio.create_task(drain(call.audio(RATE)))
            await call.send({"type": "response.create"})
            await wait_for(call, "output_audio_buffer.stopped")
            while not call.audio_lost:
                await asyncio.sleep(0.01)
            lost = call.audio_lost
            await call.close()
            await recording
            return lost

    assert run(call()) > 0


async def drain(chunks: Any) -> None:
    async for _ in chunks:
        pass


def test_only_packets_of_audio_are_impaired() -> None:
    faults, delivered = Faults(), []
    faults.loss = 1.0
    wire = Wire(None, faults.delay)
    rtp, rtcp, stun, dtls = (bytes([*start, *bytes(20)]) for start in RTP_RTCP_STUN_DTLS)
    for packet in (rtp, rtcp, stun, dtls):
        wire.carry(lambda data, _: delivered.append(data), packet, None)
    assert delivered == [rtcp, stun, dtls]


RTP_RTCP_STUN_DTLS = ((0x80, 0x6F), (0x80, 0xC8), (0x00, 0x01), (0x16, 0xFE))


@pytest.mark.parametrize("arguments", [{"loss": 1.1}, {"loss": -0.1}, {"jitter": -1.0}])
def test_impossible_paths(gate: MockGate, arguments: dict[str, float]) -> None:
    with pytest.raises(ValueError, match="loss must be from 0 to 1"):
        gate.voice.impair(**arguments)
