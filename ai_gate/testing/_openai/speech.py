"""The track that the peer sends: a tone while it answers, else an echo, else silence."""

import asyncio
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from aiortc import MediaStreamTrack
from aiortc.mediastreams import MediaStreamError
from av import AudioFifo, AudioFrame
from av.packet import Packet

from ai_gate.testing._openai import tone

_FRAME_SECONDS = tone.SAMPLES / tone.RATE
# So far behind, the track goes on from now instead of catching up.
_LATE_SECONDS = 0.5
# An echo that comes later than this is cut at its start.
_ECHO_FRAMES = 10
_QUIET = 8


@dataclass
class _Tone:
    """A tone that is to come, or what is left of it."""

    frames_left: int
    on_end: Callable[[], None]


class Speech(MediaStreamTrack):
    """Opus packets of 20 ms at the pace of a clock."""

    kind = "audio"

    def __init__(self) -> None:
        super().__init__()
        self._position = 0
        self._next_at: float | None = None
        self._tones: deque[_Tone] = deque()
        self._encoder = tone.new_encoder()
        self._fifo = AudioFifo()
        self._echo: deque[bytes] = deque(maxlen=_ECHO_FRAMES)

    async def recv(self) -> "Packet[Any]":
        """Return the next packet when it is due."""
        await self._wait_until_due()
        if self.readyState != "live":
            raise MediaStreamError
        packet: Packet[Any] = Packet(self._next())
        packet.pts = self._position * tone.SAMPLES
        packet.time_base = tone.TIME_BASE
        self._position += 1
        return packet

    def play(self, seconds: float, on_end: Callable[[], None]) -> None:
        """Give the tone for so long, after those that are still to come, then call back."""
        self._tones.append(_Tone(round(seconds * tone.FRAMES_PER_SECOND), on_end))

    def stop_playing(self) -> bool:
        """End every tone at once; tell whether there was one."""
        was_playing = bool(self._tones)
        self._tones.clear()
        return was_playing

    def hear(self, frame: AudioFrame) -> bool:
        """Take in a frame to echo; tell whether there is sound in it."""
        if not _has_sound(frame):
            return False
        frame.pts = None
        self._fifo.write(frame)
        while whole := self._fifo.read(tone.SAMPLES):
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
            loop = tone.tone()
            return loop[self._position % len(loop)]
        return self._echo.popleft() if self._echo else tone.silence()


def _has_sound(frame: AudioFrame) -> bool:
    """Tell sound from silence by every 16th sample, which costs next to nothing."""
    # A decoded frame has room for more samples than are in it.
    held = frame.samples * len(frame.layout.channels)
    samples = memoryview(frame.planes[0]).cast("h")[:held:16]
    return max(samples) > _QUIET or min(samples) < -_QUIET
