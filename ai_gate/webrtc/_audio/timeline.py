"""When audio is sent, and in which format: 20 ms after 20 ms, in a time that never goes back.

aiortc's encoder takes one format from the first frame to the last, and reads all time stamps in the
time base of the first frame. A peer drops what seems to be late.
"""

import asyncio
from collections.abc import Callable, Sequence
from fractions import Fraction
from typing import Any, Protocol

from av import AudioFrame, AudioResampler
from av.frame import Frame
from av.packet import Packet

SAMPLE = 2
"""The bytes of a sample of PCM, which is signed 16-bit little-endian mono here."""
FRAME = 0.02
"""The length of a frame in seconds: what WebRTC's audio is sent in (RFC 7874, section 3)."""
FRAMES_A_SECOND = round(1 / FRAME)
LONGEST_DELAY = 1.0
"""The delay in seconds beyond which missed frames aren't made up for."""
TOO_LATE = 0.2
"""The delay in seconds beyond which a frame is told as too late to be heard in its place."""
DEFAULT_RATE = 48_000
"""The samples a second if silence comes before a track: Opus's own rate, so that no tone of what
follows is cut off. It is mono from then on."""
LAYOUTS = ("mono", "stereo")
"""What aiortc's encoders take."""


class Pace:
    """Lets a frame go each 20 ms on average: one that is late is followed sooner.

    Args:
        on_late: Called with how many frames were too late or left out, since the loop stood still.
    """

    def __init__(self, on_late: Callable[[int], None]) -> None:
        self._on_late = on_late
        self._due: float | None = None

    async def next(self) -> None:
        """Wait until the next frame is due."""
        now = asyncio.get_running_loop().time()
        if self._due is None:
            self._due = now
        delay = now - self._due
        if delay > LONGEST_DELAY:
            self._due = now
            self._on_late(round(delay * FRAMES_A_SECOND))
        elif delay > TOO_LATE:
            self._on_late(1)
        await asyncio.sleep(self._due - now)
        self._due += FRAME


class Timeline:
    """Fits frames and silence to what was sent before.

    Packets of encoded audio go as they are, with their own time. A change from packets to frames
    isn't covered: aiortc sends the first frame that it encodes as time 0, whatever packets came
    before.

    Args:
        rate: The samples a second if silence comes first.
    """

    def __init__(self, rate: int = DEFAULT_RATE) -> None:
        self._layout = LAYOUTS[0]
        self._rate = rate
        self._has_begun = False
        self._is_own_time = False
        """Whether the last frame has no time of the track's: the next one comes right behind it."""
        self._end = Fraction(0)
        """When the last frame ends, in seconds."""
        self._shift = Fraction(0)
        """What is added to the track's time."""
        self._resampler: Resampler | None = None

    def follow(self, audio: "Frame | Packet[Any]") -> Sequence["Frame | Packet[Any]"]:
        """Fit what comes from a track.

        Args:
            audio: Its next frame or packet.

        Returns:
            What to send for it; it can be nothing yet.

        Raises:
            Exception: It is no audio, or can't be converted or sent.
        """
        if isinstance(audio, Packet):
            if not _has_time(audio):
                # It would make aiortc stop sending for good.
                raise ValueError("a packet without a time")
            return [audio]
        if not isinstance(audio, AudioFrame):
            raise TypeError("no audio")
        if not audio.samples:
            # It would make aiortc stop sending for good.
            return []
        if not self._has_begun:
            self._begin(audio)
        if not self._fits(audio):
            return self._converted(audio)
        return [self._moved(audio)]

    def silence(self) -> AudioFrame:
        """Make the next 20 ms of silence."""
        self._has_begun = self._is_own_time = True
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
        """Return a frame at its place in time: itself if it is there already, else a copy."""
        start = _seconds(frame.pts, frame.time_base)
        if start is not None:
            if self._is_own_time or start + self._shift < self._end:
                self._shift = self._end - start
            self._is_own_time = False
            self._end = start + self._shift
            if not self._shift and _seconds(1, frame.time_base) == Fraction(1, self._rate):
                self._end += Fraction(frame.samples, self._rate)
                return frame
        # The frame itself stays as it is: the app may use it for something else too.
        copy = self._frame(frame.samples)
        size = copy.planes[0].buffer_size
        copy.planes[0].update(bytes(frame.planes[0])[:size].ljust(size, b"\0"))
        return self._stamped(copy)

    def _converted(self, frame: AudioFrame) -> list[AudioFrame]:
        self._is_own_time = True
        self._resampler = self._resampler or Resampler(self._layout, self._rate)
        # The resampler gets no time of the track's, which can jump. The frame is the app's, so its
        # own time is put back.
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


class Resampler:
    """Converts frames of any kinds to signed 16-bit samples: PyAV's takes one kind only.

    Args:
        layout: The layout of the channels.
        rate: The samples a second.
    """

    def __init__(self, layout: str, rate: int) -> None:
        self._layout = layout
        self._rate = rate
        self._taken: tuple[str, str, int] | None = None
        """The kind of frame that comes."""

    def resample(self, frame: AudioFrame) -> list[AudioFrame]:
        """Return what a frame is converted to; it can be nothing yet."""
        kind = (frame.format.name, frame.layout.name, frame.sample_rate)
        if kind != self._taken:
            self._taken = kind
            self._own = AudioResampler(format="s16", layout=self._layout, rate=self._rate)
        return self._own.resample(frame)


class TimeBase(Protocol):
    """The unit of a track's time, in seconds: a Fraction, or since PyAV 19 a class of its own."""

    @property
    def numerator(self) -> int:
        """Its numerator; 0 if there is no unit."""
        ...

    @property
    def denominator(self) -> int:
        """Its denominator."""
        ...


def _has_time(packet: "Packet[Any]") -> bool:
    base: TimeBase | None = packet.time_base
    return packet.pts is not None and base is not None and base.numerator != 0


def _seconds(count: int | None, base: TimeBase | None) -> Fraction | None:
    """Return a time of a track in seconds, or None if it has none."""
    if count is None or base is None:
        return None
    return count * Fraction(base.numerator, base.denominator)
