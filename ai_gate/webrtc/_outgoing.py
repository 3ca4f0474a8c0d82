"""The track that is sent, whatever its audio comes from."""

import asyncio
import logging
from collections import deque
from typing import Any

from aiortc.mediastreams import MediaStreamError, MediaStreamTrack
from av.frame import Frame
from av.packet import Packet

from ai_gate._logging import log
from ai_gate.webrtc._audio_in import PCMSource, begin_to_hear, cease_to_hear
from ai_gate.webrtc._continuous import DEFAULT_RATE, ContinuousAudio
from ai_gate.webrtc._pace import Pace

SILENCE_RATE = 8000
"""The samples a second of the silence that is sent where there is no track: a low rate, because
aiortc measures the level of each frame sample by sample."""
PATIENCE = 1.0
"""How long the caller's track is waited for before silence is sent, in seconds."""


class OutgoingTrack(MediaStreamTrack):
    """Sends a caller's track, and silence while nothing comes from it and after its end.

    A peer that hears a track sends reports back all the time, so one that has died can be told
    from one that is silent. The caller's track is only borrowed: aiortc stops the track that it
    has sent, and that is this one.

    Args:
        source: The caller's track, or None for silence alone.
    """

    kind = "audio"

    def __init__(self, source: MediaStreamTrack | None) -> None:
        super().__init__()
        self._source = source
        self._has_ended = False
        """Whether nothing comes from it any more."""
        self._next: asyncio.Task[Frame | Packet[Any]] | None = None
        self._pace: Pace | None = None
        """The rhythm of the silence, while there is some."""
        self._audio = ContinuousAudio(SILENCE_RATE if source is None else DEFAULT_RATE)
        self._ready: deque[Frame | Packet[Any]] = deque()
        if isinstance(source, PCMSource):
            begin_to_hear(source, self)

    async def recv(self) -> "Frame | Packet[Any]":
        """Give aiortc the next frame."""
        while self.readyState == "live":
            if self._ready:
                return self._ready.popleft()
            await self._look()
            if self._next is not None and self._next.done():
                self._take(self._next)
            elif self._pace is not None:
                await self._pace.next()
                self._ready.append(self._audio.silence())
        raise MediaStreamError

    def stop(self) -> None:
        """End this track; the caller's goes on."""
        super().stop()
        if self._next is not None:
            self._next.add_done_callback(_forgotten)
            self._next.cancel()
            self._next = None
        if isinstance(self._source, PCMSource):
            cease_to_hear(self._source, self)

    async def _look(self) -> None:
        """See whether the caller's track has something; while it has not, there is silence."""
        if self._source is not None and not self._has_ended and self._next is None:
            self._next = asyncio.create_task(_received(self._source))
        if self._pace is None:
            if self._next is not None:
                await asyncio.wait({self._next}, timeout=PATIENCE)
            if self._next is None or not self._next.done():
                self._pace = Pace()

    def _take(self, received: "asyncio.Task[Frame | Packet[Any]]") -> None:
        self._next = None
        try:
            self._ready.extend(self._audio.follow(received.result()))
            # Where it gave nothing to send, there is silence meanwhile.
            self._pace = None if self._ready else self._pace or Pace()
        except MediaStreamError:
            self._has_ended = True
        except (Exception, asyncio.CancelledError) as error:
            self._has_ended = True
            name = type(error).__name__
            log(logging.WARNING, False, "the audio track failed (%s): silence is sent", name)


async def _received(source: MediaStreamTrack) -> "Frame | Packet[Any]":
    return await source.recv()


def _forgotten(task: "asyncio.Task[Frame | Packet[Any]]") -> None:
    """Look at a failure that is of no interest any more."""
    if not task.cancelled():
        task.exception()
