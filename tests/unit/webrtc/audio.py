"""Frames and PCM for the tests of audio."""

from __future__ import annotations

import itertools
import struct
from fractions import Fraction
from typing import Any

from aiortc.codecs.opus import OpusEncoder
from av import AudioFrame
from av.packet import Packet

from ai_gate.webrtc import PCMSource
from ai_gate.webrtc._audio.outgoing import OutgoingTrack

FRAME = 160
"""The samples of 20 ms at 8 kHz."""


LEVEL = 0x3D
"""A byte whose repetition is a sound, in integers and floats."""


FULL = Fraction(1, 48_000)


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


def encoded(pts: int | None) -> Packet[Any]:
    """A packet of 20 ms of Opus."""
    packet: Packet[Any] = Packet(b"\xf8\xff\xfe")
    packet.pts = pts
    packet.time_base = Fraction(1, 48_000)
    return packet
