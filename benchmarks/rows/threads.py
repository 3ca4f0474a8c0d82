"""Sync calls of several threads with one client; reported without a bar."""

from benchmarks.bench import Bench
from benchmarks.contenders import AGAIN, HTTPX, OURS
from benchmarks.interleaved import costs
from benchmarks.results import Result
from benchmarks.rows.calls import beside_httpx

CALLS = {1: 60, 10: 10, 100: 2}
"""How many calls each of so many threads makes."""


def measure_threads(bench: Bench) -> list[Result]:
    """Beside httpx, with as many threads."""
    results = []
    for threads, times in CALLS.items():
        taken = costs(
            bench,
            "sync_calls",
            [OURS, HTTPX, AGAIN],
            bench.http,
            size=threads,
            times=times,
            rounds=30 if bench.full else 12,
        )
        name = "thread" if threads == 1 else "threads"
        results += beside_httpx(f"sync calls, {threads} {name}", taken)
    return results
