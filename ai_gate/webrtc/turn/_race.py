"""Trying TURN servers: all to the end, or only until the first one works.

aiortc uses only the first TURN URL it is given and says nothing when that one fails.
"""

import asyncio
import logging
from collections import deque
from collections.abc import Sequence

from ai_gate._logging import log
from ai_gate.webrtc._background import spawn
from ai_gate.webrtc._types import TurnResult, TurnServer
from ai_gate.webrtc.turn._allocation import Allocation

TIMEOUT = 2.0
"""The time for each server, in seconds: one that is reachable answers within a few round trips."""
STAGGER = 0.15
"""The head start of each server, in seconds, before the next one is tried beside it."""


class Attempt:
    """The try of one server.

    It is never cut: it finishes within its own time, even if nobody waits for it any more, and then
    gives back what it got. A request that is cut can leave an allocation on the server.
    """

    def __init__(self, server: TurnServer, timeout: float) -> None:
        self.server = server
        self.result: asyncio.Future[TurnResult] = asyncio.get_running_loop().create_future()
        self.task = spawn(self._run(timeout))

    @property
    def is_known(self) -> bool:
        """Whether there is a result; a loop that ends can leave one without."""
        return self.result.done() and not self.result.cancelled()

    @property
    def works(self) -> bool:
        """Whether the server is known to work."""
        return self.result.done() and self.result.result().works

    async def _run(self, timeout: float) -> None:
        loop = asyncio.get_running_loop()
        start = loop.time()
        allocation = Allocation(self.server)
        try:
            reason = await allocation.take(timeout)
            self.server = allocation.server
            self._report(reason, loop.time() - start)
        finally:
            # If there is no result, the loop is ending and has cancelled this task: whoever waits
            # for one must not wait for ever. A result that is there stays.
            self.result.cancel()
            await allocation.give_back()

    def _report(self, reason: str | None, seconds: float) -> None:
        server = self.server
        log(logging.DEBUG, False, "TURN %s: %s (%.3f s)", server.url, reason or "works", seconds)
        result = TurnResult(server.url, server.transport, reason is None, reason, seconds)
        self.result.set_result(result)


class Race:
    """A race between TURN servers, which is won while the others still finish.

    Args:
        servers: The servers, the preferred one first.
        timeout: The time for each server, in seconds.
        stagger: The head start of each server, in seconds.
    """

    def __init__(
        self,
        servers: Sequence[TurnServer] = (),
        *,
        timeout: float = TIMEOUT,
        stagger: float = STAGGER,
    ) -> None:
        self.winner: TurnServer | None = None
        """The first server that worked, or None if none has so far."""
        self._untried = deque(servers)
        self._attempts: list[Attempt] = []
        self._timeout = timeout
        self._stagger = stagger

    @property
    def results(self) -> tuple[TurnResult, ...]:
        """The results there are by now, in the order of the servers.

        Those of servers that are still being tried come later, also after the race was cancelled.
        """
        return tuple(attempt.result.result() for attempt in self._attempts if attempt.is_known)

    async def run(self) -> TurnServer | None:
        """Find a server that works: the first to do so, with a head start for the earlier ones.

        The next server is tried when one has failed or the head start is over. Those that are still
        being tried when this returns, or is cancelled, finish in the background.

        Returns:
            The winner, or None if no server works.
        """
        while self.winner is None and (self._untried or self._pending()):
            if self._untried:
                self._attempts.append(Attempt(self._untried.popleft(), self._timeout))
            await asyncio.wait(
                self._pending(),
                timeout=self._stagger if self._untried else None,
                return_when=asyncio.FIRST_COMPLETED,
            )
            self.winner = next((one.server for one in self._attempts if one.works), None)
        return self.winner

    def _pending(self) -> list[asyncio.Future[TurnResult]]:
        return [attempt.result for attempt in self._attempts if not attempt.result.done()]


async def all_results(servers: Sequence[TurnServer], *, timeout: float) -> list[TurnResult]:
    """Try TURN servers side by side, each to its end, and give everything back.

    Args:
        servers: The servers.
        timeout: The time for each server, in seconds.

    Returns:
        The results, in the order of the servers.
    """
    attempts = [Attempt(server, timeout) for server in servers]
    if attempts:
        # Cancelling this wait leaves the attempts alone.
        await asyncio.wait([attempt.task for attempt in attempts])
    return [attempt.result.result() for attempt in attempts]
