"""What the peer says: Opus packets of 20 ms, encoded once for each process.

aiortc sends a packet as it is, but encodes a frame, and adds up its samples in Python.
"""

import math
from array import array
from fractions import Fraction
from functools import cache

from av import AudioFrame, CodecContext
from av.audio.codeccontext import AudioCodecContext

RATE = 48000
SAMPLES = 960
TIME_BASE = Fraction(1, RATE)
FRAMES_PER_SECOND = RATE // SAMPLES
HERTZ = 440
_AMPLITUDE = 8000
# After so many frames 440 Hz are at the same place of their wave again.
_PERIOD = 5
# A fresh encoder fades in.
_SETTLED = 2 * _PERIOD


def new_encoder() -> AudioCodecContext:
    """Make an Opus encoder for frames of 20 ms. The least effort will do for a test."""
    encoder = CodecContext.create("libopus", "w")
    encoder.bit_rate = 48000
    encoder.format = "s16"
    encoder.layout = "stereo"
    encoder.sample_rate = RATE
    encoder.time_base = TIME_BASE
    encoder.options = {"compression_level": "0"}
    return encoder


@cache
def tone() -> tuple[bytes, ...]:
    """Return packets of a tone that can be repeated for as long as it is to last."""
    encoder = new_encoder()
    sound = [_frame(_wave(number)) for number in range(_PERIOD)]
    frames = [sound[number % _PERIOD] for number in range(_SETTLED + _PERIOD)]
    packets = [bytes(packet) for frame in frames for packet in encoder.encode(frame)]
    return tuple(packets[_SETTLED:])


@cache
def silence() -> bytes:
    """Return a packet of silence."""
    return bytes(new_encoder().encode(_frame(bytes(4 * SAMPLES)))[0])


def _wave(number: int) -> bytes:
    start = number * SAMPLES
    samples = array("h")
    for position in range(start, start + SAMPLES):
        value = round(_AMPLITUDE * math.sin(2 * math.pi * HERTZ * position / RATE))
        samples.extend((value, value))
    return samples.tobytes()


def _frame(samples: bytes) -> AudioFrame:
    frame = AudioFrame(format="s16", layout="stereo", samples=SAMPLES)
    frame.planes[0].update(samples)
    frame.sample_rate = RATE
    return frame
