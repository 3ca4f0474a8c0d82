"""Audio of the peer, read late and at any rate."""

from __future__ import annotations

import asyncio
import struct
from fractions import Fraction

import pytest
from aiortc.mediastreams import MediaStreamError, MediaStreamTrack
from av import AudioFrame

from ai_gate.webrtc._audio.incoming import LONGEST_QUEUE, IncomingAudio


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
