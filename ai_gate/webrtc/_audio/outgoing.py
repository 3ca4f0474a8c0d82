"""The track that is sent, whatever its audio comes from."""

import asyncio
import logging
from collections import deque
from typing import Any

from aiortc.mediastreams import MediaStreamError, MediaStreamTrack
from av.frame import Frame
from av.packet import Packet

from ai_gate._logging import log
from ai_gate.webrtc._audio.source import PCMSource, add_listener, remove_listener
from ai_gate.webrtc._audio.timeline import DEFAULT_RATE, Pace, Timeline

SILENCE_RATE = 8000
"""The samples a second of the silence that is sent if there is no track: a low rate, because aiortc
measures the level of each frame sample by sample."""
PATIENCE = 1.0
"""How long the app's track is waited for before silence is sent, in seconds."""


class OutgoingTrack(MediaStreamTrack):
    """Sends the app's track, and silence while nothing comes from it and after its end.

    A peer that hears a track sends reports back all the time, so one that has died can be told
    from one that is silent. aiortc stops the track that it has sent: that is this one, and the
    app's goes on.

    Args:
        source: The app's track, or None for silence alone.
    """

    kind = "audio"

    def __init__(self, source: MediaStreamTrack | None) -> None:
        super().__init__()
        self.skipped = 0
        """How many frames of a PCMSource or of silence were too late, or left out."""
        self._source = source
        self._has_ended = False
        """Whether nothing comes from the app's track any more."""
        self._next: asyncio.Task[Frame | Packet[Any]] | None = None
        """The next frame of the app's track, while it is waited for."""
        self._pace: Pace | None = None
        """The rhythm of the silence, while silence is sent."""
        self._timeline = Timeline(SILENCE_RATE if source is None else DEFAULT_RATE)
        self._ready: deque[Frame | Packet[Any]] = deque()
        if isinstance(source, PCMSource):
            add_listener(source, self._skip)

    async def recv(self) -> "Frame | Packet[Any]":
        """Return the next frame to aiortc."""
        while self.readyState == "live":
            if self._ready:
                return self._ready.popleft()
            await self._look()
            if self._next is not None and self._next.done():
                self._take(self._next)
            elif self._pace is not None:
                await self._pace.next()
                self._ready.append(self._timeline.silence())
        raise MediaStreamError

    def stop(self) -> None:
        """End this track; the app's goes on."""
        super().stop()
        if self._next is not None:
            self._next.add_done_callback(_retrieve_failure)
            self._next.cancel()
            self._next = None
        if isinstance(self._source, PCMSource):
            remove_listener(self._source, self._skip)

    async def _look(self) -> None:
        """Wait for the app's track for a while; if nothing comes, begin with silence."""
        if self._source is not None and not self._has_ended and self._next is None:
            self._next = asyncio.create_task(_received(self._source))
        # While there is silence, its pace says how long to wait.
        if self._pace is None:
            if self._next is not None:
                await asyncio.wait({self._next}, timeout=PATIENCE)
            if self._next is None or not self._next.done():
                self._pace = Pace(self._skip)

    def _skip(self, frames: int) -> None:
        if not self.skipped:
            log(
                logging.WARNING,
                False,
                "the event loop stood still, so audio was sent late: don't block it",
            )
        self.skipped += frames

    def _take(self, received: "asyncio.Task[Frame | Packet[Any]]") -> None:
        self._next = None
        try:
            self._ready.extend(self._timeline.follow(received.result()))
            # If it gave nothing to send, there is silence meanwhile.
            self._pace = None if self._ready else self._pace or Pace(self._skip)
        except MediaStreamError:
            self._has_ended = True
        except (Exception, asyncio.CancelledError) as error:
            # The cancelled task is the app's track's: this one goes on.
            self._has_ended = True
            name = type(error).__name__
            log(logging.WARNING, False, "the audio track failed (%s): silence is sent", name)


async def _received(source: MediaStreamTrack) -> "Frame | Packet[Any]":
    # A coroutine of our own, so that what an app's recv() raises at once is the task's failure too.
    return await source.recv()


def _retrieve_failure(task: "asyncio.Task[Frame | Packet[Any]]") -> None:
    """Retrieve a failure, because asyncio complains of one that isn't retrieved."""
    if not task.cancelled():
        task.exception()
