"""Trying TURN servers: all to the end, or only until the first one works.

aiortc uses only the first TURN URL it is given, at one of its addresses, and says nothing when that
one fails.
"""

import asyncio
import logging
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Sequence
from typing import TypeAlias, TypeVar

from ai_gate._http.dialing import HEAD_START, resolve_async
from ai_gate._logging import log
from ai_gate.webrtc._background import spawn
from ai_gate.webrtc._types import TurnResult, TurnServer
from ai_gate.webrtc.turn._allocation import Allocation
from ai_gate.webrtc.turn._reasons import TIMED_OUT, reason_of

TIMEOUT = 2.0
"""The time for each server, in seconds: one that is reachable answers within a few round trips."""
STAGGER = 0.15
"""The head start of each server, in seconds, before the next one is tried beside it."""

Keep: TypeAlias = Callable[[Allocation], bool]
"""Takes an allocation that was made, and returns True, or leaves it to be given back."""


class _Attempt(ABC):
    """Something that is tried, and is never cut.

    It finishes within its own time, even if nobody waits for it any more. A request that is cut can
    leave an allocation on the server.

    Args:
        server: The server.
        timeout: The time for it, in seconds.
        keep: Takes an allocation over.
    """

    def __init__(self, server: TurnServer, timeout: float, keep: Keep) -> None:
        self.server = server
        self.result: asyncio.Future[str | None] = asyncio.get_running_loop().create_future()
        """The reason why it doesn't work, or None if it does."""
        self._timeout = timeout
        self._keep = keep
        self.task = spawn(self._run())

    @property
    def is_known(self) -> bool:
        """Whether there is a result; a loop that ends can leave one without."""
        return self.result.done() and not self.result.cancelled()

    @property
    def works(self) -> bool:
        """Whether it is known to work."""
        return self.result.done() and self.result.result() is None

    async def _run(self) -> None:
        try:
            self.result.set_result(await self._reason())
        finally:
            # If there is no result, the loop is ending and has cancelled this task: whoever waits
            # for one must not wait for ever. A result that is there stays.
            self.result.cancel()
            await self._finish()

    @abstractmethod
    async def _reason(self) -> str | None:
        """Try it, and return the result."""

    @abstractmethod
    async def _finish(self) -> None:
        """Give back what isn't kept."""


class AddressAttempt(_Attempt):
    """The try of one address of a server."""

    def __init__(self, server: TurnServer, host: str, timeout: float, keep: Keep) -> None:
        super().__init__(server, timeout, keep)
        self.host = host
        self._allocation = Allocation(server, host)
        self._is_kept = False

    async def _reason(self) -> str | None:
        reason = await self._allocation.take(self._timeout)
        if reason is None:
            self._is_kept = self._keep(self._allocation)
        return reason

    async def _finish(self) -> None:
        if not self._is_kept:
            await self._allocation.give_back()


class ServerAttempt(_Attempt):
    """The try of one server, at all of its addresses."""

    def __init__(self, server: TurnServer, timeout: float, keep: Keep) -> None:
        super().__init__(server, timeout, keep)
        self.seconds = 0.0
        """The time until the result was there."""
        self._attempts: list[AddressAttempt] = []

    def turn_result(self) -> TurnResult:
        """Return what became of it."""
        reason = self.result.result()
        url, transport = self.server.url, self.server.transport
        return TurnResult(url, transport, reason is None, reason, self.seconds)

    async def _reason(self) -> str | None:
        loop = asyncio.get_running_loop()
        start = loop.time()
        reason = await self._tried(start + self._timeout)
        self.seconds = loop.time() - start
        url = self.server.url
        log(logging.DEBUG, False, "TURN %s: %s (%.3f s)", url, reason or "works", self.seconds)
        return reason

    async def _tried(self, deadline: float) -> str | None:
        try:
            async with asyncio.timeout_at(deadline):
                addresses = await resolve_async(self.server.host, self.server.port)
        except TimeoutError:
            return self._told(TIMED_OUT)
        except Exception as error:
            cause = error.__cause__
            return reason_of(cause if isinstance(cause, Exception) else error)
        hosts = (address.location[0] for address in addresses)
        begin = (self._begun(host, deadline) for host in hosts)
        if await first_that_works(begin, HEAD_START) is not None:
            return None
        return self._reasons()

    def _begun(self, host: str, deadline: float) -> AddressAttempt:
        left = max(deadline - asyncio.get_running_loop().time(), 0.0)
        attempt = AddressAttempt(self.server, host, left, self._keep)
        self._attempts.append(attempt)
        return attempt

    def _reasons(self) -> str:
        """Return why no address works; if not all for the same reason, with the addresses."""
        reasons = {one.host: self._told(one.result.result() or "") for one in self._attempts}
        if len(set(reasons.values())) == 1:
            return next(iter(reasons.values()))
        return ", ".join(f"{reason} ({host})" for host, reason in reasons.items())

    def _told(self, reason: str) -> str:
        return f"{reason} after {self._timeout:.1f} s" if reason == TIMED_OUT else reason

    async def _finish(self) -> None:
        if self._attempts:
            await asyncio.wait([attempt.task for attempt in self._attempts])


AttemptT = TypeVar("AttemptT", bound=_Attempt)


async def first_that_works(begin: Iterable[AttemptT], head_start: float) -> AttemptT | None:
    """Begin attempts until one works. Those that are still under way go on in the background.

    Args:
        begin: Begins each attempt when it is asked for it.
        head_start: The time before the next one is begun, if none has failed, in seconds.

    Returns:
        The first that works, or None if all have failed.
    """
    begun: list[AttemptT] = []
    following = iter(begin)
    is_last = False
    while not is_last or _pending(begun):
        attempt = None if is_last else next(following, None)
        is_last = attempt is None
        if attempt is not None:
            begun.append(attempt)
        if pending := _pending(begun):
            seconds = None if is_last else head_start
            await asyncio.wait(pending, timeout=seconds, return_when=asyncio.FIRST_COMPLETED)
        for one in begun:
            if one.works:
                return one
    return None


def _pending(attempts: Sequence[_Attempt]) -> list[asyncio.Future[str | None]]:
    return [attempt.result for attempt in attempts if not attempt.result.done()]


class Race:
    """A race between TURN servers, which is won while the others still finish.

    Args:
        servers: The servers, the preferred one first.
        keep: Takes the allocation of one that works; it can be offered another one after that.
        timeout: The time for each server, in seconds.
        stagger: The head start of each server, in seconds.
    """

    def __init__(
        self,
        servers: Sequence[TurnServer] = (),
        keep: Keep = lambda allocation: False,
        *,
        timeout: float = TIMEOUT,
        stagger: float = STAGGER,
    ) -> None:
        self.winner: TurnServer | None = None
        """The first server that worked, or None if none has so far."""
        self._servers = servers
        self._keep = keep
        self._attempts: list[ServerAttempt] = []
        self._timeout = timeout
        self._stagger = stagger

    @property
    def results(self) -> tuple[TurnResult, ...]:
        """The results there are by now, in the order of the servers.

        Those of servers that are still being tried come later, also after the race was cancelled.
        """
        return tuple(attempt.turn_result() for attempt in self._attempts if attempt.is_known)

    async def run(self) -> TurnServer | None:
        """Find a server that works: the first to do so, with a head start for the earlier ones.

        The next server is tried when one has failed or the head start is over. Those that are still
        being tried when this returns, or is cancelled, finish in the background.

        Returns:
            The winner, or None if no server works.
        """
        first = await first_that_works(map(self._begun, self._servers), self._stagger)
        self.winner = first.server if first else None
        return self.winner

    def _begun(self, server: TurnServer) -> ServerAttempt:
        attempt = ServerAttempt(server, self._timeout, self._keep)
        self._attempts.append(attempt)
        return attempt


async def all_results(servers: Sequence[TurnServer], *, timeout: float) -> list[TurnResult]:
    """Try TURN servers side by side, each to its end, and give everything back.

    Args:
        servers: The servers.
        timeout: The time for each server, in seconds.

    Returns:
        The results, in the order of the servers.
    """
    attempts = [ServerAttempt(server, timeout, lambda allocation: False) for server in servers]
    if attempts:
        # Cancelling this wait leaves the attempts alone.
        await asyncio.wait([attempt.task for attempt in attempts])
    return [attempt.turn_result() for attempt in attempts]
