"""The gate's clock, which a test can put forward."""

import math
import time
from datetime import UTC, datetime


class Clock:
    """The wall clock plus an offset."""

    def __init__(self) -> None:
        self._offset = 0.0

    def now(self) -> float:
        """Return the gate's time in Unix seconds."""
        return time.time() + self._offset

    def advance(self, seconds: float) -> None:
        """Put the clock forward; ValueError where that isn't a forward step to a real date."""
        if not (math.isfinite(seconds) and seconds >= 0):
            raise ValueError(f"seconds must be finite and not negative, got {seconds!r}")
        if self.now() + seconds > datetime.max.replace(year=9998, tzinfo=UTC).timestamp():
            raise ValueError(f"seconds must not lead past the year 9998, got {seconds!r}")
        self._offset += seconds


def isoformat(timestamp: float) -> str:
    """Write Unix seconds the way the gate does: `2025-10-03T12:00:00.000Z`."""
    moment = datetime.fromtimestamp(timestamp, UTC)
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")
