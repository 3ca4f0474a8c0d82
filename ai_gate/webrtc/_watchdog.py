"""Notices that nothing comes from the peer any more.

A TURN server that dies, or a peer that is cut off, sends no goodbye. aiortc itself notices it after
36 s, or through TURN over UDP not within 80 s.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from typing import Literal, TypeAlias

from ai_gate._logging import log

INTERVAL = 0.5
"""The time between two looks, in seconds."""
DISCONNECTED_AFTER = 7.0
"""After how many seconds without a packet the call is called disconnected. A peer that has nothing
to say answers a check of its consent every 6 s at most."""
LOST_AFTER = 14.0
"""After how many seconds without a packet the call is lost. With the interval: within 15 s."""
LONGEST_STEP = 2 * INTERVAL
"""What one look adds at most, in seconds. A loop that was blocked, or a machine that slept, has
had no time to receive anything."""

Health: TypeAlias = Literal["connected", "disconnected", "lost"]


class Pulse:
    """Judges a call by the count of received packets, without I/O."""

    def __init__(self) -> None:
        self._packets = -1
        self._last_look: float | None = None
        self._still = 0.0

    def look(self, packets: int, now: float) -> Health:
        """Return how the call is, by the count of all packets so far.

        Args:
            packets: The packets that have come since the call began, RTP, RTCP and all.
            now: The time, in seconds of a monotonic clock.
        """
        step = 0.0 if self._last_look is None else now - self._last_look
        self._last_look = now
        if packets != self._packets:
            self._packets = packets
            self._still = 0.0
        else:
            self._still += min(step, LONGEST_STEP)
        if self._still >= LOST_AFTER:
            return "lost"
        return "disconnected" if self._still >= DISCONNECTED_AFTER else "connected"


async def watch(count: Callable[[], Awaitable[int]], report: Callable[[Health], None]) -> None:
    """Look at each interval and report how the call is, until it is lost.

    Args:
        count: Returns how many packets have come so far. If it raises, none has come.
        report: Called with how the call is.
    """
    loop = asyncio.get_running_loop()
    pulse = Pulse()
    health: Health = "connected"
    packets = 0
    while health != "lost":
        await asyncio.sleep(INTERVAL)
        try:
            packets = await count()
        except Exception as error:
            log(logging.DEBUG, False, "counting packets failed: %s", type(error).__name__)
        health = pulse.look(packets, loop.time())
        report(health)
