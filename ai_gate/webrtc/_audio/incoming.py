"""Audio from the peer, which waits until the app reads it."""

import contextlib
from collections import deque
from collections.abc import AsyncGenerator, Callable

from aiortc.mediastreams import MediaStreamError, MediaStreamTrack
from av import AudioFrame

from ai_gate.webrtc._audio.timeline import FRAMES_A_SECOND, SAMPLE, Resampler
from ai_gate.webrtc._condition import Condition

LONGEST_QUEUE = 100
"""How many frames of the peer's audio can wait to be read: 2 seconds."""
LONGEST_BACKLOG = 5
"""How many can wait all the time: 0.1 seconds. A reader that plays them needs no more."""
QUIET = 256
"""The level of a sample below which there is a pause: 42 dB below the loudest."""


class IncomingAudio:
    """The audio that came and waits to be read.

    aiortc decodes and queues all that comes, without bound, so its track is read all the time. What
    isn't read in time is dropped here, the oldest first: a reader that comes late gets what is said
    now. One that reads as fast as audio comes would stay behind for ever, so it catches up: pauses
    are left out for it.

    Args:
        on_first: Called when the first frame is there.
    """

    def __init__(self, on_first: Callable[[], None]) -> None:
        self._on_first = on_first
        self._frames: deque[AudioFrame] = deque(maxlen=LONGEST_QUEUE)
        self._changed = Condition()
        self._came = 0
        self._least: int | None = None
        """How many frames have waited at least since the last look, after a read."""
        self._excess = 0
        """How many of them a reader has never needed, and can do without."""
        self._has_ended = False
        self.dropped = 0
        """How many frames were dropped."""

    async def drain(self, track: MediaStreamTrack) -> None:
        """Read a track to its end."""
        with contextlib.suppress(MediaStreamError):
            while True:
                frame = await track.recv()
                if isinstance(frame, AudioFrame):
                    self._put(frame)

    def end(self) -> None:
        """Let the frames that are there be the last ones."""
        self._has_ended = True
        self._changed.notify()

    @property
    def waiting(self) -> int:
        """How many frames wait to be read."""
        return len(self._frames)

    def clear(self) -> None:
        """Throw away what waits."""
        self._frames.clear()
        self._excess = 0

    async def pcm(self, rate: int) -> AsyncGenerator[bytes, None]:
        """Yield the audio as it comes, as signed 16-bit little-endian mono PCM.

        Args:
            rate: The samples a second.
        """
        # The peer can change its codec in the middle.
        resampler = Resampler("mono", rate)
        while (frame := await self._next()) is not None:
            # Dropped frames leave a gap in the time stamps; what is heard must have none.
            frame.pts = None
            for converted in resampler.resample(frame):
                # A plane can be longer than what is in it.
                yield bytes(converted.planes[0])[: converted.samples * SAMPLE]

    def _put(self, frame: AudioFrame) -> None:
        if not self._came:
            self._on_first()
        # A deque that is full drops its oldest frame by itself.
        self.dropped += len(self._frames) == LONGEST_QUEUE
        self._frames.append(frame)
        self._came += 1
        if self._came % FRAMES_A_SECOND == 0:
            self._excess = max(0, (self._least or 0) - LONGEST_BACKLOG)
            self._least = None
        self._changed.notify()

    async def _next(self) -> AudioFrame | None:
        await self._changed.wait_for(lambda: bool(self._frames) or self._has_ended)
        self._catch_up()
        frame = self._frames.popleft() if self._frames else None
        waiting = len(self._frames)
        self._least = waiting if self._least is None else min(waiting, self._least)
        return frame

    def _catch_up(self) -> None:
        while self._excess and len(self._frames) > LONGEST_BACKLOG and _is_quiet(self._frames[0]):
            self._frames.popleft()
            self._excess -= 1
            self.dropped += 1


def _is_quiet(frame: AudioFrame) -> bool:
    """Return True if a frame, as aiortc decodes it, is a pause."""
    size = frame.samples * len(frame.layout.channels) * SAMPLE
    samples = memoryview(bytes(frame.planes[0]))[:size].cast("h")
    return max(samples) < QUIET and min(samples) > -QUIET
