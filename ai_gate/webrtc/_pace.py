"""The rhythm of outgoing audio: a frame each 20 ms, as long as nothing else is agreed."""

import asyncio

FRAME = 0.02
"""The length of a frame in seconds: what WebRTC's audio is sent in (RFC 7874, section 3)."""
LONGEST_DELAY = 1.0
"""From how late on the frames that were missed aren't made up for, in seconds."""


class Pace:
    """Lets a frame go each 20 ms, on the average: one that is late is followed sooner."""

    def __init__(self) -> None:
        self._due: float | None = None

    async def next(self) -> None:
        """Wait until the next frame is due."""
        now = asyncio.get_running_loop().time()
        if self._due is None or now - self._due > LONGEST_DELAY:
            self._due = now
        await asyncio.sleep(self._due - now)
        self._due += FRAME
