"""200 async calls in a burst, and again: the connections that each opens, and what stays.

The answers take 100 ms, so that all calls are under way before the first one ends.
"""

from benchmarks.bench import Bench
from benchmarks.contenders import HTTPX, OURS, OVER_AIOHTTP, Contender
from benchmarks.results import Result, absolute

CALLS = 200


def measure_burst(bench: Bench) -> list[Result]:
    """The second burst opens none, and closing the client leaves none open."""
    contenders = [one for one in (OURS, OVER_AIOHTTP, HTTPX) if one.is_installed]
    return [result for one in contenders for result in _bursts(bench, one)]


def _bursts(bench: Bench, one: Contender) -> list[Result]:
    limit = 0 if one == OURS else None
    at_first = bench.stats()
    with bench.workers("async_calls", [one], bench.slow) as [worker]:
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
