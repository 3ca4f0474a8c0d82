"""Fleets: nothing is refused by the gate, little of what it lets through is missed, nobody starves.

`make fleet` is the same at full size.
"""

from __future__ import annotations

import pytest

from ai_gate.limits import Limiter
from ai_gate.testing import MockGate
from tests.limits.conftest import StartRedis
from tests.limits.fleet import Outcome, processes, tasks, threads

WINDOW = 1.2
WINDOWS = 2
REQUESTS = 40


def check(found: Outcome) -> None:
    """Check what a fleet came to, in the time of the windows."""
    assert (found.refused, found.others) == (0, {})
    assert sum(found.made) >= 0.95 * REQUESTS * WINDOWS
    assert min(found.made) >= 0.5 * max(found.made)


def test_processes(start_redis: StartRedis) -> None:
    url = start_redis().url
    check(processes(4, url, requests=REQUESTS, window=WINDOW, windows=WINDOWS))


def test_processes_that_are_killed_block_nobody(start_redis: StartRedis) -> None:
    url = start_redis().url
    found = processes(5, url, requests=REQUESTS, window=WINDOW, windows=WINDOWS, killed=2)
    # Of the first window they have taken their part.
    assert (found.refused, found.others) == (0, {})
    assert sum(found.made) >= REQUESTS * (3 / 5 + 1) * 0.9


def test_without_a_limiter_the_gate_refuses() -> None:
    found = processes(2, None, requests=REQUESTS, window=WINDOW, windows=1)
    assert found.refused > 0


def test_threads(store: str | None) -> None:
    with MockGate(requests=REQUESTS, window=WINDOW) as gate:
        limiter = Limiter(store, requests=REQUESTS, window=WINDOW)
        check(threads(4, limiter, gate.url, WINDOW * (WINDOWS - 0.5)))


@pytest.mark.parametrize("backend", ["asyncio", "trio"])
def test_tasks(backend: str, store: str | None) -> None:
    with MockGate(requests=REQUESTS, window=WINDOW) as gate:
        limiter = Limiter(store, requests=REQUESTS, window=WINDOW)
        check(tasks(8, limiter, gate.url, WINDOW * (WINDOWS - 0.5), backend))
