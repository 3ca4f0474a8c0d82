"""How many connections calls open, and how many round trips they wait for."""

import time

from benchmarks.bench import Bench, installed
from benchmarks.contenders import HTTPX, OURS, OVER_AIOHTTP, Contender
from benchmarks.processes import Worker
from benchmarks.results import Result, absolute

CALLS = 200
"""Of a burst."""
IDLE = 61.0

ROUND_TRIP = 0.05
REST = 0.5
"""What a call may take beside its round trips: the work of both sides, but not one more."""
COLD, WARM = 3, 1
"""TCP, TLS 1.3 and the request; the request alone."""
TRIPS = {
    "cold sync call": ("first sync", COLD),
    "warm sync call": ("sync", WARM),
    "cold async call": ("first async", COLD),
    "warm async call": ("async", WARM),
}


def measure_burst(bench: Bench) -> list[Result]:
    """The second burst opens none, and closing the client leaves none open.

    The answers take 100 ms, so that all calls are under way before the first one ends.
    """
    contenders = installed([OURS, OVER_AIOHTTP, HTTPX])
    return [result for one in contenders for result in _bursts(bench, one)]


def _bursts(bench: Bench, one: Contender) -> list[Result]:
    limit = 0 if one == OURS else None
    at_first = bench.stats()
    with bench.processes.workers("async", [one], bench.slow) as [worker]:
        worker.work(CALLS, times=1)
        after_one = bench.stats()
        worker.work(CALLS, times=1)
        after_two = bench.stats()
        worker.close()
        at_last = bench.stats()
    counts = {
        "opened by the first": (after_one.connections - at_first.connections, None),
        "opened by the second": (after_two.connections - after_one.connections, limit),
        "open after close": (at_last.open - at_first.open, limit),
    }
    return [
        absolute(f"200-call bursts: {what}", one.label, [count], "connections", bar)
        for what, (count, bar) in counts.items()
    ]


def measure_idle(bench: Bench) -> list[Result]:
    """A call after an idle minute opens none, TLS.

    Over aiohttp it opens one: httpx-aiohttp closes idle ones after 5 s by default.
    """
    sync = _after_a_minute(bench, "sync", [OURS, HTTPX])
    return sync + _after_a_minute(bench, "async", installed([OURS, OVER_AIOHTTP, HTTPX]))


def _after_a_minute(bench: Bench, job: str, contenders: list[Contender]) -> list[Result]:
    with bench.processes.workers(job, contenders, bench.https) as workers:
        for worker in workers:
            worker.work(1, 1)
        time.sleep(IDLE)
        opened = [_opened(bench, worker) for worker in workers]
    row = f"{job} call after an idle minute, TLS"
    return [
        absolute(row, one.label, [count], "connections", 0 if one == OURS else None)
        for one, count in zip(contenders, opened, strict=True)
    ]


def _opened(bench: Bench, worker: Worker) -> int:
    before = bench.stats().connections
    worker.work(1, 1)
    return bench.stats().connections - before


def measure_round_trips(bench: Bench) -> list[Result]:
    """A call to a gate 50 ms away, at the limit of TCP, TLS and HTTP/1.1."""
    results = []
    rounds = 30 if bench.full else 8
    with bench.far_away(ROUND_TRIP) as url:
        for row, (job, trips) in TRIPS.items():
            taken = bench.costs(job, [OURS, HTTPX], url, size=1, times=1, rounds=rounds)
            for who, costs in taken.items():
                waited = [cost.wall / ROUND_TRIP for cost in costs]
                limit = trips + REST if who == OURS.label else None
                results.append(absolute(row, who, waited, "round trips", limit))
    return results
