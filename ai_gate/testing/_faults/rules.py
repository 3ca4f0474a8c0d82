"""Which requests something goes wrong with, and which of the faults it is."""

import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from random import Random
from threading import Lock

from ai_gate.testing._contract import Contract
from ai_gate.testing._examples import Example, Pick, parse_prefer, preferred_example
from ai_gate.testing._faults.catalog import FAULTS, TIMED, cloudflare, timed
from ai_gate.testing._faults.steps import PATIENCE
from ai_gate.testing._response import Effect


@dataclass(eq=False)
class Rule:
    """A fault, and when it happens.

    Attributes:
        pick: The fault.
        times: How often yet; None for always.
        probability: The share of the requests.
        operation: The operation's name; None for any.
        until: The end, by the gate's clock.
    """

    pick: Pick
    times: int | None = 1
    probability: float = 1.0
    operation: str | None = None
    until: float = math.inf


class Rules:
    """What goes wrong: the faults that are counted, in order, then the newest of the others."""

    def __init__(self) -> None:
        self._lock = Lock()
        # The same requests fail in each run.
        self._random = Random(0)  # noqa: S311
        self._queued: list[Rule] = []
        self._standing: list[Rule] = []

    def add(self, rule: Rule) -> None:
        """Add a rule."""
        with self._lock:
            if rule.times is None:
                self._standing.insert(0, rule)
            else:
                self._queued.append(rule)

    def take(self, operation: str, examples: Sequence[Example], now: float) -> Effect | None:
        """Return what becomes of a request, and count it."""
        with self._lock:
            for rule in (*self._queued, *self._standing):
                if now >= rule.until or rule.operation not in (None, operation):
                    continue
                effect = rule.pick.find(examples)
                if effect is None or self._random.random() >= rule.probability:
                    continue
                if rule.times is not None:
                    rule.times -= 1
                    if rule.times == 0:
                        self._queued.remove(rule)
                return effect
        return None


class Catalog:
    """Every fault by name: the documented errors, and what a network or a proxy does.

    Args:
        contract: The spec.
        examples: Its documented responses.
    """

    def __init__(self, contract: Contract, examples: Sequence[Example]) -> None:
        page = contract.example("cloudflare_522")
        self._faults: Mapping[str, Effect] = {**FAULTS, **cloudflare(page)}
        self._documented = {example.name for example in examples}

    @property
    def names(self) -> list[str]:
        """The names, sorted."""
        return sorted(self._documented | self._faults.keys() | TIMED.keys())

    def pick(self, name: str, seconds: float | None = None) -> Pick:
        """Pick a fault.

        Raises:
            ValueError: There is none of this name, it takes no seconds, or not so many.
        """
        if name not in self.names:
            raise ValueError(f"there is no fault {name!r}; there is {', '.join(self.names)}")
        if seconds is not None and name not in TIMED:
            raise ValueError(f"the fault {name!r} takes no seconds; {' and '.join(TIMED)} do")
        if seconds is not None and not 0 <= seconds <= PATIENCE:
            raise ValueError(f"seconds must be from 0 to {PATIENCE:g}, got {seconds}")
        if name in self._documented:
            return Pick(None, name)
        return Pick(None, name, timed(name, seconds) if name in TIMED else self._faults[name])

    def preferred(self, header: str) -> Pick | None:
        """Pick what a request's header `Prefer` asks for; None if it asks for nothing.

        Raises:
            ValueError: There is no such thing.
        """
        preferences = parse_prefer(header)
        if "fault" not in preferences:
            return preferred_example(preferences)
        wait = preferences.get("wait")
        if wait is not None and not re.fullmatch(r"[0-9]+(\.[0-9]+)?", wait):
            raise ValueError("the preferred wait must be a number of seconds")
        return self.pick(preferences["fault"], None if wait is None else float(wait))
