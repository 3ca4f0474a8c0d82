"""Notices that nothing comes from the peer any more.

A TURN server that dies, or a peer that is cut off, sends no goodbye. aiortc itself notices it after
36 s, or through TURN over UDP not within 80 s.
"""

import asyncio
from collections.abc import Callable
from typing import Literal, TypeAlias

INTERVAL = 0.5
"""The time between two looks, in seconds."""
DISCONNECTED_AFTER = 7.0
"""After how many seconds without a sign of life a call is called disconnected. A peer that has
nothing to say answers a check of its consent every 6 s at most."""
LOST_AFTER = 14.0
"""After how many seconds without a sign of life a call is lost. With the interval: within 15 s."""
LONGEST_STEP = 2 * INTERVAL
"""What one look adds at most, in seconds. A loop that was blocked, or a machine that slept, has
had no time to receive anything."""

Health: TypeAlias = Literal["connected", "disconnected", "lost"]


class Pulse:
    """Judges a call by the count of the peer's signs of life, without I/O."""

    def __init__(self) -> None:
        self._signs = -1
        self._last_look: float | None = None
        self._still = 0.0

    def look(self, signs: int, now: float) -> Health:
        """Return how the call is, by the count of all signs so far.

        Args:
            signs: What has come of the peer since the call began, RTP, RTCP and all.
            now: The time, in seconds of a monotonic clock.
        """
        step = 0.0 if self._last_look is None else now - self._last_look
        self._last_look = now
        if signs != self._signs:
            self._signs = signs
            self._still = 0.0
        else:
            self._still += min(step, LONGEST_STEP)
        if self._still >= LOST_AFTER:
            return "lost"
        return "disconnected" if self._still >= DISCONNECTED_AFTER else "connected"


async def watch(count: Callable[[], int], report: Callable[[Health], None]) -> None:
    """Look at each interval and report how the call is, until it is lost.

    Args:
        count: Returns how many signs of life have come so far.
        report: Called with how the call is.
    """
    loop = asyncio.get_running_loop()
    pulse = Pulse()
    health: Health = "connected"
    while health != "lost":
        await asyncio.sleep(INTERVAL)
        health = pulse.look(count(), loop.time())
        report(health)
