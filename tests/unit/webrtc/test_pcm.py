"""PCM, cut into frames, and what is sent when there is none."""

from __future__ import annotations

import asyncio
import itertools
import struct
from fractions import Fraction
from typing import Any

import pytest
from aiortc.codecs.opus import OpusEncoder
from aiortc.mediastreams import MediaStreamError, MediaStreamTrack
from av import AudioFrame
from av.packet import Packet

from ai_gate import AIGateError
from ai_gate.webrtc import PCMSource
from ai_gate.webrtc._audio_out import LONGEST_QUEUE, IncomingAudio
from ai_gate.webrtc._continuous import ContinuousAudio
from ai_gate.webrtc._outgoing import OutgoingTrack

PATIENCE = 20.0
"""Nothing takes this long unless it is broken."""
FRAME = 160
"""The samples of 20 ms at 8 kHz."""


def numbers(first: int, count: int) -> bytes:
    return struct.pack(f"<{count}h", *range(first, first + count))


def samples(frame: AudioFrame) -> list[int]:
    data = bytes(frame.planes[0])[: frame.samples * 2]
    return list(struct.unpack(f"<{frame.samples}h", data))


def start_of(frame: AudioFrame) -> Fraction:
    """When a frame starts, in seconds of its track."""
    assert frame.pts is not None
    assert frame.time_base is not None
    return frame.pts * Fraction(frame.time_base.numerator, frame.time_base.denominator)


async def frames(source: PCMSource | OutgoingTrack, count: int) -> list[AudioFrame]:
    got = [await source.recv() for _ in range(count)]
    assert all(isinstance(frame, AudioFrame) for frame in got)
    return [frame for frame in got if isinstance(frame, AudioFrame)]


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
        await asyncio.wait_for(writing, PATIENCE)

    asyncio.run(main())


def test_clearing_makes_room_and_silence() -> None:
    async def main() -> None:
        source = PCMSource(8000)
        await source.write(numbers(1, 8000))
        writing = asyncio.create_task(source.write(numbers(1, FRAME)))
        await asyncio.sleep(0)
        source.clear()
        await asyncio.wait_for(writing, PATIENCE)
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


def test_frames_come_each_20_ms_and_make_up_for_delays() -> None:
    async def main() -> None:
        loop = asyncio.get_running_loop()
        source = PCMSource(8000)
        start = loop.time()
        await frames(source, 3)
        assert loop.time() - start >= 0.039
        await asyncio.sleep(0.5)
        late = loop.time()
        await frames(source, 20)
        # Each after the other they would take 0.4 s.
        assert loop.time() - late < 0.2

    asyncio.run(main())


def test_after_a_call_nothing_is_kept() -> None:
    async def main() -> None:
        source = PCMSource(8000)
        first = OutgoingTrack(source)
        await source.write(bytes(16_000))
        writing = asyncio.create_task(source.write(bytes(16_000)))
        await asyncio.sleep(0)
        first.stop()
        await asyncio.wait_for(writing, PATIENCE)
        await asyncio.wait_for(source.write(bytes(160_000)), PATIENCE)
        second = OutgoingTrack(source)
        await source.write(numbers(1, FRAME))
        assert samples((await frames(second, 1))[0])[0] == 1
        assert source.readyState == "live"
        with pytest.raises(MediaStreamError):
            await first.recv()

    asyncio.run(main())


class Short(MediaStreamTrack):
    """A track of two frames of stereo."""

    kind = "audio"

    def __init__(self) -> None:
        super().__init__()
        self._left = 2

    async def recv(self) -> AudioFrame:
        if not self._left:
            raise MediaStreamError
        self._left -= 1
        frame = AudioFrame(format="s16", layout="stereo", samples=960)
        frame.sample_rate = 48_000
        frame.time_base = Fraction(1, 1000)
        frame.pts = 100 - 20 * self._left
        return frame


def test_a_track_that_ends_is_followed_by_silence_of_its_kind() -> None:
    async def main() -> None:
        got = await frames(OutgoingTrack(Short()), 4)
        assert [(one.sample_rate, one.layout.name, one.samples) for one in got] == (
            [(48_000, "stereo", 960)] * 4
        )
        times = [start_of(one) for one in got]
        assert times == [Fraction(n, 1000) for n in (80, 100, 120, 140)]

    asyncio.run(main())


def test_a_track_that_never_was() -> None:
    async def main() -> None:
        track = Short()
        track.stop()
        await frames(OutgoingTrack(track), 2)
        (silence,) = await frames(OutgoingTrack(None), 1)
        assert samples(silence) == [0] * FRAME

    asyncio.run(main())


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
        await asyncio.wait_for(source.write(bytes(160_000)), PATIENCE)

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


def test_nobody_waits_to_write_to_a_source_that_was_stopped() -> None:
    async def main() -> None:
        source = PCMSource(8000)
        await source.write(bytes(16_000))
        writing = asyncio.create_task(source.write(bytes(16_000)))
        await asyncio.sleep(0)
        assert not writing.done()
        source.stop()
        await asyncio.wait_for(writing, PATIENCE)
        await asyncio.wait_for(source.write(bytes(160_000)), PATIENCE)
        # Nor where a call takes it all the same.
        OutgoingTrack(source)
        await asyncio.wait_for(source.write(bytes(160_000)), PATIENCE)

    asyncio.run(main())


@pytest.mark.parametrize("pcm", ["x", None, 5, memoryview(bytearray(100))[::2]])
def test_what_is_no_pcm(pcm: Any) -> None:
    async def main() -> None:
        with pytest.raises(AIGateError, match="pcm must be bytes"):
            await PCMSource(8000).write(pcm)

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
    monkeypatch.setattr("ai_gate.webrtc._audio_in.LONGEST_BUFFER", 0.02)

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


LEVEL = 0x3D
"""A byte whose repetition is a sound, in integers and floats."""


class Scripted(MediaStreamTrack):
    """A track of 20 ms at 48 kHz whose frames a test releases."""

    kind = "audio"

    def __init__(self, layout: str = "stereo", audio_format: str = "s16") -> None:
        super().__init__()
        self.pts: asyncio.Queue[int | None] = asyncio.Queue()
        self.cancelled = 0
        self._layout, self._format = layout, audio_format

    async def recv(self) -> AudioFrame:
        try:
            pts = await self.pts.get()
        except asyncio.CancelledError:
            self.cancelled += 1
            raise
        frame = AudioFrame(format=self._format, layout=self._layout, samples=960)
        for plane in frame.planes:
            plane.update(bytes([LEVEL]) * plane.buffer_size)
        frame.sample_rate = 48_000
        frame.time_base = Fraction(1, 48_000)
        frame.pts = pts
        return frame


class Failing(MediaStreamTrack):
    """A track that raises."""

    kind = "audio"

    def __init__(self, failure: BaseException) -> None:
        super().__init__()
        self._failure = failure

    async def recv(self) -> AudioFrame:
        raise self._failure


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ai_gate.webrtc._outgoing.PATIENCE", 0.02)


@pytest.fixture
def endless_patience(monkeypatch: pytest.MonkeyPatch) -> None:
    """Make what waits for a track before it sends silence fail."""
    monkeypatch.setattr("ai_gate.webrtc._outgoing.PATIENCE", 60 * PATIENCE)


@pytest.mark.parametrize("failure", [ValueError("secret"), asyncio.CancelledError()])
def test_a_track_that_fails_is_followed_by_silence(
    failure: BaseException, caplog: pytest.LogCaptureFixture
) -> None:
    async def main() -> None:
        got = await frames(OutgoingTrack(Failing(failure)), 3)
        assert [set(samples(frame)) for frame in got] == [{0}] * 3

    asyncio.run(main())
    (line,) = (one.getMessage() for one in caplog.records if one.levelname == "WARNING")
    assert type(failure).__name__ in line
    assert "secret" not in line


def times(got: list[AudioFrame]) -> list[float]:
    return [float(start_of(one)) for one in got]


@pytest.mark.usefixtures("impatient")
def test_a_track_that_stands_still_is_bridged_with_silence() -> None:
    async def main() -> None:
        track = Scripted()
        outgoing = OutgoingTrack(track)
        track.pts.put_nowait(0)
        first = await frames(outgoing, 3)
        # A track that counts its samples, then one that goes by the clock, then none at all.
        for pts in (960, 1920, 96_000, None):
            track.pts.put_nowait(pts)
            await asyncio.sleep(0)
        later = await frames(outgoing, 4)
        got = first + later
        assert [bytes(one.planes[0])[0] for one in got] == [LEVEL, 0, 0, *[LEVEL] * 4]
        assert times(got[:5]) == pytest.approx([0.0, 0.02, 0.04, 0.06, 0.08])
        assert times(got) == sorted(times(got))
        assert {(one.sample_rate, one.layout.name) for one in got} == {(48_000, "stereo")}
        assert track.cancelled == 0
        await frames(outgoing, 1)
        outgoing.stop()
        await asyncio.sleep(0)
        assert track.cancelled == 1
        assert track.readyState == "live"

    asyncio.run(main())


@pytest.mark.usefixtures("impatient")
@pytest.mark.parametrize(("layout", "audio_format"), [("stereo", "s16"), ("mono", "fltp")])
def test_a_track_that_is_late_can_be_encoded(layout: str, audio_format: str) -> None:
    async def main() -> None:
        track = Scripted(layout, audio_format)
        outgoing = OutgoingTrack(track)
        got = await frames(outgoing, 2)
        for number in range(4):
            track.pts.put_nowait(number * 960)
        await asyncio.sleep(0)
        encoder = OpusEncoder()
        got += await frames(outgoing, 4)
        stamps = [encoder.encode(frame)[1] for frame in got]
        assert None not in stamps[1:]
        assert sorted(stamps[1:]) == stamps[1:]
        assert any(bytes(got[-1].planes[0]))
        outgoing.stop()

    asyncio.run(main())


def encoded(pts: int | None) -> Packet[Any]:
    """A packet of 20 ms of Opus."""
    packet: Packet[Any] = Packet(b"\xf8\xff\xfe")
    packet.pts = pts
    packet.time_base = Fraction(1, 48_000)
    return packet


def test_packets_are_followed_by_silence_too() -> None:
    class Encoded(MediaStreamTrack):
        kind = "audio"
        packets = iter([encoded(0)])

        async def recv(self) -> Any:
            for packet in self.packets:
                return packet
            raise MediaStreamError

    async def main() -> None:
        outgoing = OutgoingTrack(Encoded())
        assert isinstance(await outgoing.recv(), Packet)
        encoder = OpusEncoder()
        assert all([encoder.encode(frame)[0] for frame in await frames(outgoing, 3)][1:])

    asyncio.run(main())


MILLISECONDS = Fraction(1, 1000)
FULL = Fraction(1, 48_000)


def sound(
    pts: int | None,
    base: Fraction = FULL,
    *,
    rate: int = 48_000,
    kind: tuple[str, str] = ("s16", "mono"),
    count: int | None = None,
) -> AudioFrame:
    """A frame of a sound: 20 ms, unless a number of samples is given."""
    frame = AudioFrame(*kind, samples=rate // 50 if count is None else count)
    for plane in frame.planes:
        plane.update(bytes([LEVEL]) * plane.buffer_size)
    frame.sample_rate, frame.time_base, frame.pts = rate, base, pts
    return frame


def stamps(got: list[AudioFrame]) -> list[int]:
    """The time stamps that aiortc sends frames with, one for each that fills a packet."""
    encoder = OpusEncoder()
    return [stamp for payloads, stamp in map(encoder.encode, got) if payloads]


def steps(got: list[AudioFrame]) -> set[int]:
    """How far apart the time stamps are."""
    sent = stamps(got)
    assert len(sent) >= len(got) - 2
    return {later - earlier for earlier, later in itertools.pairwise(sent)}


@pytest.mark.parametrize("silent", [0, 3])
@pytest.mark.parametrize("first", [0, 60, 3_600_000])
def test_a_track_that_counts_milliseconds_and_stands_still(silent: int, first: int) -> None:
    audio = ContinuousAudio()
    got: list[Any] = [audio.silence() for _ in range(silent)]
    for number in range(4):
        got += audio.follow(sound(first + number * 20, MILLISECONDS))
    got += [audio.silence() for _ in range(3)]
    for number in range(4, 8):
        got += audio.follow(sound(first + number * 20, MILLISECONDS))
    assert {one.time_base for one in got} == {FULL}
    assert steps(got) == {960}


def test_a_frame_goes_as_it_is_where_it_fits() -> None:
    audio = ContinuousAudio()
    frame = sound(960)
    assert audio.follow(frame) == [frame]


def test_an_empty_frame_is_left_out() -> None:
    audio = ContinuousAudio()
    got: list[Any] = []
    for frame in (sound(0, count=0), sound(0), sound(960, count=0), sound(960), sound(1920)):
        got += audio.follow(frame)
    assert [(one.pts, one.samples) for one in got] == [(0, 960), (960, 960), (1920, 960)]


class Given(MediaStreamTrack):
    """A track that gives the same over and over, without a pause."""

    kind = "audio"

    def __init__(self, audio: Any) -> None:
        super().__init__()
        self._audio = audio

    async def recv(self) -> Any:
        return self._audio


@pytest.mark.usefixtures("endless_patience")
def test_a_track_of_nothing_but_empty_frames_is_silence() -> None:
    async def main() -> None:
        outgoing = OutgoingTrack(Given(sound(0, count=0)))
        got = await asyncio.wait_for(frames(outgoing, 3), PATIENCE)
        assert steps(got) == {960}
        outgoing.stop()

    asyncio.run(main())


@pytest.mark.usefixtures("endless_patience")
@pytest.mark.parametrize("pts", [None, 0])
def test_a_packet_without_a_time_is_followed_by_silence(
    pts: int | None, caplog: pytest.LogCaptureFixture
) -> None:
    packet: Packet[Any] = encoded(None)
    if pts is not None:
        packet = Packet(b"\xf8\xff\xfe")
        packet.pts = pts

    async def main() -> None:
        got = await asyncio.wait_for(frames(OutgoingTrack(Given(packet)), 3), PATIENCE)
        assert steps(got) == {960}

    asyncio.run(main())
    (line,) = (one.getMessage() for one in caplog.records if one.levelname == "WARNING")
    assert "ValueError" in line


def test_a_track_can_change_its_format_more_than_once() -> None:
    audio = ContinuousAudio()
    got: list[Any] = []
    for rate, *kind in (
        (48_000, "s16", "mono"),
        (44_100, "s16", "mono"),
        (24_000, "s16", "mono"),
        (24_000, "fltp", "stereo"),
        (48_000, "s16", "stereo"),
        (48_000, "s16", "mono"),
    ):
        for _ in range(3):
            converted = audio.follow(sound(None, rate=rate, kind=(kind[0], kind[1])))
            assert any(bytes(one.planes[0])[0] for one in converted if isinstance(one, AudioFrame))
            got += converted
    assert {(one.sample_rate, one.format.name, one.layout.name) for one in got} == (
        {(48_000, "s16", "mono")}
    )
    ends = [one.pts + one.samples for one in got]
    assert [one.pts for one in got] == [0, *ends[:-1]]
    assert steps(got) == {960}


def test_time_goes_on_where_a_track_starts_again() -> None:
    audio = ContinuousAudio()
    got: list[Any] = []
    for pts in (0, 960, 1920, 0, 960, 1920):
        got += audio.follow(sound(pts))
    assert steps(got) == {960}


def test_a_gap_that_a_track_leaves_by_itself_stays() -> None:
    audio = ContinuousAudio()
    got: list[Any] = []
    for pts in (0, 960, 9600):
        got += audio.follow(sound(pts))
    assert [one.pts for one in got] == [0, 960, 9600]


def test_a_track_is_not_ahead_after_what_was_converted() -> None:
    audio = ContinuousAudio()
    hours = 48_000 * 36_000
    (before,) = audio.follow(sound(hours, kind=("s16p", "mono")))
    (after,) = audio.follow(sound(hours + 960))
    assert isinstance(before, AudioFrame)
    assert (before.pts, after.pts) == (0, before.samples)


@pytest.mark.usefixtures("endless_patience")
def test_no_track_is_silence_at_once() -> None:
    async def main() -> None:
        outgoing = OutgoingTrack(None)
        got = await asyncio.wait_for(frames(outgoing, 3), PATIENCE)
        assert [(one.sample_rate, samples(one)) for one in got] == [(8000, [0] * FRAME)] * 3
        assert asyncio.all_tasks() == {asyncio.current_task()}
        outgoing.stop()

    asyncio.run(main())
