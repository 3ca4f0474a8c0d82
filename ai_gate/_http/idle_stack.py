"""Idle connections, kept for the next call."""

import time
from collections import deque
from collections.abc import Iterator
from typing import Generic, TypeVar

C = TypeVar("C")

KEEP_ALIVE = 230.0
"""How long an idle connection is kept, in seconds.

Sporadic calls should not pay for TCP and TLS again, but a connection that something on the way has
dropped would cost a call. Cloudflare closes one after 400 s, AWS's NAT gateway forgets it after
350 s and Azure's outbound rules after 240 s.
"""


class IdleStack(Generic[C]):
    """A stack on which the connection that was used last is taken first.

    Connections that aren't needed sink to the bottom and come off there once they are idle for too
    long, so no call walks over all of them. Safe for threads: each step is one atomic operation of
    a deque.
    """

    def __init__(self, keep_alive: float = KEEP_ALIVE) -> None:
        self._keep_alive = keep_alive
        self._entries: deque[tuple[float, C]] = deque()

    def __len__(self) -> int:
        return len(self._entries)

    def put(self, connection: C) -> None:
        """Keep a connection that has become idle."""
        self._entries.append((time.monotonic() + self._keep_alive, connection))

    def take(self) -> C | None:
        """Take the connection that was used last, or None if there is none."""
        try:
            return self._entries.pop()[1]
        except IndexError:
            return None

    def expired(self) -> Iterator[C]:
        """Take the connections that have been idle for too long."""
        now = time.monotonic()
        while True:
            try:
                entry = self._entries.popleft()
            except IndexError:
                return
            if entry[0] > now:
                self._entries.appendleft(entry)
                return
            yield entry[1]

    def drain(self) -> Iterator[C]:
        """Take all connections."""
        while (connection := self.take()) is not None:
            yield connection
