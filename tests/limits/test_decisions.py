"""The decisions, against gates that count in other ways, in a world without waiting."""

from __future__ import annotations

import heapq
from collections import Counter, deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from itertools import combinations
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ai_gate._call.desk import NOTHING
from ai_gate.limits._counts import LEASE, LONGEST_POLL, POLL, Counts

WINDOW = 20.0


@dataclass
class Fixed:
    """A window begins with its first request."""

    limit: int
    end: float = 0.0
    used: int = 0

    def admit(self, now: float) -> tuple[int, float] | None:
        if now >= self.end:
            self.end, self.used = now + WINDOW, 0
        self.used += 1
        return (self.used, self.end) if self.used <= self.limit else None


@dataclass
class Moving:
    """Each request counts for a window from its own arrival."""

    limit: int
    log: deque[float] = field(default_factory=deque)

    def admit(self, now: float) -> tuple[int, float] | None:
        while self.log and self.log[0] <= now - WINDOW:
            self.log.popleft()
        self.log.append(now)
        return (len(self.log), self.log[0] + WINDOW) if len(self.log) <= self.limit else None


@dataclass
class World:
    """Calls that take their turns, and a gate that is some way off."""

    gate: Fixed | Moving
    look: Callable[[float, dict[str, Any]], dict[str, Any]]
    limit: int
    delays: Iterator[float]
    states: bool = True
    name: Callable[[int], str] = str
    news: list[tuple[float, dict[str, Any]]] = field(default_factory=list)
    made: list[float] = field(default_factory=list)
    refused: int = 0
    granted: dict[int, float] = field(default_factory=dict)

    def run(self, arrivals: list[float]) -> None:
        """Let each call come at its moment, and go on until all are made."""
        events: list[tuple[float, int, str, Any]] = []
        for number, at in enumerate(arrivals):
            heapq.heappush(events, (at, number, "look", at))
        while events:
            now, number, what, data = heapq.heappop(events)
            if what == "look":
                reply = self.look(now, self.ask(self.name(number), now - data, now))
                assert "refused" not in reply, reply
                if reply["wait"] > 0:
                    heapq.heappush(events, (now + reply["wait"], number, "look", data))
                    continue
                self.granted[number] = now
                heapq.heappush(events, (now + next(self.delays), number, "arrive", now))
            elif what == "arrive":
                stated = self.gate.admit(now)
                self.refused += stated is None
                self.made.append(now)
                heapq.heappush(
                    events, (now + next(self.delays), number, "answer", (data, stated, now))
                )
            else:
                self.hear(now, number, *data)
                # Others hear of it at once, or with the next look.
                if number % 3:
                    self.look(now, self.ask("", 0.0, now))

    def hear(self, now: float, number: int, since: float, stated: Any, at: float) -> None:
        """Keep what the gate's answer says."""
        news = NOTHING | {
            "id": self.name(number),
            "session": False,
            "what": "made",
            "since": since,
        }
        if stated is None:
            news |= {"what": "requests", "hold": WINDOW}
        elif self.states:
            used, end = stated
            # Both the end and `Date` are whole seconds.
            news |= {"limit": self.limit, "used": used, "reset": end - at + 1.0}
        self.news.append((now, news))

    def ask(self, turn: str, waited: float, now: float) -> dict[str, Any]:
        """Return what a worker asks, with the news."""
        news = [one | {"age": now - at} for at, one in self.news]
        self.news = []
        return {
            **{"id": turn, "session": False, "left": 1e6, "waited": waited, "news": news},
            **{"requests": self.limit, "window": WINDOW, "concurrent": 0, "quota": 0},
            "known": [],
        }


moments = st.lists(st.floats(0.0, 4 * WINDOW), min_size=1, max_size=60).map(sorted)
delays = st.lists(st.floats(0.001, 3.0), min_size=1, max_size=7)


def forever(values: list[float]) -> Iterator[float]:
    while True:
        yield from values


@given(st.integers(1, 8), moments, delays, st.booleans())
@settings(max_examples=40, deadline=None)
def test_a_gate_with_fixed_windows_never_refuses(
    limit: int, arrivals: list[float], lags: list[float], states: bool
) -> None:
    world = World(Fixed(limit), Counts().look, limit, forever(lags), states)
    world.run(arrivals)
    assert (world.refused, len(world.made)) == (0, len(arrivals))
    # Who came later overtakes nobody: at most it wakes up before one for whom there is room too.
    granted = [world.granted[number] for number in range(len(arrivals))]
    assert all(one <= other + 1.0 for one, other in combinations(granted, 2))


@given(st.integers(1, 8), moments, delays)
@settings(max_examples=40, deadline=None)
def test_no_window_has_more_than_allowed_if_nothing_is_stated(
    limit: int, arrivals: list[float], lags: list[float]
) -> None:
    world = World(Moving(limit), Counts().look, limit, forever(lags), states=False)
    world.run(arrivals)
    assert (world.refused, len(world.made)) == (0, len(arrivals))


@given(st.integers(1, 8), moments, delays)
@settings(max_examples=40, deadline=None)
def test_a_reset_that_frees_one_alone_costs_one_refusal_a_window(
    limit: int, arrivals: list[float], lags: list[float]
) -> None:
    world = World(Moving(limit), Counts().look, limit, forever(lags))
    world.run(arrivals)
    assert world.refused <= (world.made[-1] - world.made[0]) / WINDOW


@given(
    st.integers(1, 8), st.integers(1, 40), st.floats(0.001, 0.5), st.integers(0, 7), st.booleans()
)
@settings(max_examples=40, deadline=None)
def test_no_turn_is_wasted(limit: int, calls: int, lag: float, others: int, states: bool) -> None:
    gate = Fixed(limit)
    # Others have used some of the window before.
    for _ in range(min(others, limit - 1) if states else 0):
        gate.admit(0.0)
    world = World(gate, Counts().look, limit, forever([lag]), states)
    world.run([0.0] * calls)
    windows = (calls - 1 + min(others, limit - 1)) // limit
    assert world.refused <= min(others, limit)
    assert world.made[-1] <= (windows + world.refused) * (WINDOW + 1.0 + 4 * lag) + POLL + lag


@pytest.mark.parametrize("states", [True, False])
def test_each_worker_gets_its_part_of_each_window(states: bool) -> None:
    # 8 workers, whose calls come one worker after the other.
    world = World(Fixed(40), Counts().look, 40, forever([0.05]), states)
    world.name = lambda number: f"{number // 20}.{number % 20}"
    world.run([number // 20 * 0.01 for number in range(160)])
    assert world.refused == 0
    granted = sorted(world.granted, key=world.granted.__getitem__)
    # Those of the first window came while there was room.
    for window in (granted[40:80], granted[80:120]):
        parts = Counter(number // 20 for number in window)
        unmet = {number // 20 for number in granted[120:]}
        assert min(parts[worker] for worker in unmet) >= 0.5 * max(parts.values())


@given(st.lists(st.tuples(st.integers(0, 4), st.sampled_from(["made", "unsent", "requests"]))))
@settings(max_examples=100, deadline=None)
def test_news_that_come_twice_count_once(told: list[tuple[int, str]]) -> None:
    once, twice = Counts(), Counts()
    for number in range(5):
        for counts in (once, twice):
            counts.look(1.0, ask_of(f"w.{number}", []))
    for number, what in dict(told).items():
        news = NOTHING | {"id": f"w.{number}", "session": True, "name": f"{number}"}
        news |= {"what": what, "since": 1.0, "hold": 5.0}
        once.look(2.0, ask_of("", [news]))
        for _ in range(2):
            twice.look(2.0, ask_of("", [news]))
    assert once == twice


def test_a_call_that_takes_longer_than_a_window_makes_one_session() -> None:
    counts = Counts()
    counts.look(1.0, ask_of("w.0", []))
    news = NOTHING | {"id": "w.0", "session": True, "name": "s", "what": "made", "since": 1.0}
    usage = counts.look(2.0 + WINDOW, ask_of("", [news]))
    assert [usage[kind][0] for kind in ("requests", "concurrent", "quota")] == [1, 1, 1]


def test_a_slot_that_is_released_is_soon_found() -> None:
    counts = Counts()
    ask = ask_of("", []) | {"concurrent": 1, "left": 600.0}
    assert counts.look(0.0, ask | {"id": "a.0"})["wait"] == 0
    waits = [counts.look(1.0 + n / 100, ask | {"id": f"b.{n}"})["wait"] for n in range(20)]
    assert waits[0] == POLL
    # Those behind look less often, so that a long line costs little.
    assert waits == sorted(waits)
    assert waits[-1] == LONGEST_POLL


def test_a_worker_that_dies_while_it_tries_keeps_the_others_for_seconds() -> None:
    counts = Counts()
    ask = ask_of("", []) | {"requests": 3, "session": False, "left": 600.0}
    news = NOTHING | {"id": "a.0", "what": "made", "limit": 3, "used": 3, "reset": 10.0}
    counts.look(1.0, ask | {"id": "a.0"})
    counts.look(1.5, ask | {"news": [news]})
    assert counts.look(12.0, ask | {"id": "b.0"})["wait"] == 0, "the window has ended"
    assert counts.look(12.0 + 0.9 * LEASE, ask | {"id": "c.0"})["wait"] > 0
    assert counts.look(12.0 + 1.1 * LEASE, ask | {"id": "c.0"})["wait"] == 0
    assert LEASE <= 5.0


def ask_of(turn: str, news: list[dict[str, Any]]) -> dict[str, Any]:
    """Return what a worker without limits asks, for a session."""
    limits = {"requests": 0, "window": WINDOW, "concurrent": 0, "quota": 0, "known": []}
    return limits | {"id": turn, "session": True, "left": 0.0, "waited": 0.0, "news": news}
