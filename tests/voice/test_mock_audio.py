"""What the mock gate says and hears on the audio track."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from aiortc import RTCConfiguration, RTCPeerConnection

from ai_gate.testing import MockGate
from tests.voice.plain_client import PlainClient, calling, create_session
from tests.voice.running import run

SPOKEN = 440
SUNG = 1000


@pytest.mark.parametrize("api", ["calls", "beta"])
def test_an_answer_is_a_tone_between_silences(gate: MockGate, api: str) -> None:
    async def call() -> None:
        async with calling(gate, api) as client:
            await client.hears(0)
            client.say("hello")
            await client.hears(SPOKEN, frames=15)
            await client.hears(0)
            await client.until("output_audio_buffer.stopped")

    run(call())


def test_a_second_answer_waits_for_the_tone_of_the_first(gate: MockGate) -> None:
    async def call() -> None:
        async with calling(gate) as client:
            events = []
            for _ in range(2):
                client.send("response.create")
                events += await client.until("response.done")
            names = [event["type"] for event in events]
            assert "output_audio_buffer.stopped" not in names
            stopped = [
                (await client.until("output_audio_buffer.stopped"))[-1]["response_id"]
                for _ in range(2)
            ]
            done = [event["response"]["id"] for event in events if event["type"] == names[-1]]
            assert stopped == done

    run(call())


def test_it_echoes_what_it_hears(gate: MockGate) -> None:
    async def call() -> None:
        async with calling(gate, hertz=SUNG) as client:
            await client.hears(SUNG, frames=20)

    run(call())
    assert gate.voice.calls[0].sounds_heard >= 20


def test_an_answer_goes_before_the_echo(gate: MockGate) -> None:
    async def call() -> str:
        async with calling(gate, hertz=SUNG) as client:
            await client.hears(SUNG)
            client.send("response.create")
            await client.hears(SPOKEN, frames=15)
            await client.hears(SUNG)
            done = (await client.until("response.done"))[-1]
            text: str = done["response"]["output"][0]["content"][0]["transcript"]
            return text

    assert run(call()).startswith("I heard 0.")


def test_a_client_that_only_listens(gate: MockGate) -> None:
    async def call() -> None:
        async with calling(gate, hertz=None) as client:
            client.say("hello")
            await client.hears(SPOKEN)

    run(call())
    assert gate.voice.calls[0].frames_heard == 0


def test_silence_is_not_taken_for_sound(gate: MockGate) -> None:
    async def call() -> None:
        async with calling(gate) as client:
            await client.hears(0, frames=20)
            await asyncio.to_thread(gate.voice.wait_until, lambda it: it[0].frames_heard > 20)

    run(call())
    assert gate.voice.calls[0].sounds_heard == 0


def test_video_is_turned_down(gate: MockGate) -> None:
    async def call() -> list[Any]:
        connection = RTCPeerConnection(RTCConfiguration(iceServers=[]))
        connection.addTransceiver("audio", direction="recvonly")
        connection.addTransceiver("video", direction="recvonly")
        client = PlainClient(connection, connection.createDataChannel("oai-events"))
        await client.exchange(gate, "calls", await create_session(gate))
        await client.until("session.created")
        directions = [it.currentDirection for it in connection.getTransceivers()]
        await client.close()
        return directions

    assert run(call()) == ["recvonly", "inactive"]
