"""The limits of a plan, and what a project has used of it. No clock and no I/O."""

import math
from collections import deque
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import Enum

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


@dataclass(frozen=True)
class Usage:
    """What a project has used of its plan, including its last request."""

    plan: Plan
    refusal: Refusal | None
    requests: int
    window_end: float
    live_sessions: int
    month_sessions: int


class Account:
    """What one project has used of its plan."""

    def __init__(self, plan: Plan) -> None:
        self._plan = plan
        self._window_end = -math.inf
        self._requests = 0
        # When sessions end, and how many do: a limit of a million takes no list of a million.
        self._session_ends: deque[tuple[float, int]] = deque()
        self._live_sessions = 0
        self._month = (0, 0)
        self._month_sessions = 0
        self.sessions_created = 0

    def exhaust(self, limit: Refusal, now: float) -> None:
        """Use up all that a limit leaves."""
        self._expire(now)
        most = self._plan.limit(limit) or 0
        match limit:
            case Refusal.REQUESTS:
                self._requests = most
            case Refusal.QUOTA:
                self._month_sessions = most
            case Refusal.CONCURRENT:
                self._session_ends.clear()
                self._live_sessions = 0
                self._add_sessions(most, now)

    def admit(self, now: float, *, session: bool) -> Usage:
        """Count a request and, if it asks for a session and isn't refused, the session."""
        self._expire(now)
        self._requests += 1
        refusal = self._refusal(session)
        if session and refusal is None:
            self._add_sessions(1, now)
            self._month_sessions += 1
            self.sessions_created += 1
        return Usage(
            plan=self._plan,
            refusal=refusal,
            requests=self._requests,
            window_end=self._window_end,
            live_sessions=self._live_sessions,
            month_sessions=self._month_sessions,
        )

    def _add_sessions(self, number: int, now: float) -> None:
        self._session_ends.append((now + SESSION_SECONDS, number))
        self._live_sessions += number

    def _expire(self, now: float) -> None:
        if now >= self._window_end:
            self._window_end = now + self._plan.window
            self._requests = 0
        while self._session_ends and self._session_ends[0][0] <= now:
            self._live_sessions -= self._session_ends.popleft()[1]
        today = datetime.fromtimestamp(now, UTC)
        if self._month != (today.year, today.month):
            self._month = (today.year, today.month)
            self._month_sessions = 0

    def _refusal(self, session: bool) -> Refusal | None:
        if _exceeds(self._requests, self._plan.requests):
            return Refusal.REQUESTS
        if session and _exceeds(self._month_sessions + 1, self._plan.quota):
            return Refusal.QUOTA
        if session and _exceeds(self._live_sessions + 1, self._plan.concurrent):
            return Refusal.CONCURRENT
        return None


def _exceeds(count: int, limit: int | None) -> bool:
    return limit is not None and count > limit
