"""Fleets: nothing is refused by the gate, little of what it lets through is missed, nobody starves.

`make fleet` is the same at full size.
"""

from __future__ import annotations

from datetime import datetime, timedelta, tzinfo
from itertools import cycle

import pytest

from ai_gate.limits import Limiter
from ai_gate.testing import MockGate
from tests.limits.conftest import StartRedis
from tests.limits.fleet import Outcome, processes, tasks, threads, use_up

WINDOW = 2.0
WINDOWS = 3
REQUESTS = 12


def check(found: Outcome) -> None:
    """Check what a fleet came to whose calls, all at once, are more than a window has room for.

    How close it comes to what the gate lets through, a quiet machine shows.
    """
    assert (found.refused, found.others) == (0, {})
    assert sum(found.made) > REQUESTS, "the next window is used too"
    assert min(found.made) >= 0.5 * max(found.made)


@pytest.mark.usefixtures("patience")
def test_processes_of_which_one_is_killed(start_redis: StartRedis) -> None:
    url = start_redis().url
    check(processes(4, url, requests=REQUESTS, window=WINDOW, windows=4, killed=1, at_once=5))


def test_without_a_limiter_the_gate_refuses() -> None:
    with MockGate(requests=1) as gate:
        assert threads(4, None, gate.url, WINDOW).refused > 0


def test_threads(store: str | None) -> None:
    with MockGate(requests=REQUESTS, window=WINDOW) as gate:
        limiter = Limiter(store, requests=REQUESTS, window=WINDOW)
        use_up(limiter, gate.url, REQUESTS)
        check(threads(15, limiter, gate.url, WINDOW * (WINDOWS - 0.5)))


@pytest.mark.parametrize(
    ("backend", "store"),
    [("asyncio", "memory"), ("asyncio", "redis"), ("trio", "redis")],
    indirect=["store"],
)
def test_tasks(backend: str, store: str | None) -> None:
    with MockGate(requests=REQUESTS, window=WINDOW) as gate:
        limiter = Limiter(store, requests=REQUESTS, window=WINDOW)
        use_up(limiter, gate.url, REQUESTS)
        check(tasks(15, limiter, gate.url, WINDOW * (WINDOWS - 0.5), backend))


def test_clocks_that_are_five_minutes_apart(monkeypatch: pytest.MonkeyPatch) -> None:
    minutes = cycle((5, -5))

    class Skewed(datetime):
        @classmethod
        def now(cls, tz: tzinfo | None = None) -> datetime:  # type: ignore[override]
            return datetime.now(tz) + timedelta(minutes=next(minutes))

    monkeypatch.setattr("ai_gate._call.limited.datetime", Skewed)
    test_threads(None)
