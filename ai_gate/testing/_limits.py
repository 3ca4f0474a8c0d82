"""The limits of a plan, and what a project has used of it. No clock and no I/O."""

import math
from collections import deque
from copy import copy
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import Enum
from typing import Self

WINDOW_SECONDS = 900.0
# The clock goes to the year 9998, and the end of a window is a date too.
_MOST_WINDOW_SECONDS = 365 * 86400
SESSION_SECONDS = 60 * 60


def check_whole(**numbers: object) -> None:
    """Raise TypeError unless each is a whole number. To Python, True is one too."""
    for name, number in numbers.items():
        if not isinstance(number, int) or isinstance(number, bool):
            raise TypeError(f"{name} must be a whole number")


class Refusal(Enum):
    """Why a request is refused, in the order in which the gate checks."""

    REQUESTS = "requests"
    QUOTA = "quota"
    CONCURRENT = "concurrent"


@dataclass(frozen=True)
class Plan:
    """The limits of a project.

    Args:
        requests: Requests in a window, or None for no limit. Default 100.
        concurrent: Live sessions, or None for no limit. Default 5.
        quota: Sessions in a calendar month, or None for no limit. Default 100.
        name: What a response says of the plan. Default `free`.
        window: The length of a window in seconds, up to a year. Default 900.

    Raises:
        TypeError: A limit isn't a whole number.
        ValueError: A limit is negative, or `window` isn't more than 0 and at most a year.

    Example:
        >>> from ai_gate.testing import FREE, MockGate
        >>> gate = MockGate(projects={"proj_free": FREE, "proj_paid": Plan(concurrent=50)})
    """

    requests: int | None = 100
    concurrent: int | None = 5
    quota: int | None = 100
    name: str = "free"
    window: float = WINDOW_SECONDS

    def __post_init__(self) -> None:
        if not 0 < self.window <= _MOST_WINDOW_SECONDS:
            range_ = "more than 0 seconds and at most a year"
            raise ValueError(f"window must be {range_}, got {self.window}")
        for limit in Refusal:
            number = self.limit(limit)
            if number is None:
                continue
            check_whole(**{limit.value: number})
            if number < 0:
                raise ValueError(f"{limit.value} must be None or not negative, got {number}")

    def limit(self, refusal: Refusal) -> int | None:
        """Return the number above which a request is refused, or None."""
        limit: int | None = getattr(self, refusal.value)
        return limit


FREE = Plan()
STARTER = Plan(requests=None, concurrent=10, quota=5_000, name="starter")
GROWTH = Plan(requests=None, concurrent=50, quota=20_000, name="growth")


class Account:
    """What one project has used of its plan, including its last request."""

    def __init__(self, plan: Plan) -> None:
        self.plan = plan
        self.refusal: Refusal | None = None
        self.requests = 0
        self.window_end = -math.inf
        self.live_sessions = 0
        self.month_sessions = 0
        self.sessions_created = 0
        # When sessions end, and how many do: a limit of a million takes no list of a million.
        self._session_ends: deque[tuple[float, int]] = deque()
        self._month = (0, 0)

    def exhaust(self, limit: Refusal, now: float) -> None:
        """Use up all that a limit leaves."""
        self._expire(now)
        most = self.plan.limit(limit) or 0
        match limit:
            case Refusal.REQUESTS:
                self.requests = most
            case Refusal.QUOTA:
                self.month_sessions = most
            case Refusal.CONCURRENT:
                self._session_ends.clear()
                self.live_sessions = 0
                self._add_sessions(most, now)

    def admit(self, now: float, *, session: bool) -> Self:
        """Count a request and, if it asks for a session and isn't refused, the session.

        Returns:
            A copy, which stays as it is.
        """
        self._expire(now)
        self.requests += 1
        self.refusal = self._refusal(session)
        if session and self.refusal is None:
            self._add_sessions(1, now)
            self.month_sessions += 1
            self.sessions_created += 1
        return copy(self)

    def _add_sessions(self, number: int, now: float) -> None:
        self._session_ends.append((now + SESSION_SECONDS, number))
        self.live_sessions += number

    def _expire(self, now: float) -> None:
        if now >= self.window_end:
            self.window_end = now + self.plan.window
            self.requests = 0
        while self._session_ends and self._session_ends[0][0] <= now:
            self.live_sessions -= self._session_ends.popleft()[1]
        today = datetime.fromtimestamp(now, UTC)
        if self._month != (today.year, today.month):
            self._month = (today.year, today.month)
            self.month_sessions = 0

    def _refusal(self, session: bool) -> Refusal | None:
        if _exceeds(self.requests, self.plan.requests):
            return Refusal.REQUESTS
        if session and _exceeds(self.month_sessions + 1, self.plan.quota):
            return Refusal.QUOTA
        if session and _exceeds(self.live_sessions + 1, self.plan.concurrent):
            return Refusal.CONCURRENT
        return None


def _exceeds(count: int, limit: int | None) -> bool:
    return limit is not None and count > limit
