"""Everything that a mock gate remembers, behind one lock."""

import math
import time
from collections.abc import Iterable
from datetime import UTC, datetime
from threading import Lock

from ai_gate.testing._examples import Example, Pick
from ai_gate.testing._limits import Account, Plan, Usage
from ai_gate.testing._request import ReceivedRequest
from ai_gate.testing._violations import Violation


class Clock:
    """The wall clock plus an offset, which a test can increase."""

    def __init__(self) -> None:
        self._offset = 0.0

    def now(self) -> float:
        """Return the gate's time in Unix seconds."""
        return time.time() + self._offset

    def advance(self, seconds: float) -> None:
        """Put the clock forward.

        Raises:
            ValueError: `seconds` is negative, not finite, or leads past the year 9998.
        """
        if not (math.isfinite(seconds) and seconds >= 0):
            raise ValueError(f"seconds must be finite and not negative, got {seconds!r}")
        if self.now() + seconds > datetime.max.replace(year=9998, tzinfo=UTC).timestamp():
            raise ValueError(f"seconds must not lead past the year 9998, got {seconds!r}")
        self._offset += seconds


class State:
    """The clock, the projects' accounts, the queue of picked responses, and what a test reads."""

    def __init__(self, plan: Plan) -> None:
        self._plan = plan
        self._lock = Lock()
        self.reset()

    def reset(self) -> None:
        """Forget everything and put the clock back."""
        with self._lock:
            self._clock = Clock()
            self._accounts: dict[str, Account] = {}
            self._picks: list[Pick] = []
            self._received: list[ReceivedRequest] = []
            self._violations: list[Violation] = []

    def now(self) -> float:
        """Return the gate's time in Unix seconds."""
        with self._lock:
            return self._clock.now()

    def advance(self, seconds: float) -> None:
        """Put the clock forward."""
        with self._lock:
            self._clock.advance(seconds)

    def admit(self, project: str, *, session: bool) -> tuple[Usage, float]:
        """Count a project's request; return what the project has used, and the gate's time."""
        with self._lock:
            now = self._clock.now()
            account = self._accounts.setdefault(project, Account(self._plan))
            return account.admit(now, session=session), now

    def add_pick(self, pick: Pick) -> None:
        """Queue a picked response."""
        with self._lock:
            self._picks.append(pick)

    def take_pick(self, examples: Iterable[Example]) -> Example | None:
        """Remove the oldest pick that fits one of the examples, and return that example."""
        with self._lock:
            for position, pick in enumerate(self._picks):
                if example := pick.find(examples):
                    del self._picks[position]
                    return example
        return None

    def add_request(self, request: ReceivedRequest) -> None:
        """Keep a request."""
        with self._lock:
            self._received.append(request)

    def add_violation(self, violation: Violation) -> None:
        """Keep a violation."""
        with self._lock:
            self._violations.append(violation)

    def received(self) -> list[ReceivedRequest]:
        """Return a copy of the list of requests."""
        with self._lock:
            return list(self._received)

    def violations(self) -> list[Violation]:
        """Return a copy of the list of violations."""
        with self._lock:
            return list(self._violations)
