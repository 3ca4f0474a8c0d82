"""A watch on attempts to connect, whichever library makes them."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from .addresses import Address


@dataclass
class Watch:
    """The attempts to connect to one address."""

    count: int = 0
    # What to do just before an attempt, by its number from 1.
    before: dict[int, Callable[[], object]] = field(default_factory=dict)

    def dialled(self) -> None:
        """Note an attempt that is about to be made."""
        self.count += 1
        if action := self.before.get(self.count):
            action()


class Dials:
    """Hears of every attempt to connect of the process."""

    def __init__(self) -> None:
        self._watches: dict[Address, Watch] = {}
        # There is no way to take a hook back: one object serves the whole run.
        sys.addaudithook(self._heard)

    @contextmanager
    def watch(self, address: Address) -> Iterator[Watch]:
        """Watch an address for a while."""
        watch = self._watches[address] = Watch()
        try:
            yield watch
        finally:
            del self._watches[address]

    def _heard(self, event: str, arguments: tuple[object, ...]) -> None:
        if event != "socket.connect":
            return
        match arguments[1]:
            case (str(host), int(port)) if watch := self._watches.get((host, port)):
                watch.dialled()
