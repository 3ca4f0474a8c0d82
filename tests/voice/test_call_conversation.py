"""A call from one end to the other: events and audio, both ways."""

from __future__ import annotations

import asyncio
from typing import Any, Literal

import pytest
from aiortc.mediastreams import AudioStreamTrack

from ai_gate import AsyncAIGateClient
from ai_gate.testing import MockGate
from ai_gate.webrtc import PCMSource, connect
from ai_gate.webrtc._audio.incoming import LONGEST_QUEUE
from tests.voice.calling import (
    PROJECT,
    SECRET_PARTS,
    calling,
    frequency,
    loudness,
    minted,
    run,
    say,
    see,
    tone,
    wait_for,
)

RATE = 24000
TONE_HZ = 440.0
LOUD = 1000.0


@pytest.mark.parametrize("api", ["calls", "beta"])
def test_text_is_answered_on_both_protocols(gate: MockGate, api: Literal["calls", "beta"]) -> None:
    async def main() -> None:
        async with calling(gate, api=api) as call:
            assert await say(call, "good morning") == "You said: good morning"
            seen = gate.voice.calls[-1]
            assert seen.api == api
            # The beta's answer gives the call no ID.
            assert call.call_id == (seen.call_id if api == "calls" else None)
            assert call.status == "connected"
        await see(gate, lambda one: one.state == "closed")

    run(main())


@pytest.mark.parametrize(
    ("names", "transcript"),
    [
        ("received", "response.audio_transcript.delta"),
        ("current", "response.output_audio_transcript.delta"),
    ],
)
def test_events_are_named_as_received_or_as_now(
    gate: MockGate, names: Literal["received", "current"], transcript: str
) -> None:
    async def main() -> None:
        async with calling(gate, api="beta", event_names=names) as call:
            await call.send({"type": "response.create"})
            events = await wait_for(call, "response.done")
            assert transcript in {event["type"] for event in events}

    run(main())


def test_auto_falls_back_where_the_path_is_not_there(gate: MockGate) -> None:
    async def main() -> None:
        gate.voice.only("beta")
        async with calling(gate) as call:
            assert await say(call, "hello") == "You said: hello"
        assert [one.api for one in gate.voice.calls] == ["beta"]

    run(main())


def test_what_the_peer_says_is_heard(gate: MockGate) -> None:
    async def main() -> None:
        async with calling(gate) as call:
            await call.send({"type": "response.create"})
            heard = await _sound(call.audio(RATE), seconds=0.3)
            assert loudness(heard) > LOUD
            assert frequency(heard, RATE) == pytest.approx(TONE_HZ, rel=0.05)
            first = call.timings.first_audio
            assert first is not None
            # Audio needs no channel: it can be there before that is open.
            assert first > (call.timings.answered or 0)

    run(main())


@pytest.mark.parametrize("rate", [8000, 24000, 48000])
def test_what_is_written_is_heard_and_echoed(gate: MockGate, rate: int) -> None:
    async def main() -> None:
        source = PCMSource(rate)
        async with calling(gate, audio=source) as call:
            await source.write(tone(1.0, rate, 1000.0))
            echo = await _sound(call.audio(RATE), seconds=0.3)
            assert frequency(echo, RATE) == pytest.approx(1000.0, rel=0.05)
            # The echo ends with what was written.
            seen = await see(gate, lambda one: one.sounds_heard >= 45)
            assert seen.sounds_heard <= 55

    run(main())


def test_silence_is_sent_where_there_is_nothing_to_say(gate: MockGate) -> None:
    async def main() -> None:
        async with calling(gate):
            seen = await see(gate, lambda one: one.frames_heard > 25)
            assert seen.sounds_heard == 0

    run(main())


def test_a_track_of_the_callers_is_not_stopped_and_goes_on_as_silence(gate: MockGate) -> None:
    async def main() -> None:
        track = AudioStreamTrack()
        async with calling(gate, audio=track):
            await see(gate, lambda one: one.frames_heard > 5)
        assert track.readyState == "live"

        async with calling(gate, audio=track):
            first = await see(gate, lambda one: one.frames_heard > 5)
            track.stop()
            await see(gate, lambda one: one.frames_heard > first.frames_heard + 25)

    run(main())


def test_a_source_serves_one_call_after_another(gate: MockGate) -> None:
    async def main() -> None:
        source = PCMSource(8000)
        for _ in range(2):
            async with calling(gate, audio=source):
                await source.write(tone(0.5, 8000))
                await see(gate, lambda one: one.sounds_heard > 10)
            async with asyncio.timeout(1.0):
                # Nobody listens, so this neither waits nor is kept.
                await source.write(tone(5.0, 8000))

    run(main())


def test_unread_audio_is_dropped_the_oldest_first(gate: MockGate) -> None:
    async def main() -> None:
        source = PCMSource(8000)
        async with calling(gate, audio=source) as call:
            # Of 2.8 s two can wait, so the first tone is dropped and the second one is there.
            await source.write(tone(1.0, 8000, 400.0))
            await source.write(tone(1.8, 8000, 2000.0))
            async with asyncio.timeout(5.0):
                while call.audio_dropped < 65:
                    await asyncio.sleep(0.01)
            assert call.audio_waiting == LONGEST_QUEUE
            heard = await _sound(call.audio(RATE), seconds=0.2)
            assert frequency(heard, RATE) == pytest.approx(2000.0, rel=0.05)
            call.clear_audio()
            assert call.audio_waiting == 0

    run(main())


def test_a_call_tells_about_itself_but_no_secret(gate: MockGate) -> None:
    async def main() -> None:
        session = await minted(gate)
        async with connect(session, realtime_url=gate.realtime_url) as call:
            assert call.session is session
            assert call.call_id is not None
            assert repr(call) == f"<Call {call.call_id}: connected>"
            pair = call.selected_candidate_pair
            assert pair is not None
            assert (pair.local.type, pair.local.address) == ("host", "127.0.0.1")
            assert "transport" in {one.type for one in (await call.stats()).values()}
            assert call.turn_results == ()
            steps = (call.timings.gathered, call.timings.answered, call.timings.opened)
            assert all(step is not None for step in steps)
            assert list(steps) == sorted(step or 0 for step in steps)
            assert call.data_channel.label == "oai-events"
            assert call.pc.connectionState == "connected"
        assert call.selected_candidate_pair is None

    run(main())


def test_nothing_secret_is_logged(gate: MockGate, caplog: pytest.LogCaptureFixture) -> None:
    async def main() -> None:
        with caplog.at_level("DEBUG"):
            async with calling(gate) as call:
                await say(call, "hello")

    run(main())
    assert any(record.name == "aiortc.rtcpeerconnection" for record in caplog.records)
    ours = [record.getMessage() for record in caplog.records if record.threadName == "MainThread"]
    assert [line for line in ours if any(part in line for part in SECRET_PARTS)] == []


def test_five_calls_at_once(gate: MockGate) -> None:
    async def talk(number: int) -> str:
        async with calling(gate) as call:
            return await say(call, f"number {number}")

    async def main() -> None:
        said = await asyncio.gather(*(talk(number) for number in range(5)))
        assert said == [f"You said: number {number}" for number in range(5)]

    run(main())


def test_a_client_connects_by_itself(gate: MockGate) -> None:
    async def main() -> None:
        async with AsyncAIGateClient(PROJECT, base_url=gate.url) as client:
            connector = client.connect(
                "gpt-realtime",
                "marin",
                extra_body={"tool_choice": "none"},
                realtime_url=gate.realtime_url,
                open_timeout=10.0,
            )
            # The session is created when the call is made, and not before.
            assert gate.received == []
            async with connector as call:
                assert call.session["model"] == "gpt-realtime"
                assert call.session.get("voice") == "marin"
                assert call.session.get("tool_choice") == "none"
                created: dict[str, Any] = await call.recv()
                assert created["type"] == "session.created"

    run(main())


async def _sound(audio: Any, *, seconds: float) -> bytes:
    """The first sound that comes, of a certain length."""
    heard = bytearray()
    async with asyncio.timeout(5.0):
        async for chunk in audio:
            if heard or loudness(chunk) > LOUD:
                heard += chunk
            if len(heard) >= seconds * RATE * 2:
                return bytes(heard)
    raise AssertionError("nothing was heard")
