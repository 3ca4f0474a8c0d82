"""Everything that a mock gate remembers."""

import math
import time
from collections import deque
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from threading import Lock
from typing import Generic, TypeVar

from ai_gate.testing._faults.rules import Rules
from ai_gate.testing._limits import Account, Plan, Refusal
from ai_gate.testing._overrides import Override
from ai_gate.testing._request import KEPT_BODY, ReceivedRequest
from ai_gate.testing._violations import Violation

_MOST_KEPT = 1_000
MOST_BYTES = 64 * 2**20

T = TypeVar("T")


class Newest(Generic[T]):
    """The newest 1,000 of many, and no more than 64 MiB of them; written and read by threads."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._kept: deque[tuple[T, int]] = deque()
        self._size = 0

    def add(self, item: T, size: int = 0) -> None:
        """Keep one more, of so many bytes."""
        with self._lock:
            self._kept.append((item, size))
            self._size += size
            while len(self._kept) > _MOST_KEPT or self._size > MOST_BYTES:
                self._size -= self._kept.popleft()[1]

    def all(self) -> list[T]:
        """Return them, the oldest first."""
        with self._lock:
            return [item for item, _ in self._kept]


class State:
    """The clock, the projects' accounts, the faults to come, and what a test reads.

    Args:
        plan: The plan of each project that has none of its own.
        plans: The projects that exist, each with its plan; None for any.
    """

    def __init__(self, plan: Plan, plans: Mapping[str, Plan] | None = None) -> None:
        self._plan = plan
        self._plans = plans
        self._lock = Lock()
        self.reset()

    def reset(self) -> None:
        """Forget everything and put the clock back."""
        with self._lock:
            self._offset = 0.0
            self._accounts: dict[str, Account] = {}
            self._exhausted: list[tuple[Refusal, float]] = []
            self.recover()
            self.received: Newest[ReceivedRequest] = Newest()
            self.sessions: Newest[bytes] = Newest()
            self.violations: Newest[Violation] = Newest()

    def recover(self) -> None:
        """End every fault and override."""
        self.rules = Rules()
        self.overrides: dict[str, tuple[Override, ...]] = {}

    def override(self, operation: str, overrides: Sequence[Override]) -> None:
        """Have fields of an operation's successes say something else."""
        with self._lock:
            self.overrides[operation] = (*self.overrides.get(operation, ()), *overrides)

    def now(self) -> float:
        """Return the gate's time in Unix seconds: the wall clock, put forward by a test."""
        return time.time() + self._offset

    def advance(self, seconds: float) -> None:
        """Put the clock forward.

        Raises:
            ValueError: `seconds` is negative, not finite, or leads past the year 9998.
        """
        if not 0 <= seconds < math.inf:
            raise ValueError(f"seconds must be finite and not negative, got {seconds!r}")
        with self._lock:
            # The sum of a float and an integer that is none would be another error.
            if seconds > datetime.max.replace(year=9998, tzinfo=UTC).timestamp() - self.now():
                raise ValueError(f"seconds must not lead past the year 9998, got {seconds!r}")
            self._offset += seconds

    def admit(self, project: str, *, session: bool) -> tuple[Account, float] | None:
        """Count a project's request.

        Returns:
            What the project has used, and the gate's time; None if there is no such project.
        """
        with self._lock:
            if self._plan_of(project) is None:
                return None
            now = self.now()
            return self._account(project).admit(now, session=session), now

    def exhaust(self, limit: Refusal, project: str | None) -> None:
        """Use up a limit of one project, or of all there are and will be.

        Raises:
            ValueError: There is no such project, or no such limit.
        """
        with self._lock:
            plans = [self._plan] if self._plans is None else list(self._plans.values())
            if project is not None:
                plan = self._plan_of(project)
                if plan is None:
                    raise ValueError("there is no such project")
                plans = [plan]
            if all(plan.limit(limit) is None for plan in plans):
                raise ValueError(f"no plan has a limit of {limit.value}")
            now = self.now()
            if project is None:
                self._exhausted.append((limit, now))
            for name in list(self._accounts) if project is None else [project]:
                self._account(name).exhaust(limit, now)

    def _plan_of(self, project: str) -> Plan | None:
        return self._plan if self._plans is None else self._plans.get(project)

    def _account(self, project: str) -> Account:
        if project not in self._accounts:
            account = Account(self._plan_of(project) or self._plan)
            self._accounts[project] = account
            for limit, at in self._exhausted:
                account.exhaust(limit, at)
        return self._accounts[project]

    def sessions_created(self, project: str | None = None) -> int:
        """Count the sessions of one project, or of all."""
        projects = self.projects()
        return sum(projects.values()) if project is None else projects.get(project, 0)

    def projects(self) -> dict[str, int]:
        """Return the projects that sent requests, each with its number of sessions."""
        with self._lock:
            return {name: account.sessions_created for name, account in self._accounts.items()}

    def add_request(self, request: ReceivedRequest) -> None:
        """Keep a request, without what is too much of its body."""
        if len(request.body) > KEPT_BODY:
            request = replace(request, body=request.body[:KEPT_BODY], is_cut=True)
        head = str((request.path, request.query, request.headers))
        self.received.add(request, len(head) + len(request.body))
