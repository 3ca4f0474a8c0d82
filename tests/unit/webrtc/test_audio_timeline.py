"""The pace of frames, their format and their time stamps."""

from __future__ import annotations

import asyncio
from fractions import Fraction
from typing import Any

import pytest
from av import AudioFrame

from ai_gate.webrtc._audio.timeline import Pace, Timeline
from tests.unit.webrtc.audio import FULL, sound, steps


def test_frames_come_each_20_ms_and_make_up_for_delays(monkeypatch: pytest.MonkeyPatch) -> None:
    now = 100.0
    waits: list[float] = []
    late: list[int] = []

    async def sleep(seconds: float) -> None:
        nonlocal now
        waits.append(seconds)
        now += max(seconds, 0.0)

    async def main() -> None:
        nonlocal now
        monkeypatch.setattr(asyncio.get_running_loop(), "time", lambda: now)
        monkeypatch.setattr(asyncio, "sleep", sleep)
        pace = Pace(late.append)
        for delay in (0.0, 0.0, 0.0, 0.07, 0.0, 0.0, 0.0, 2.0, 0.0):
            now += delay
            await pace.next()

    asyncio.run(main())
    assert waits == pytest.approx([0.0, 0.02, 0.02, -0.05, -0.03, -0.01, 0.01, 0.0, 0.02])
    assert late == [99]


MILLISECONDS = Fraction(1, 1000)


@pytest.mark.parametrize("silent", [0, 3])
@pytest.mark.parametrize("first", [0, 60, 3_600_000])
def test_a_track_that_counts_milliseconds_and_stands_still(silent: int, first: int) -> None:
    audio = Timeline()
    got: list[Any] = [audio.silence() for _ in range(silent)]
    for number in range(4):
        got += audio.follow(sound(first + number * 20, MILLISECONDS))
    got += [audio.silence() for _ in range(3)]
    for number in range(4, 8):
        got += audio.follow(sound(first + number * 20, MILLISECONDS))
    assert {one.time_base for one in got} == {FULL}
    assert steps(got) == {960}


def test_a_frame_goes_as_it_is_where_it_fits() -> None:
    audio = Timeline()
    frame = sound(960)
    assert audio.follow(frame) == [frame]


def test_an_empty_frame_is_left_out() -> None:
    audio = Timeline()
    got: list[Any] = []
    for frame in (sound(0, count=0), sound(0), sound(960, count=0), sound(960), sound(1920)):
        got += audio.follow(frame)
    assert [(one.pts, one.samples) for one in got] == [(0, 960), (960, 960), (1920, 960)]


def test_a_track_can_change_its_format_more_than_once() -> None:
    audio = Timeline()
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
    audio = Timeline()
    got: list[Any] = []
    for pts in (0, 960, 1920, 0, 960, 1920):
        got += audio.follow(sound(pts))
    assert steps(got) == {960}


def test_a_gap_that_a_track_leaves_by_itself_stays() -> None:
    audio = Timeline()
    got: list[Any] = []
    for pts in (0, 960, 9600):
        got += audio.follow(sound(pts))
    assert [one.pts for one in got] == [0, 960, 9600]


def test_a_track_is_not_ahead_after_what_was_converted() -> None:
    audio = Timeline()
    hours = 48_000 * 36_000
    (before,) = audio.follow(sound(hours, kind=("s16p", "mono")))
    (after,) = audio.follow(sound(hours + 960))
    assert isinstance(before, AudioFrame)
    assert (before.pts, after.pts) == (0, before.samples)
