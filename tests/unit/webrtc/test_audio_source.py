"""PCM that is written, cut into frames."""

from __future__ import annotations

import asyncio
import math
from array import array
from fractions import Fraction
from typing import Any

import pytest
from aiortc.mediastreams import MediaStreamError

from ai_gate import AIGateError
from ai_gate.webrtc import PCMSource
from ai_gate.webrtc._audio.outgoing import OutgoingTrack
from ai_gate.webrtc._audio.source import PCMFormat
from tests.unit.webrtc.audio import FRAME, frames, numbers, samples, start_of


@pytest.mark.parametrize("rate", [0, 7999, 8001, 48001, 22050.0, "8000", True, None])
def test_a_rate_that_cannot_be_cut(rate: int) -> None:
    with pytest.raises(AIGateError, match="rate must be an integer"):
        PCMSource(rate)


def test_what_is_written_comes_out_in_frames() -> None:
    async def main() -> None:
        source = PCMSource(8000)
        await source.write(numbers(0, FRAME * 2))
        first, second, silence = await frames(source, 3)
        assert samples(first) + samples(second) == list(range(FRAME * 2))
        assert samples(silence) == [0] * FRAME
        assert [one.pts for one in (first, second, silence)] == [0, FRAME, FRAME * 2]
        assert first.sample_rate == 8000
        assert start_of(second) == Fraction(FRAME, 8000)

    asyncio.run(main())


def test_a_sample_can_be_split() -> None:
    async def main() -> None:
        source = PCMSource(8000)
        pcm = numbers(0, FRAME)
        for start in range(0, len(pcm), 7):
            await source.write(pcm[start : start + 7])
        (frame,) = await frames(source, 1)
        assert samples(frame) == list(range(FRAME))

    asyncio.run(main())


def test_a_part_of_a_frame_waits_for_the_rest_but_not_for_ever() -> None:
    async def main() -> None:
        source = PCMSource(8000)
        await source.write(numbers(1, 100))
        (early,) = await frames(source, 1)
        await source.write(numbers(101, 60))
        (whole,) = await frames(source, 1)
        await source.write(numbers(1, 3))
        _, padded = await frames(source, 2)
        assert samples(early) == [0] * FRAME
        assert samples(whole) == list(range(1, FRAME + 1))
        assert samples(padded) == [1, 2, 3] + [0] * (FRAME - 3)

    asyncio.run(main())


def test_writing_waits_for_room() -> None:
    async def main() -> None:
        source = PCMSource(8000)
        await source.write(bytes(16_000))
        writing = asyncio.create_task(source.write(numbers(1, FRAME * 2)))
        await asyncio.sleep(0)
        assert not writing.done()
        await frames(source, 1)
        await asyncio.sleep(0)
        assert not writing.done()
        await frames(source, 1)
        await asyncio.wait_for(writing, 1.0)

    asyncio.run(main())


def test_clearing_makes_room_and_silence() -> None:
    async def main() -> None:
        source = PCMSource(8000)
        await source.write(numbers(1, 8000))
        writing = asyncio.create_task(source.write(numbers(1, FRAME)))
        await asyncio.sleep(0)
        source.clear()
        await asyncio.wait_for(writing, 1.0)
        source.clear()
        assert samples((await frames(source, 1))[0]) == [0] * FRAME

    asyncio.run(main())


@pytest.mark.parametrize("kind", [bytes, bytearray, memoryview])
def test_what_can_be_written(kind: type[bytes]) -> None:
    async def main() -> None:
        source = PCMSource(8000)
        await source.write(kind(numbers(1, FRAME)))
        assert samples((await frames(source, 1))[0])[0] == 1

    asyncio.run(main())


@pytest.mark.parametrize("pcm", ["x", None, 5, memoryview(bytearray(100))[::2]])
def test_what_is_no_pcm(pcm: Any) -> None:
    async def main() -> None:
        with pytest.raises(AIGateError, match="pcm must be bytes"):
            await PCMSource(8000).write(pcm)

    asyncio.run(main())


@pytest.mark.parametrize(
    ("taken", "typecode"),
    [("s16", "f"), ("s16", "d"), ("s16", "H"), ("s16", "i"), ("f32", "h"), ("f32", "d")],
)
def test_samples_of_another_format_are_refused(taken: PCMFormat, typecode: str) -> None:
    async def main() -> None:
        pcm = memoryview(array(typecode, [0] * FRAME))
        with pytest.raises(AIGateError, match=f"format '{typecode}', and a PCMSource of .*{taken}"):
            await PCMSource(8000, format=taken).write(pcm)

    asyncio.run(main())


def test_a_format_that_is_none() -> None:
    wrong: Any = "f64"
    with pytest.raises(AIGateError, match="format must be one of s16, f32"):
        PCMSource(8000, format=wrong)


def test_integers_as_they_are() -> None:
    async def main() -> None:
        source = PCMSource(8000)
        await source.write(memoryview(array("h", range(FRAME))))
        (frame,) = await frames(source, 1)
        assert samples(frame) == list(range(FRAME))

    asyncio.run(main())


@pytest.mark.parametrize("size", [None, 3, 7])
def test_floats(size: int | None) -> None:
    floats = [0.0, 0.5, -0.5, 1.0, -1.0, 3.0, -3.0, math.inf, math.nan] + [0.25] * (FRAME - 9)

    async def main() -> None:
        source = PCMSource(8000, format="f32")
        pcm = array("f", floats)
        if size is None:
            await source.write(memoryview(pcm))
        else:
            data = pcm.tobytes()
            for start in range(0, len(data), size):
                await source.write(data[start : start + size])
        (frame,) = await frames(source, 1)
        full = 32767
        expected = [0, 16384, -16384, full, -full, full, -full, full, 0]
        assert samples(frame) == expected + [8192] * (FRAME - 9)

    asyncio.run(main())


def test_clearing_within_a_sample_keeps_the_others_whole() -> None:
    async def main() -> None:
        source = PCMSource(8000)
        pcm = numbers(1, FRAME + 1)
        await source.write(pcm[:1])
        source.clear()
        source.clear()
        await source.write(pcm[1:])
        assert samples((await frames(source, 1))[0]) == list(range(2, FRAME + 2))

    asyncio.run(main())


def test_a_write_that_is_cancelled_within_a_sample_keeps_the_others_whole(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("ai_gate.webrtc._audio.source.LONGEST_BUFFER", 0.02)

    async def main() -> None:
        source = PCMSource(8000)
        writing = asyncio.create_task(source.write(bytes(2 * FRAME + 1)))
        await asyncio.sleep(0)
        writing.cancel()
        await asyncio.wait({writing})
        await frames(source, 1)
        await source.write(b"\xff" + numbers(1, FRAME))
        assert samples((await frames(source, 1))[0]) == list(range(1, FRAME + 1))

    asyncio.run(main())


def test_after_a_call_nothing_is_kept() -> None:
    async def main() -> None:
        source = PCMSource(8000)
        first = OutgoingTrack(source)
        await source.write(bytes(16_000))
        writing = asyncio.create_task(source.write(bytes(16_000)))
        await asyncio.sleep(0)
        first.stop()
        await asyncio.wait_for(writing, 1.0)
        await asyncio.wait_for(source.write(bytes(160_000)), 1.0)
        second = OutgoingTrack(source)
        await source.write(numbers(1, FRAME))
        assert samples((await frames(second, 1))[0])[0] == 1
        assert source.readyState == "live"
        with pytest.raises(MediaStreamError):
            await first.recv()

    asyncio.run(main())


@pytest.mark.parametrize("stopped", [0, 1])
def test_of_two_calls_on_a_source_either_can_end(stopped: int) -> None:
    async def main() -> None:
        source = PCMSource(8000)
        calls = [OutgoingTrack(source), OutgoingTrack(source)]
        calls.pop(stopped).stop()
        (left,) = calls
        await source.write(numbers(1, FRAME))
        assert samples((await frames(left, 1))[0])[0] == 1
        await source.write(bytes(16_000))
        left.stop()
        await asyncio.wait_for(source.write(bytes(160_000)), 1.0)

    asyncio.run(main())


def test_a_call_that_lets_go_late_takes_nothing_from_the_next() -> None:
    async def main() -> None:
        source = PCMSource(8000)
        first, second = OutgoingTrack(source), OutgoingTrack(source)
        await source.write(numbers(1, FRAME))
        first.stop()
        await source.write(numbers(FRAME + 1, FRAME))
        got = [samples(frame) for frame in await frames(second, 2)]
        assert got == [list(range(1, FRAME + 1)), list(range(FRAME + 1, 2 * FRAME + 1))]
        second.stop()

    asyncio.run(main())


def test_a_loop_that_writes_to_nobody_lets_others_run() -> None:
    async def main() -> None:
        source = PCMSource(8000)
        OutgoingTrack(source).stop()

        async def write() -> None:
            while not others_ran.is_set():
                await source.write(numbers(0, FRAME))
                written.append(FRAME)
                assert len(written) < 100

        written: list[int] = []
        others_ran = asyncio.Event()
        writing = asyncio.create_task(write())
        await asyncio.sleep(0)
        others_ran.set()
        await writing

    asyncio.run(main())


def test_nobody_waits_to_write_to_a_source_that_was_stopped() -> None:
    async def main() -> None:
        source = PCMSource(8000)
        await source.write(bytes(16_000))
        writing = asyncio.create_task(source.write(bytes(16_000)))
        await asyncio.sleep(0)
        assert not writing.done()
        source.stop()
        await asyncio.wait_for(writing, 1.0)
        await asyncio.wait_for(source.write(bytes(160_000)), 1.0)
        # Nor where a call takes it all the same.
        OutgoingTrack(source)
        await asyncio.wait_for(source.write(bytes(160_000)), 1.0)

    asyncio.run(main())
