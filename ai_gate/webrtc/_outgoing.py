"""The track that is sent, whatever its audio comes from."""

from fractions import Fraction
from typing import Any

from aiortc.mediastreams import MediaStreamError, MediaStreamTrack
from av import AudioFrame
from av.frame import Frame
from av.packet import Packet

from ai_gate.webrtc._audio_in import FRAMES_A_SECOND, PCMSource
from ai_gate.webrtc._pace import Pace

SILENCE_RATE = 8000
"""The samples a second of the silence that is sent for want of anything else: a low rate, because
aiortc measures the level of each frame sample by sample."""


class OutgoingTrack(MediaStreamTrack):
    """Sends a caller's track, and silence after its end.

    A peer that hears a track sends reports back all the time, so one that has died can be told
    from one that is silent. The caller's track is only borrowed: aiortc stops the track that it
    has sent, and that is this one.

    Args:
        source: The caller's track, or None for silence alone.
    """

    kind = "audio"

    def __init__(self, source: MediaStreamTrack | None) -> None:
        super().__init__()
        self._source = source or PCMSource(SILENCE_RATE)
        self._silence: Silence | None = None
        self._last: Frame | Packet[Any] | None = None
        if isinstance(source, PCMSource):
            source._begin()

    async def recv(self) -> "Frame | Packet[Any]":
        """Give aiortc the next frame."""
        if self.readyState != "live":
            raise MediaStreamError
        if self._silence is None:
            try:
                self._last = await self._source.recv()
            except MediaStreamError:
                self._silence = Silence(self._last)
            else:
                return self._last
        return await self._silence.recv()

    def stop(self) -> None:
        """End this track; the caller's goes on."""
        super().stop()
        if isinstance(self._source, PCMSource):
            self._source._end()


class Silence:
    """Silent frames that follow on a last frame, in its format: aiortc's encoder takes no other.

    Args:
        last: The frame, or None where there was none.
    """

    def __init__(self, last: "Frame | Packet[Any] | None") -> None:
        if isinstance(last, Packet):
            # Encoded audio can't be followed by frames that are still to be encoded.
            raise MediaStreamError
        frame = last if isinstance(last, AudioFrame) else None
        self._layout = frame.layout.name if frame else "mono"
        self._rate = frame.sample_rate if frame else SILENCE_RATE
        self._pts = _end(frame) if frame else Fraction(0)
        self._pace = Pace()

    async def recv(self) -> AudioFrame:
        """Give the next 20 ms of silence when they are due."""
        await self._pace.next()
        samples = self._rate // FRAMES_A_SECOND
        frame = AudioFrame(format="s16", layout=self._layout, samples=samples)
        frame.planes[0].update(bytes(frame.planes[0].buffer_size))
        frame.sample_rate = self._rate
        frame.time_base = Fraction(1, self._rate)
        frame.pts = round(self._pts * self._rate)
        self._pts += Fraction(samples, self._rate)
        return frame


def _end(frame: AudioFrame) -> Fraction:
    """When a frame ends, in seconds of its track."""
    base = frame.time_base
    start = (
        Fraction(0)
        if frame.pts is None or base is None
        else (frame.pts * Fraction(base.numerator, base.denominator))
    )
    return start + Fraction(frame.samples, frame.sample_rate)
