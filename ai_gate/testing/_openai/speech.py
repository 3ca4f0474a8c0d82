"""The audio track that the peer sends: a tone while it replies, else an echo, else silence.

The track gives Opus packets, because aiortc sends a packet as it is, but would encode a frame
and add up its samples in Python. The tone and the silence are encoded once for each process.
"""

import asyncio
import math
from array import array
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction
from functools import cache
from typing import Any

from aiortc import MediaStreamTrack
from aiortc.mediastreams import MediaStreamError
from av import AudioFifo, AudioFrame, CodecContext
from av.audio.codeccontext import AudioCodecContext
from av.packet import Packet

_RATE = 48000
_SAMPLES = 960
_TIME_BASE = Fraction(1, _RATE)
_FRAME_SECONDS = _SAMPLES / _RATE
_FRAMES_PER_SECOND = _RATE // _SAMPLES
_HERTZ = 440
_AMPLITUDE = 8000
# After this many frames, a wave of 440 Hz repeats.
_PERIOD = 5
# A fresh encoder fades in, so that its first packets can't be repeated.
_SETTLED = 2 * _PERIOD
# If it is later than this, the track goes on from now instead of catching up.
_LATE_SECONDS = 0.5
# More than this many packets of an echo are not kept: the oldest ones are dropped.
_ECHO_PACKETS = 10
_QUIET = 8


@dataclass
class _Tone:
    """A tone that is to be played, or the rest of it."""

    frames_left: int
    on_end: Callable[[], None]


class Speech(MediaStreamTrack):
    """Opus packets of 20 ms, each when it is due."""

    kind = "audio"

    def __init__(self) -> None:
        super().__init__()
        self._position = 0
        self._next_at: float | None = None
        self._tones: deque[_Tone] = deque()
        self._encoder = _new_encoder()
        self._fifo = AudioFifo()
        self._echo: deque[bytes] = deque(maxlen=_ECHO_PACKETS)

    async def recv(self) -> "Packet[Any]":
        """Return the next packet when it is due."""
        await self._wait_until_due()
        if self.readyState != "live":
            raise MediaStreamError
        packet: Packet[Any] = Packet(self._next())
        packet.pts = self._position * _SAMPLES
        packet.time_base = _TIME_BASE
        self._position += 1
        return packet

    def play(self, seconds: float, on_end: Callable[[], None]) -> None:
        """Queue a tone that lasts so long, and call back at its end."""
        self._tones.append(_Tone(round(seconds * _FRAMES_PER_SECOND), on_end))

    def stop_playing(self) -> bool:
        """End every tone at once; return True if there was one."""
        was_playing = bool(self._tones)
        self._tones.clear()
        return was_playing

    def hear(self, frame: AudioFrame) -> bool:
        """Take a frame to echo; return True if it isn't silent."""
        if not _has_sound(frame):
            return False
        frame.pts = None
        self._fifo.write(frame)
        while whole := self._fifo.read(_SAMPLES):
            self._echo.extend(bytes(packet) for packet in self._encoder.encode(whole))
        return True

    async def _wait_until_due(self) -> None:
        now = asyncio.get_running_loop().time()
        if self._next_at is None or now - self._next_at > _LATE_SECONDS:
            self._next_at = now
        await asyncio.sleep(max(0.0, self._next_at - now))
        self._next_at += _FRAME_SECONDS

    def _next(self) -> bytes:
        if self._tones:
            self._echo.clear()
            playing = self._tones[0]
            playing.frames_left -= 1
            if playing.frames_left == 0:
                self._tones.popleft()
                playing.on_end()
            packets = _tone_packets()
            return packets[self._position % len(packets)]
        return self._echo.popleft() if self._echo else _silence_packet()


def _has_sound(frame: AudioFrame) -> bool:
    """Return True if a frame isn't silent. Every 16th sample is enough, and cheap to look at."""
    # A decoded frame has room for more samples than are in it.
    held = frame.samples * len(frame.layout.channels)
    samples = memoryview(frame.planes[0]).cast("h")[:held:16]
    return max(samples) > _QUIET or min(samples) < -_QUIET


def _new_encoder() -> AudioCodecContext:
    """Make an Opus encoder for frames of 20 ms, at the lowest effort."""
    encoder = CodecContext.create("libopus", "w")
    encoder.bit_rate = 48000
    encoder.format = "s16"
    encoder.layout = "stereo"
    encoder.sample_rate = _RATE
    encoder.time_base = _TIME_BASE
    encoder.options = {"compression_level": "0"}
    return encoder


@cache
def _tone_packets() -> tuple[bytes, ...]:
    """Return packets of a tone that can be repeated without end."""
    encoder = _new_encoder()
    sound = [_frame(_wave(number)) for number in range(_PERIOD)]
    frames = [sound[number % _PERIOD] for number in range(_SETTLED + _PERIOD)]
    packets = [bytes(packet) for frame in frames for packet in encoder.encode(frame)]
    return tuple(packets[_SETTLED:])


@cache
def _silence_packet() -> bytes:
    """Return a packet of silence."""
    return bytes(_new_encoder().encode(_frame(bytes(4 * _SAMPLES)))[0])


def _wave(number: int) -> bytes:
    start = number * _SAMPLES
    samples = array("h")
    for position in range(start, start + _SAMPLES):
        value = round(_AMPLITUDE * math.sin(2 * math.pi * _HERTZ * position / _RATE))
        samples.extend((value, value))
    return samples.tobytes()


def _frame(samples: bytes) -> AudioFrame:
    frame = AudioFrame(format="s16", layout="stereo", samples=_SAMPLES)
    frame.planes[0].update(samples)
    frame.sample_rate = _RATE
    return frame
