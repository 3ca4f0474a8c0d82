"""Everything that a mock gate remembers, behind one lock."""

from collections.abc import Iterable
from threading import Lock

from ai_gate.testing._clock import Clock
from ai_gate.testing._examples import Example, Pick
from ai_gate.testing._limits import Account, Plan, Usage
from ai_gate.testing._violations import ReceivedRequest, Violation


class State:
    """The clock, the projects' accounts, the queue of picked answers, and what a test reads."""

    def __init__(self, plan: Plan) -> None:
        self._plan = plan
        self._lock = Lock()
        self.reset()

    def reset(self) -> None:
        """Forget everything and put the clock back."""
        with self._lock:
            self._clock = Clock()
            self._accounts: dict[str, Account] = {}
            self._queue: list[Pick] = []
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
        """Count a project's request; return what it has used, and the time."""
        with self._lock:
            now = self._clock.now()
            account = self._accounts.setdefault(project, Account(self._plan))
            return account.admit(now, session=session), now

    def queue(self, pick: Pick) -> None:
        """Add a picked answer."""
        with self._lock:
            self._queue.append(pick)

    def take_queued(self, examples: Iterable[Example]) -> Example | None:
        """Remove the oldest pick that one of the examples fits, and return that example."""
        with self._lock:
            for position, pick in enumerate(self._queue):
                if example := pick.find(examples):
                    del self._queue[position]
                    return example
        return None

    def record(self, request: ReceivedRequest) -> None:
        """Keep a request."""
        with self._lock:
            self._received.append(request)

    def keep(self, violation: Violation) -> None:
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
