"""What an async call costs among ever more at once."""

from functools import partial

from benchmarks.bench import Bench
from benchmarks.contenders import HTTPX, OURS, OVER_AIOHTTP, Contender
from benchmarks.interleaved import in_turns
from benchmarks.results import Result, relative
from benchmarks.rows.calls import microseconds

LIMIT = 1.4
BURSTS = {1: 100, 20: 5, 100: 1, 500: 1}
"""How many bursts of each size."""


def measure_growth(bench: Bench) -> list[Result]:
    """At most 1.4 of a lone call's, up to 500 at once."""
    wanted = [OURS, OVER_AIOHTTP, HTTPX] if bench.full else [OURS, HTTPX]
    contenders = [one for one in wanted if one.is_installed]
    return [result for one in contenders for result in _growth(bench, one)]


def _growth(bench: Bench, one: Contender) -> list[Result]:
    """A worker for each size, so that each has the connections of its own size, and one more."""
    sizes = [*BURSTS, 1]
    names = [
        *(f"async calls, {size} at once" for size in BURSTS),
        "async calls, 1 at once after 500",
    ]
    with bench.workers("async_calls", [one] * len(sizes), bench.http) as workers:
        workers[-1].work(500, times=1)
        measures = {
            name: partial(worker.work, size, BURSTS[size])
            for name, size, worker in zip(names, sizes, workers, strict=True)
        }
        taken = in_turns(measures, 20 if bench.full else 5)
    alone = microseconds(taken[names[0]])
    return [
        relative(
            name,
            one.label,
            microseconds(costs),
            "µs",
            base=alone,
            against="1 at once",
            limit=LIMIT if one == OURS and name != names[0] else None,
        )
        for name, costs in taken.items()
    ]
