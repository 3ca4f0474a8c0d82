"""The track that is sent, and the silence in place of the app's."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from fractions import Fraction
from typing import Any

import pytest
from aiortc.codecs.opus import OpusEncoder
from aiortc.mediastreams import MediaStreamError, MediaStreamTrack
from av import AudioFrame
from av.packet import Packet

from ai_gate.webrtc import PCMSource
from ai_gate.webrtc._audio.outgoing import OutgoingTrack
from tests.unit.webrtc.audio import (
    FRAME,
    LEVEL,
    encoded,
    frames,
    samples,
    sound,
    start_of,
    steps,
)


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


def test_no_track_is_silence_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ai_gate.webrtc._audio.outgoing.PATIENCE", 60.0)

    async def main() -> None:
        outgoing = OutgoingTrack(None)
        got = await asyncio.wait_for(frames(outgoing, 3), 10.0)
        assert [(one.sample_rate, samples(one)) for one in got] == [(8000, [0] * FRAME)] * 3
        assert asyncio.all_tasks() == {asyncio.current_task()}
        outgoing.stop()

    asyncio.run(main())


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
    monkeypatch.setattr("ai_gate.webrtc._audio.outgoing.PATIENCE", 0.02)


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


class Given(MediaStreamTrack):
    """A track that gives the same over and over, without a pause."""

    kind = "audio"

    def __init__(self, audio: Any) -> None:
        super().__init__()
        self._audio = audio

    async def recv(self) -> Any:
        return self._audio


def test_a_track_of_nothing_but_empty_frames_is_silence() -> None:
    async def main() -> None:
        outgoing = OutgoingTrack(Given(sound(0, count=0)))
        got = await asyncio.wait_for(frames(outgoing, 3), 1.0)
        assert steps(got) == {960}
        outgoing.stop()

    asyncio.run(main())


@pytest.mark.parametrize("pts", [None, 0])
def test_a_packet_without_a_time_is_followed_by_silence(
    pts: int | None, caplog: pytest.LogCaptureFixture
) -> None:
    packet: Packet[Any] = encoded(None)
    if pts is not None:
        packet = Packet(b"\xf8\xff\xfe")
        packet.pts = pts

    async def main() -> None:
        got = await asyncio.wait_for(frames(OutgoingTrack(Given(packet)), 3), 1.0)
        assert steps(got) == {960}

    asyncio.run(main())
    (line,) = (one.getMessage() for one in caplog.records if one.levelname == "WARNING")
    assert "ValueError" in line


@pytest.mark.parametrize(("stop", "skipped"), [(0.5, 14), (3.0, 149)])
@pytest.mark.parametrize("source", [PCMSource, lambda: None])
def test_what_comes_too_late_is_counted_and_told_once(
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
    stop: float,
    skipped: int,
    source: Callable[[], PCMSource | None],
) -> None:
    async def main() -> None:
        loop = asyncio.get_running_loop()
        clock, stops = loop.time, 0.0
        monkeypatch.setattr(loop, "time", lambda: clock() + stops)
        track = source()
        for _ in range(2):
            # Between two calls nothing is late.
            stops += 10.0
            outgoing = OutgoingTrack(track)
            await outgoing.recv()
            stops += stop
            await frames(outgoing, 30)
            outgoing.stop()
            # On a machine that is busy more can be late.
            assert outgoing.skipped >= skipped

    with caplog.at_level("WARNING", logger="ai_gate"):
        asyncio.run(main())
    told = [record for record in caplog.records if "the event loop stood still" in record.message]
    assert len(told) == 2
