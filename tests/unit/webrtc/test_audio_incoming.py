"""Audio of the peer, read late and at any rate."""

from __future__ import annotations

import asyncio
import struct
from fractions import Fraction

import pytest
from aiortc.mediastreams import MediaStreamError, MediaStreamTrack
from av import AudioFrame

from ai_gate.webrtc._audio.incoming import LONGEST_BACKLOG, LONGEST_QUEUE, IncomingAudio
from tests.unit.webrtc.audio import sound


class Incoming(MediaStreamTrack):
    """A track of frames with a number for each sample."""

    kind = "audio"

    def __init__(self, count: int) -> None:
        super().__init__()
        self._numbers = iter(range(count))

    async def recv(self) -> AudioFrame:
        number = next(self._numbers, None)
        if number is None:
            raise MediaStreamError
        frame = AudioFrame(format="s16", layout="stereo", samples=960)
        frame.planes[0].update(struct.pack("<h", number) * 1920)
        frame.sample_rate = 48_000
        frame.pts = number * 960
        frame.time_base = Fraction(1, 48_000)
        return frame


def test_what_nobody_reads_is_dropped_the_oldest_first() -> None:
    async def main() -> None:
        began = []
        audio = IncomingAudio(lambda: began.append(True))
        await audio.drain(Incoming(LONGEST_QUEUE + 30))
        audio.end()
        assert audio.dropped == 30
        assert began == [True]
        chunks = [chunk async for chunk in audio.pcm(48_000)]
        assert {len(chunk) for chunk in chunks} == {1920}
        assert [struct.unpack("<h", chunk[:2])[0] for chunk in chunks] == list(
            range(30, LONGEST_QUEUE + 30)
        )

    asyncio.run(main())


@pytest.mark.parametrize("rate", [8000, 11_025, 16_000, 24_000, 96_000])
def test_it_comes_at_the_rate_that_is_wanted(rate: int) -> None:
    async def main() -> None:
        audio = IncomingAudio(lambda: None)
        await audio.drain(Incoming(100))
        audio.end()
        size = sum([len(chunk) async for chunk in audio.pcm(rate)])
        # The resampler keeps a few samples to itself.
        assert size / 2 == pytest.approx(2 * rate, rel=0.02)

    asyncio.run(main())


def test_the_peer_changes_its_codec() -> None:
    async def main() -> None:
        audio = IncomingAudio(lambda: None)
        for rate, layout in ((48_000, "stereo"), (8_000, "mono"), (48_000, "stereo")):
            for _ in range(10):
                audio._put(sound(None, rate=rate, kind=("s16", layout)))
        audio.end()
        size = sum([len(chunk) async for chunk in audio.pcm(24_000)])
        assert size / 2 == pytest.approx(0.6 * 24_000, rel=0.02)

    asyncio.run(main())


def frame(level: int) -> AudioFrame:
    one = AudioFrame(format="s16", layout="stereo", samples=960)
    one.planes[0].update(struct.pack("<h", level) * 1920)
    one.sample_rate = 48_000
    return one


@pytest.mark.parametrize("late", [0, 3, 60])
def test_who_plays_it_and_has_begun_late_does_not_stay_behind(late: int) -> None:
    async def main() -> None:
        audio = IncomingAudio(lambda: None)
        # A second of speech, half a second of pause, and so on.
        said = [(1000 + n if n % 75 < 50 else n % 100) for n in range(500)]
        heard = []
        reader = audio.pcm(48_000)
        for place, level in enumerate(said):
            audio._put(frame(level))
            if place >= late:
                heard.append(struct.unpack("<h", (await anext(reader))[:2])[0])
        assert audio.waiting == min(late, LONGEST_BACKLOG)
        assert audio.dropped == late - audio.waiting
        audio.end()
        heard += [struct.unpack("<h", chunk[:2])[0] async for chunk in reader]
        spoken = [[level for level in levels if level >= 1000] for levels in (heard, said)]
        assert spoken[0] == spoken[1]

    asyncio.run(main())


def test_who_reads_seldom_but_all_of_it_misses_nothing() -> None:
    async def main() -> None:
        audio = IncomingAudio(lambda: None)
        reader = audio.pcm(48_000)
        for place in range(500):
            audio._put(frame(0))
            if place % 90 == 0:
                while audio.waiting:
                    await anext(reader)
        assert audio.dropped == 0

    asyncio.run(main())


def test_what_waits_can_be_thrown_away() -> None:
    async def main() -> None:
        audio = IncomingAudio(lambda: None)
        for level in range(10):
            audio._put(frame(level))
        assert audio.waiting == 10
        audio.clear()
        assert (audio.waiting, audio.dropped) == (0, 0)
        audio._put(frame(11))
        audio.end()
        assert [struct.unpack("<h", one[:2])[0] async for one in audio.pcm(48_000)] == [11]

    asyncio.run(main())
