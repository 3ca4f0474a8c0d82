"""Audio that goes on: one format from the first frame to the last, and time that never goes back.

aiortc's encoder takes no other, and a peer drops what seems to be late.
"""

from collections.abc import Sequence
from fractions import Fraction
from typing import Any

from av import AudioFrame, AudioResampler
from av.frame import Frame
from av.packet import Packet

from ai_gate.webrtc._pace import FRAME

FRAMES_A_SECOND = round(1 / FRAME)
DEFAULT_RATE = 48_000
"""The samples a second where silence comes first: Opus's own rate, so that what follows it loses
nothing."""
LAYOUTS = ("mono", "stereo")
"""What aiortc's encoders take."""


class ContinuousAudio:
    """Fits frames and silence to what was sent before. Packets of encoded audio go as they are."""

    def __init__(self) -> None:
        self._layout = LAYOUTS[0]
        self._rate = DEFAULT_RATE
        self._has_begun = False
        self._is_silent = False
        self._end = Fraction(0)
        self._shift = Fraction(0)
        self._resampler: AudioResampler | None = None

    def follow(self, audio: "Frame | Packet[Any]") -> Sequence["Frame | Packet[Any]"]:
        """Fit what comes from a track.

        Args:
            audio: Its next frame or packet.

        Returns:
            What to send for it; it can be nothing yet.

        Raises:
            Exception: It is no audio, or can't be converted.
        """
        if isinstance(audio, Packet):
            return [audio]
        if not isinstance(audio, AudioFrame):
            raise TypeError("no audio")
        if not self._has_begun:
            self._begin(audio)
        if not self._fits(audio):
            return self._converted(audio)
        return [self._moved(audio)]

    def silence(self) -> AudioFrame:
        """Make the next 20 ms of silence."""
        self._has_begun = self._is_silent = True
        frame = self._frame(self._rate // FRAMES_A_SECOND)
        frame.planes[0].update(bytes(frame.planes[0].buffer_size))
        return self._stamped(frame)

    def _begin(self, frame: AudioFrame) -> None:
        self._has_begun = True
        self._rate = frame.sample_rate
        if frame.layout.name in LAYOUTS:
            self._layout = frame.layout.name

    def _fits(self, frame: AudioFrame) -> bool:
        format_and_layout = (frame.format.name, frame.layout.name)
        return frame.sample_rate == self._rate and format_and_layout == ("s16", self._layout)

    def _moved(self, frame: AudioFrame) -> AudioFrame:
        start = _start(frame)
        if start is not None and self._is_silent:
            # Its track has stood still meanwhile, or has not.
            self._shift = max(self._end - start, Fraction(0))
        self._is_silent = False
        if start is not None and not self._shift:
            self._end = start + Fraction(frame.samples, self._rate)
            return frame
        if start is not None:
            self._end = start + self._shift
        # A copy, because the frame can be another one's too.
        copy = self._frame(frame.samples)
        size = copy.planes[0].buffer_size
        copy.planes[0].update(bytes(frame.planes[0])[:size].ljust(size, b"\0"))
        return self._stamped(copy)

    def _converted(self, frame: AudioFrame) -> list[AudioFrame]:
        if self._resampler is None:
            self._resampler = AudioResampler(format="s16", layout=self._layout, rate=self._rate)
        pts, frame.pts = frame.pts, None
        try:
            converted = self._resampler.resample(frame)
        finally:
            frame.pts = pts
        return [self._stamped(one) for one in converted]

    def _frame(self, samples: int) -> AudioFrame:
        frame = AudioFrame(format="s16", layout=self._layout, samples=samples)
        frame.sample_rate = self._rate
        return frame

    def _stamped(self, frame: AudioFrame) -> AudioFrame:
        frame.time_base = Fraction(1, self._rate)
        frame.pts = round(self._end * self._rate)
        self._end += Fraction(frame.samples, self._rate)
        return frame


def _start(frame: AudioFrame) -> Fraction | None:
    """When a frame starts, in seconds of its track."""
    base = frame.time_base
    if frame.pts is None or base is None:
        return None
    return frame.pts * Fraction(base.numerator, base.denominator)
