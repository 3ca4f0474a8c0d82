"""Every client after the first."""

from collections.abc import Sequence
from statistics import median

from benchmarks.bench import Bench
from benchmarks.contenders import AGAIN, GENERATED, HTTPX, OPENAI, OURS, Contender
from benchmarks.interleaved import costs
from benchmarks.jobs import Cost
from benchmarks.results import Result, absolute
from benchmarks.rows.calls import beside_httpx

FURTHER = "further client"
CONNECTED = "further client and its first call, TLS"

MANY = {OURS: 3000, HTTPX: 60}
"""How many hold enough to see past the pages of the allocator."""
MANY_CONNECTED = {OURS: 200, HTTPX: 60}


def measure_further_client(bench: Bench) -> list[Result]:
    """At most 0.02 of `httpx.Client()`, and at most 10 KB; reported too: with its first call."""
    made = _costs(bench, [OURS, HTTPX, AGAIN, OPENAI], calls=0)
    connected = _costs(bench, [OURS, HTTPX, AGAIN, GENERATED], calls=1)
    return [
        *beside_httpx(FURTHER, made, {OURS.label: 0.02}),
        *(_memory(bench, FURTHER, one, 0, clients) for one, clients in MANY.items()),
        *beside_httpx(CONNECTED, connected),
        *(_memory(bench, CONNECTED, one, 1, clients) for one, clients in MANY_CONNECTED.items()),
    ]


def _costs(bench: Bench, contenders: Sequence[Contender], calls: int) -> dict[str, list[Cost]]:
    rounds = 15 if bench.full else 6
    return costs(
        bench, "more_clients", contenders, bench.https, size=calls, times=10, rounds=rounds
    )


def _memory(bench: Bench, row: str, one: Contender, calls: int, clients: int) -> Result:
    held = []
    for _ in range(3):
        with bench.workers("more_clients", [one], bench.https) as [worker]:
            before = worker.memory()
            worker.work(calls, clients)
            held.append((worker.memory().rss - before.rss) / clients / 1024)
    limit = 10.0 if one == OURS and calls == 0 else None
    return absolute(f"{row}: memory", one.label, [median(held)], "KB", limit)
