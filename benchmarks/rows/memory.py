"""What stays in memory: of further clients, with their CPU, and of many calls."""

from collections.abc import Sequence
from statistics import median

from benchmarks.bench import Bench
from benchmarks.contenders import AGAIN, GENERATED, HTTPX, OPENAI, OURS, Contender
from benchmarks.results import Result, absolute, beside
from benchmarks.rows.calls import microseconds

FURTHER = "further client"
CONNECTED = "further client and its first call, TLS"
MANY = {OURS: 3000, HTTPX: 60}
"""How many hold enough to see past the pages of the allocator."""
MANY_CONNECTED = {OURS: 200, HTTPX: 60}

LIMIT_KB = 512
"""After 100,000 calls. Fewer say little: the first look at the memory takes some itself."""
WARM_UP = 2_000
AT_ONCE = {"sync": 1, "async": 20}
"""How many calls each job makes at once."""


def measure_further_client(bench: Bench) -> list[Result]:
    """At most 0.02 of `httpx.Client()`, and at most 10 KB; reported too: with its first call."""
    made = _costs(bench, [OURS, HTTPX, AGAIN, OPENAI], calls=0)
    connected = _costs(bench, [OURS, HTTPX, AGAIN, GENERATED], calls=1)
    return [
        *beside("httpx", FURTHER, made, "µs", {OURS.label: 0.02}),
        *(_memory(bench, FURTHER, one, 0, clients) for one, clients in MANY.items()),
        *beside("httpx", CONNECTED, connected, "µs"),
        *(_memory(bench, CONNECTED, one, 1, clients) for one, clients in MANY_CONNECTED.items()),
    ]


def _costs(bench: Bench, contenders: Sequence[Contender], calls: int) -> dict[str, list[float]]:
    rounds = 15 if bench.full else 6
    return microseconds(
        bench.costs("more clients", contenders, bench.https, size=calls, times=10, rounds=rounds)
    )


def _memory(bench: Bench, row: str, one: Contender, calls: int, clients: int) -> Result:
    held = []
    for _ in range(3):
        with bench.processes.workers("more clients", [one], bench.https) as [worker]:
            before = worker.memory()
            worker.work(calls, clients)
            held.append((worker.memory().rss - before.rss) / clients / 1024)
    limit = 10.0 if one == OURS and calls == 0 else None
    return absolute(f"{row}: memory", one.label, [median(held)], "KB", limit)


def measure_memory(bench: Bench) -> list[Result]:
    """Flat: no more objects, and at most 512 KB after 100,000 calls."""
    calls = 100_000 if bench.full else 10_000
    contenders = [OURS, HTTPX] if bench.full else [OURS]
    return [
        result
        for one in contenders
        for job in AT_ONCE
        for result in _growth(bench, one, job, calls)
    ]


def _growth(bench: Bench, one: Contender, job: str, calls: int) -> list[Result]:
    size = AT_ONCE[job]
    with bench.processes.workers(job, [one], bench.http) as [worker]:
        # Looking at the memory takes some too, the first and the second time.
        for _ in range(2):
            worker.work(size, WARM_UP // size)
            worker.memory()
        worker.work(size, WARM_UP // size)
        before = worker.memory()
        worker.work(size, calls // size)
        after = worker.memory()
    row = f"{calls:,} {job} calls: more"
    objects, kilobytes = after.objects - before.objects, (after.rss - before.rss) / 1024
    is_ours = one == OURS
    limit_kb = LIMIT_KB if is_ours and bench.full else None
    return [
        absolute(row, one.label, [objects], "objects", 0 if is_ours else None),
        absolute(row, one.label, [kilobytes], "KB", limit_kb),
    ]
