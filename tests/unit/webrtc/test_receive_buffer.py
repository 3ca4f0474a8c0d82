"""The buffer in which packets wait for an earlier one, and what is heard behind it."""

from __future__ import annotations

import functools
import math
import random
from array import array
from collections.abc import Iterable
from dataclasses import replace
from fractions import Fraction
from itertools import pairwise
from statistics import median
from types import SimpleNamespace
from typing import Any

import pytest
from aiortc.codecs.g711 import PcmaDecoder, PcmuDecoder
from aiortc.codecs.g722 import G722Decoder
from aiortc.codecs.opus import OpusDecoder
from av import AudioFrame, CodecContext
from av.audio.codeccontext import AudioCodecContext

from ai_gate.webrtc._audio.receive_buffer import WAIT, AudioPacket, ReceiveBuffer, concealed

FRAME = 960
SECONDS = 0.02
OPUS = SimpleNamespace(name="opus")
Timed = list[tuple[float, AudioPacket]]


def packet(number: int, data: bytes = b"\x78", first: tuple[int, int] = (0, 0)) -> AudioPacket:
    """The packet of this place in a stream that begins with a number and a timestamp."""
    return AudioPacket(
        1, (first[0] + number) % 2**16, (first[1] + number * FRAME) % 2**32, OPUS, data
    )


def given(arrivals: Iterable[tuple[float, AudioPacket]], buffer: ReceiveBuffer) -> Timed:
    """What comes out of a buffer, and when."""
    out: Timed = []
    for came, one in sorted(arrivals, key=lambda arrival: arrival[0]):
        out += overdue(buffer, came)
        out += [(came, packet) for packet in buffer.add(one, came)]
    return out + overdue(buffer, math.inf)


def overdue(buffer: ReceiveBuffer, now: float) -> Timed:
    out: Timed = []
    while (deadline := buffer.deadline) is not None and deadline <= now:
        out += [(deadline, packet) for packet in buffer.due(deadline)]
    return out


def arriving(numbers: Iterable[int], **options: Any) -> Timed:
    """Packets that come when they are due."""
    return [(number * SECONDS, packet(number, **options)) for number in numbers]


@pytest.mark.parametrize("first", [(0, 0), (65_530, 2**32 - 5000)])
def test_what_comes_in_order_is_given_at_once(first: tuple[int, int]) -> None:
    buffer = ReceiveBuffer()
    arrivals = arriving(range(20), first=first)
    assert given(arrivals, buffer) == arrivals
    assert buffer.lost == 0


@pytest.mark.parametrize("first", [(0, 0), (65_530, 2**32 - 5000)])
def test_a_hole_is_waited_for_and_then_filled(first: tuple[int, int]) -> None:
    buffer = ReceiveBuffer()
    out = given(arriving([*range(5), *range(7, 20)], first=first), buffer)
    filled = 5 * SECONDS + WAIT
    assert [one.timestamp for _, one in out] == (
        [packet(number, first=first).timestamp for number in range(20)]
    )
    assert [when for when, _ in out[5:10]] == pytest.approx([filled] * 5)
    assert [when for when, _ in out[10:]] == [number * SECONDS for number in range(10, 20)]
    assert buffer.lost == 2


def test_packets_out_of_order_are_put_in_order() -> None:
    buffer = ReceiveBuffer()
    arrivals = [
        (came, packet(number))
        for came, number in zip((0.0, 0.02, 0.04, 0.06, 0.08, 0.1), (0, 2, 3, 1, 5, 4), strict=True)
    ]
    out = given(arrivals, buffer)
    assert [one.number for _, one in out] == list(range(6))
    assert buffer.lost == 0


def test_what_comes_twice_or_too_late_is_left_out() -> None:
    buffer = ReceiveBuffer()
    late = [(0.2, packet(2)), (0.05, packet(1)), (0.09, packet(4))]
    out = given(arriving([0, 1, *range(3, 15)]) + late, buffer)
    assert [one.timestamp // FRAME for _, one in out] == list(range(15))
    assert buffer.lost == 1


@pytest.mark.parametrize(
    "begin", [packet(0, first=(40_000, 7)), replace(packet(3), source=2), packet(-500)]
)
def test_a_peer_that_begins_anew_is_followed_at_once(begin: AudioPacket) -> None:
    buffer = ReceiveBuffer()
    # The last one waits for an earlier one, and is not lost.
    before = arriving([*range(300), 301])
    now = 302 * SECONDS
    after = replace(begin, number=(begin.number + 1) % 2**16)
    out = given([*before, (now, begin), (now + SECONDS, after)], buffer)
    assert [one for _, one in out[-3:]] == [before[-1][1], begin, after]
    assert [when for when, _ in out[-3:]] == [now, now, now + SECONDS]
    assert buffer.lost == 0


@pytest.mark.parametrize("pause", [SECONDS, 0.0])
def test_the_time_of_an_outage_is_filled(pause: float) -> None:
    buffer = ReceiveBuffer()
    after = [(8.0 + place * pause, packet(400 + place)) for place in range(10)]
    out = given([*arriving(range(100)), *after], buffer)
    assert [one.timestamp // FRAME for _, one in out] == list(range(410))
    assert buffer.lost == 300


def test_a_peer_that_sends_nothing_while_it_is_silent_has_lost_nothing() -> None:
    buffer = ReceiveBuffer()
    speech = [packet(0), packet(1)]
    later = [replace(packet(2), timestamp=500_000), replace(packet(3), timestamp=500_960)]
    arrivals = list(zip((0.0, 0.02, 10.0, 10.02), speech + later, strict=True))
    assert given(arrivals, buffer) == arrivals


@pytest.mark.parametrize(("percent", "heard"), [(0, 1.0), (1, 0.98), (5, 0.93), (10, 0.88)])
def test_a_tone_is_heard_over_a_lossy_path(percent: int, heard: float) -> None:
    chance = random.Random(percent)
    count = 1500
    sent = [packet(number, data) for number, data in enumerate(tone(count))]
    arrivals = [
        # One in fifty is overtaken by the next two.
        (number * SECONDS + 0.045 * (chance.random() < 0.02), one)
        for number, one in enumerate(sent)
        if chance.random() >= percent / 100 or number == 0
    ]
    buffer = ReceiveBuffer()
    out = given(arrivals, buffer)
    assert buffer.lost >= len(sent) - len(arrivals) - 5
    decoder = OpusDecoder()
    levels = [rms(frame) for _, one in out for frame in decoded(decoder, one)]
    assert len(levels) == pytest.approx(count, rel=0.01)
    assert sum(level > 2500 for level in levels) / count >= heard

    delays = [when - one.timestamp / 48_000 for when, one in out]
    assert max(delays) <= 0.1 + 1e-9
    # It comes back: most packets are given when they come, to the end.
    assert median(delays[-200:]) == pytest.approx(0.0)
    assert all(later >= earlier for earlier, later in pairwise(when for when, _ in out))


@pytest.mark.parametrize("milliseconds", ["2.5", "10", "20", "40", "60", "120"])
@pytest.mark.parametrize("application", ["voip", "lowdelay"])
@pytest.mark.parametrize("vbr", ["on", "off"])
@pytest.mark.parametrize("rate", [12_000, 64_000])
def test_a_lost_packet_is_as_long_as_the_one_before(
    milliseconds: str, application: str, vbr: str, rate: int
) -> None:
    options = {"frame_duration": milliseconds, "application": application, "vbr": vbr}
    packets = tone(20, bit_rate=rate, **options)
    decoder = OpusDecoder()
    lengths = [length(decoded(decoder, packet(0, data))) for data in packets]
    lost = decoded(decoder, packet(0, concealed("opus", packets[-1])))
    assert length(lost) == lengths[-1]
    # The sound goes on.
    assert rms(lost[0]) > 1000


@pytest.mark.parametrize("counted", range(4))
def test_the_shortest_packet_and_one_that_lies_about_itself(counted: int) -> None:
    # 20 ms a frame: one, two, two, and as many as the second byte says.
    toc = bytes([0x78 | counted])
    assert len(concealed("opus", toc)) == 1
    full = toc + b"\xc3\xff"
    lost = decoded(OpusDecoder(), packet(0, concealed("opus", full)))
    assert length(lost) == (1, 2, 2, 3)[counted] * FRAME


@pytest.mark.parametrize(
    ("codec", "decoder", "samples"),
    [("PCMU", PcmuDecoder, 160), ("PCMA", PcmaDecoder, 160), ("G722", G722Decoder, 320)],
)
def test_other_codecs_have_silence(codec: str, decoder: Any, samples: int) -> None:
    (frame,) = decoded(decoder(), packet(0, concealed(codec, bytes(160))))
    assert frame.samples == samples
    assert rms(frame) < 50


def decoded(decoder: Any, one: AudioPacket) -> list[AudioFrame]:
    frames: list[AudioFrame] = decoder.decode(one)
    return frames


def length(frames: list[AudioFrame]) -> int:
    return sum(frame.samples for frame in frames)


def rms(frame: AudioFrame) -> float:
    count = frame.samples * len(frame.layout.channels)
    values = memoryview(bytes(frame.planes[0]))[: count * 2].cast("h")
    return math.sqrt(sum(value * value for value in values) / count)


@functools.cache
def tone(count: int, **options: Any) -> list[bytes]:
    """Packets of Opus with a tone of 440 Hz."""
    encoder = CodecContext.create("libopus", "w")
    assert isinstance(encoder, AudioCodecContext)
    encoder.format, encoder.layout, encoder.sample_rate = "s16", "mono", 48_000
    encoder.time_base = Fraction(1, 48_000)
    encoder.bit_rate = options.pop("bit_rate", 48_000)
    encoder.options = options
    encoder.open()
    size = encoder.frame_size
    packets: list[bytes] = []
    position = 0
    while len(packets) < count:
        angles = (math.tau * 440 * n / 48_000 for n in range(position, position + size))
        frame = AudioFrame(format="s16", layout="mono", samples=size)
        frame.planes[0].update(
            array("h", (round(8000 * math.sin(angle)) for angle in angles)).tobytes()
        )
        frame.sample_rate, frame.pts = 48_000, position
        position += size
        packets += map(bytes, encoder.encode(frame))
    return packets
