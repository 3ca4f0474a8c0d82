"""What many calls leave in memory."""

from benchmarks.bench import Bench
from benchmarks.contenders import HTTPX, OURS, Contender
from benchmarks.results import Result, absolute

LIMIT_OBJECTS = 0
LIMIT_KB = 512
"""After 100,000 calls. Fewer say little: the first look at the memory takes some itself."""
WARM_UP = 2_000
JOBS = {"sync": ("sync_calls", 1), "async": ("async_calls", 20)}
"""The job of each kind, and how many calls it makes at once."""


def measure_memory(bench: Bench) -> list[Result]:
    """Flat: no more objects, and at most 512 KB after 100,000 calls."""
    calls = 100_000 if bench.full else 10_000
    contenders = [OURS, HTTPX] if bench.full else [OURS]
    return [
        result for one in contenders for kind in JOBS for result in _growth(bench, one, kind, calls)
    ]


def _growth(bench: Bench, one: Contender, kind: str, calls: int) -> list[Result]:
    job, size = JOBS[kind]
    with bench.workers(job, [one], bench.http) as [worker]:
        # Looking at the memory takes some too, the first and the second time.
        for _ in range(2):
            worker.work(size, WARM_UP // size)
            worker.memory()
        worker.work(size, WARM_UP // size)
        before = worker.memory()
        worker.work(size, calls // size)
        after = worker.memory()
    row = f"{calls:,} {kind} calls: more"
    objects, kilobytes = after.objects - before.objects, (after.rss - before.rss) / 1024
    is_ours = one == OURS
    limit_kb = LIMIT_KB if is_ours and bench.full else None
    return [
        absolute(row, one.label, [objects], "objects", LIMIT_OBJECTS if is_ours else None),
        absolute(row, one.label, [kilobytes], "KB", limit_kb),
    ]
