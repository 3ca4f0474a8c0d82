"""What is heard of the peer over a path that loses packets, and in a burst of them."""

from __future__ import annotations

import asyncio
import random
import socket
from pathlib import Path

import pytest

from ai_gate.testing import MockGate
from ai_gate.webrtc import Call
from ai_gate.webrtc._aiortc_internals import RECEIVE_BUFFER
from tests.voice.calling import answered, calling, loudness, run, wait_for
from tests.voice.lossy_path import lossy_path, over

RATE = 24000
CHUNK = RATE // 50 * 2
LOUD = 1500.0
TONE_SECONDS = 6.0
SOME_FRAMES = 15
TONES = 2
STOPPED = "output_audio_buffer.stopped"
SOCKETS = Path("/proc/net/udp")
MOST = Path("/proc/sys/net/core/rmem_max")
BURST = 1000
EVENT = b"\x80" + bytes(1199)
"""As large as a packet with an event of 1 KB, and as little use as one whose key is wrong."""


class Losses:
    """Which packets of the peer's audio are lost and which are overtaken, always the same ones."""

    def __init__(self, percent: int) -> None:
        self._chance = random.Random(percent)
        self._percent = percent
        self.sent = 0
        self.lost = 0

    def is_lost(self, data: bytes) -> bool:
        """Whether a packet is lost, told once for each."""
        # What isn't RTP tells the path, the key, the events and how it goes (RFC 7983).
        if not 128 <= data[0] <= 191 or 64 <= data[1] & 0x7F <= 95:
            return False
        self.sent += 1
        is_lost = self._chance.random() < self._percent / 100
        self.lost += is_lost
        return is_lost

    def is_overtaken(self, data: bytes) -> bool:
        """Whether a packet is overtaken by the next two."""
        return 128 <= data[0] <= 191 and self._chance.random() < 0.02


def dropped(port: int) -> int:
    """How many packets the system has dropped because a socket of this machine had no room."""
    rows = (line.split() for line in SOCKETS.read_text().splitlines()[1:])
    return sum(int(row[-1]) for row in rows if row[1].endswith(f":{port:04X}"))


@pytest.mark.skipif(not SOCKETS.exists(), reason="only Linux tells what it drops")
def test_a_burst_finds_room(gate: MockGate) -> None:
    if int(MOST.read_text()) < RECEIVE_BUFFER:
        pytest.skip("net.core.rmem_max is smaller than what is asked for")

    async def main() -> None:
        async with calling(gate) as call:
            pair = call.selected_candidate_pair
            assert pair is not None
            before = dropped(pair.local.port)
            with socket.socket(type=socket.SOCK_DGRAM) as sender:
                # Nothing is read meanwhile, as if the event loop stood still.
                for _ in range(BURST):
                    sender.sendto(EVENT, (pair.local.address, pair.local.port))
            assert dropped(pair.local.port) == before

    run(main())


def test_a_tone_is_heard_over_lossy_paths(gate: MockGate) -> None:
    async def main() -> None:
        bars = {0: 1.0, 1: 0.98, 5: 0.93, 10: 0.88}
        heard = await asyncio.gather(*(tone_heard(gate, percent) for percent in bars))
        for bar, seconds in zip(bars.values(), heard, strict=True):
            assert TONE_SECONDS * bar - 0.02 <= seconds <= TONE_SECONDS * 1.01

    run(main(), limit=60.0)


async def tone_heard(gate: MockGate, percent: int) -> float:
    """Return how many seconds of a tone are heard, over a path that loses some percent of it."""
    losses = Losses(percent)
    async with (
        lossy_path(lost=losses.is_lost, overtaken=losses.is_overtaken) as path,
        answered(gate, lambda answer: over(path, answer)) as call,
    ):
        recording = asyncio.create_task(recorded(call))
        await spoken(call)
        end = losses.sent + SOME_FRAMES
        while losses.sent < end:
            await asyncio.sleep(0.01)
        assert call.audio_lost == pytest.approx(losses.lost, abs=5)
        await call.close()
        pcm = await recording
    # On a busy machine the reader falls behind, and catches up by skipping pauses.
    frames = len(pcm) / CHUNK + call.audio_dropped
    # What is under way when the call is closed isn't waited for.
    assert frames == pytest.approx(losses.sent, abs=SOME_FRAMES)
    chunks = [pcm[start : start + CHUNK] for start in range(0, len(pcm), CHUNK)]
    return sum(loudness(chunk) > LOUD for chunk in chunks) / 50


async def spoken(call: Call) -> None:
    """Have the peer play its tone, all of it without a pause."""
    stopped = 0
    for _ in range(TONES):
        content = [{"type": "input_text", "text": " ".join(["word"] * 30)}]
        item = {"type": "message", "role": "user", "content": content}
        await call.send({"type": "conversation.item.create", "item": item})
        await call.send({"type": "response.create"})
        events = await wait_for(call, "response.done")
        stopped += sum(event["type"] == STOPPED for event in events)
    while stopped < TONES:
        await wait_for(call, STOPPED)
        stopped += 1


async def recorded(call: Call) -> bytes:
    return b"".join([chunk async for chunk in call.audio(RATE)])
