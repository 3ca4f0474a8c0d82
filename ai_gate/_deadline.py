"""The moment at which a call must have ended."""

import time


class Deadline:
    """A moment of the monotonic clock.

    Args:
        seconds: How far it lies ahead.
    """

    __slots__ = ("_moment",)

    def __init__(self, seconds: float) -> None:
        self._moment = time.monotonic() + seconds

    def left(self) -> float:
        """The seconds that are left, negative once the moment has passed."""
        return self._moment - time.monotonic()
