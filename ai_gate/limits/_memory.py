"""The counts of this process."""

import time
from collections import defaultdict
from threading import RLock
from typing import Any

from ai_gate._fork import unforked
from ai_gate.limits._counts import Counts


class Memory:
    """The counts of this process."""

    blocks = False
    failures: tuple[type[Exception], ...] = ()

    def __init__(self) -> None:
        self._counts: defaultdict[str, Counts] = defaultdict(Counts)
        self._began = time.time() - time.monotonic()  # Nobody sets this clock.
        self._lock = RLock()  # A signal handler can make a call too.

    def look(self, key: str, ask: dict[str, Any]) -> dict[str, Any]:
        """Take in the news, and ask for a turn."""
        return unforked(lambda: self._look(key, ask))

    def find(self, name: str) -> str:
        """Return the key of the project that a live session belongs to, or nothing."""
        return next((key for key, one in list(self._counts.items()) if name in one.live), "")

    def _look(self, key: str, ask: dict[str, Any]) -> dict[str, Any]:
        with self._lock:
            return self._counts[key].look(self._began + time.monotonic(), ask)
