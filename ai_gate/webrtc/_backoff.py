"""Whether and when another call is tried after a failure: decisions without I/O.

Each try creates a session, which is billed.
"""

import math
import random
from collections.abc import Callable

from ai_gate._call.retry import wait_before
from ai_gate.errors import (
    AIGateError,
    APIConnectionError,
    AuthenticationError,
    BadRequestError,
    InvalidResponseError,
    QuotaExceededError,
)
from ai_gate.webrtc.errors import (
    CallEndedError,
    ConnectionLostError,
    NoPathError,
    OpenTimeoutError,
)

MAX_FAILURES = 5
"""The failure in a row after which no other call is tried."""
SHORT_LIVED = 30.0
"""The time in seconds within which a call that is lost, or that the peer ends, is a failure."""
LONGEST_WAIT = 900.0
"""The longest wait that an answer can ask for, in seconds: if it asks for more, none is tried."""
FINAL = (AuthenticationError, BadRequestError, QuotaExceededError)
PASSING = (
    APIConnectionError,
    CallEndedError,
    ConnectionLostError,
    InvalidResponseError,
    NoPathError,
    OpenTimeoutError,
)
"""What can go well the next time though no status says so."""
PASSING_STATUSES = frozenset({408, 425, 429, *range(500, 600)})


def may_pass(failure: AIGateError) -> bool:
    """Return True if the next try can go well: never after 400, 401, 402 or 403."""
    if isinstance(failure, FINAL):
        return False
    return isinstance(failure, PASSING) or failure.status_code in PASSING_STATUSES


class Backoff:
    """Counts failures in a row, and says how long to wait after each.

    Args:
        uniform: Draws the waits.
    """

    def __init__(self, uniform: Callable[[float, float], float] = random.uniform) -> None:
        self._failures = 0
        self._uniform = uniform

    def succeed(self) -> None:
        """Begin to count anew."""
        self._failures = 0

    def fail(self, failure: AIGateError) -> float | None:
        """Return how long to wait after a failure, in seconds, or None if no more is tried."""
        self._failures += 1
        if self._failures >= MAX_FAILURES or not may_pass(failure):
            return None
        asked = failure.retry_after
        if asked is not None and asked > LONGEST_WAIT:
            return None
        return wait_before(self._failures, asked, math.inf, uniform=self._uniform)
