"""A clock for tests, in place of the `time` module of one of the SDK's modules."""

from __future__ import annotations


class Clock:
    """A monotonic clock that is put forward by hand."""

    def __init__(self) -> None:
        self.now = 1_000.0

    def monotonic(self) -> float:
        """The time of the clock."""
        return self.now
