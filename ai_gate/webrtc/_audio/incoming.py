"""Audio from the peer, which waits until the app reads it."""

import contextlib
from collections import deque
from collections.abc import AsyncGenerator, Callable

from aiortc.mediastreams import MediaStreamError, MediaStreamTrack
from av import AudioFrame, AudioResampler

from ai_gate.webrtc._audio.timeline import SAMPLE
from ai_gate.webrtc._condition import Condition

LONGEST_QUEUE = 100
"""How many frames of the peer's audio can wait to be read: 2 seconds."""


class IncomingAudio:
    """The audio that came and waits to be read.

    aiortc decodes and queues all that comes, without bound, so its track is read all the time. What
    isn't read in time is dropped here, the oldest first: a reader that comes late gets what is said
    now.

    Args:
        on_first: Called when the first frame is there.
    """

    def __init__(self, on_first: Callable[[], None]) -> None:
        self._on_first = on_first
        self._frames: deque[AudioFrame] = deque(maxlen=LONGEST_QUEUE)
        self._changed = Condition()
        self._has_begun = False
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

    async def pcm(self, rate: int) -> AsyncGenerator[bytes, None]:
        """Yield the audio as it comes, as signed 16-bit little-endian mono PCM.

        Args:
            rate: The samples a second.
        """
        resampler = AudioResampler(format="s16", layout="mono", rate=rate)
        while (frame := await self._next()) is not None:
            # Dropped frames leave a gap in the time stamps; what is heard must have none.
            frame.pts = None
            for converted in resampler.resample(frame):
                # A plane can be longer than what is in it.
                yield bytes(converted.planes[0])[: converted.samples * SAMPLE]

    def _put(self, frame: AudioFrame) -> None:
        if not self._has_begun:
            self._has_begun = True
            self._on_first()
        # A deque that is full drops its oldest frame by itself.
        self.dropped += len(self._frames) == LONGEST_QUEUE
        self._frames.append(frame)
        self._changed.notify()

    async def _next(self) -> AudioFrame | None:
        await self._changed.wait_for(lambda: bool(self._frames) or self._has_ended)
        return self._frames.popleft() if self._frames else None
