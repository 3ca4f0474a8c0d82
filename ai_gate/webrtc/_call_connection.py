"""The connection of a call: it queues what comes, notices silence, and ends once."""

import asyncio
import dataclasses
import logging
import time
from collections.abc import Callable
from contextlib import suppress
from typing import Literal, TypeAlias

from aiortc import InvalidStateError, MediaStreamTrack

from ai_gate._logging import log
from ai_gate.errors import AIGateError
from ai_gate.webrtc._audio.incoming import IncomingAudio
from ai_gate.webrtc._background import hold
from ai_gate.webrtc._condition import Condition
from ai_gate.webrtc._events import EventQueue, decode, with_current_name
from ai_gate.webrtc._options import Options
from ai_gate.webrtc._peer import End, Peer
from ai_gate.webrtc._types import Timings
from ai_gate.webrtc._watchdog import LOST_AFTER, Health, watch
from ai_gate.webrtc.errors import (
    CallEndedError,
    ConnectionLostError,
    EventTooLargeError,
    QueueOverflowError,
    WebRTCError,
)

SETTLING = 0.5
"""The part of `close_timeout` that a call which is closed while it opens is given to open first."""
MAX_BUFFERED = 1_048_576
"""How many bytes can wait in the data channel before sending waits."""

Status: TypeAlias = Literal["connecting", "connected", "disconnected", "closed"]
Step: TypeAlias = Literal["gathered", "answered", "opened", "first_audio"]


class CallConnection:
    """The connection of a call, with its queues.

    Args:
        peer: The peer connection.
        options: The settings of the call.
        started: When the call was begun, on the monotonic clock.
    """

    def __init__(self, peer: Peer, options: Options, started: float) -> None:
        self.peer = peer
        self.events = EventQueue(options.max_queue)
        self.audio = IncomingAudio(lambda: self.mark("first_audio"))
        self.timings = Timings()
        self.call_id: str | None = None
        self.failure: WebRTCError | None = None
        """What ended the call once it is over, or None if this side closed it."""
        self.when_over: Callable[[], None] | None = None
        """What is done once it is over."""
        self.lifetime = 0.0
        """How long it was open, in seconds, once it is over."""
        self._options = options
        self._started = started
        self._loop = asyncio.get_running_loop()
        self._is_over = False
        self._is_closing = False
        self._is_quiet = False
        self._changed = Condition()
        self._turn = asyncio.Lock()
        """Whose turn it is to send."""
        self._tasks: list[asyncio.Task[None]] = []
        self._listen()
        # Created now and not at the end: the end of the loop cancels all tasks, and one that is
        # cancelled before its first step would give nothing back.
        self._release = asyncio.create_task(self._take_down())

    @property
    def status(self) -> Status:
        """How the connection is."""
        if self._is_over:
            return "closed"
        if self.timings.opened is None:
            return "connecting"
        return "disconnected" if self._is_quiet else "connected"

    def check_loop(self) -> None:
        """Check that a live call is used where it was opened: nothing beneath it takes two threads.

        Raises:
            AIGateError: It is used in another event loop.
        """
        # Where no loop runs, nothing is waited for yet.
        with suppress(RuntimeError):
            if self._is_over or asyncio.get_running_loop() is self._loop:
                return
            raise AIGateError("The call belongs to another event loop: use it where it was opened.")

    def mark(self, step: Step) -> None:
        """Record that a step is done."""
        self.timings = dataclasses.replace(self.timings, **{step: self._elapsed()})

    def begin(self) -> None:
        """Watch the connection: it is open."""
        self.mark("opened")
        if not self._is_over:
            watching = watch(lambda: self.peer.signs_of_life, self._judge)
            self._tasks.append(asyncio.create_task(watching))

    async def send(self, text: str) -> None:
        """Send an event once there is room for it.

        Raises:
            WebRTCError: The call is over.
        """
        channel = self.peer.channel
        # Who has waited longest goes first, so that events leave in the order of the calls.
        async with self._turn:
            await self._changed.wait_for(
                lambda: self._is_over or channel.bufferedAmount <= MAX_BUFFERED
            )
        if self._is_over:
            raise self.events.failure()
        try:
            channel.send(text)
        except InvalidStateError as error:
            raise CallEndedError("The peer is closing the channel; nothing was sent.") from error
        except ValueError as error:
            raise EventTooLargeError(
                "The event is larger than the peer takes; nothing was sent."
            ) from error

    async def hang_up(self, seconds: float) -> None:
        """Close the channel and wait for the peer to agree, so that what was sent arrives first.

        Args:
            seconds: How long the peer is given.
        """
        self._is_closing = True
        if self.status == "connected":
            self.peer.hang_up()
            await self._changed.wait_at_most(seconds, lambda: self._is_over)

    def end(self, failure: WebRTCError | None = None) -> None:
        """End the call. What came before can still be read.

        Args:
            failure: What is raised to readers after that, or None if this side has closed it.
        """
        if self._is_over:
            return
        self._is_over = True
        self.failure = None if self._is_closing else failure
        if self.timings.opened is not None:
            self.lifetime = self._elapsed() - self.timings.opened
        self.events.end(failure)
        self.audio.end()
        # At once: a PCMSource is free for the next call then, and no `write` waits for this one.
        self.peer.outgoing.stop()
        self._changed.notify()
        hold(self._release)
        if self.when_over is not None:
            self.when_over()
        log(
            logging.DEBUG if isinstance(failure, CallEndedError | None) else logging.WARNING,
            False,
            "call %s: ended (%s)",
            self.call_id,
            failure or "closed",
        )

    async def released(self, seconds: float) -> None:
        """Wait until all is given back, for a limited time; what isn't by then goes on."""
        if not self._release.done():
            await asyncio.wait({self._release}, timeout=max(seconds, 0.0))

    def _listen(self) -> None:
        channel = self.peer.channel
        channel.bufferedAmountLowThreshold = MAX_BUFFERED
        channel.on("bufferedamountlow", self._changed.notify)
        channel.on("message", self._receive)
        self.peer.pc.on("track", self._drain)
        self.peer.on_end(self._after_peer)

    def _receive(self, message: str | bytes) -> None:
        if self._is_over:
            return
        event = decode(message)
        if event is None:
            log(logging.WARNING, False, "call %s: a message is no JSON object", self.call_id)
        elif self.events.is_full:
            self.end(
                QueueOverflowError(
                    f"{self._options.max_queue:,} events were left unread, so the call was ended: "
                    "read them faster, or raise max_queue."
                )
            )
        else:
            renamed = self._options.event_names == "current"
            self.events.put(with_current_name(event) if renamed else event)

    def _drain(self, track: MediaStreamTrack) -> None:
        if track.kind == "audio":
            self._tasks.append(asyncio.create_task(self.audio.drain(track)))

    def _judge(self, health: Health) -> None:
        self._is_quiet = health != "connected"
        if health == "lost":
            self._lose(f"nothing came from the peer for {LOST_AFTER:.0f} s")

    def _after_peer(self, end: End) -> None:
        if end == "hung up":
            # If this side is closing, the peer has only agreed.
            self.end(None if self._is_closing else CallEndedError("The peer hung up."))
        else:
            self._lose("the transport failed")

    def _lose(self, reason: str) -> None:
        self.end(ConnectionLostError(f"The connection was lost: {reason}.", reason=reason))

    def _elapsed(self) -> float:
        return time.monotonic() - self._started

    async def _take_down(self) -> None:
        try:
            await self.peer.release(self._over(), self._options.close_timeout * SETTLING)
        finally:
            await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _over(self) -> None:
        """Wait for the end of the call, or end it if the end of the loop cancels this."""
        try:
            await self._changed.wait_for(lambda: self._is_over)
        finally:
            self.end()
            for task in self._tasks:
                task.cancel()
