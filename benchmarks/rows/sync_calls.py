"""One sync call after another."""

from benchmarks.bench import Bench
from benchmarks.contenders import AGAIN, GENERATED, HTTPX, OPENAI, OURS
from benchmarks.interleaved import costs
from benchmarks.results import Result
from benchmarks.rows.calls import beside_httpx, ours_beside_openai


def measure_sync(bench: Bench) -> list[Result]:
    """At most the CPU of httpx, and half of openai's."""
    taken = costs(
        bench,
        "sync_calls",
        [OURS, HTTPX, AGAIN, GENERATED, OPENAI],
        bench.http,
        size=1,
        times=60,
        rounds=40 if bench.full else 20,
        starts=5 if bench.full else 3,
    )
    against_httpx = beside_httpx("sync call", taken, {"ai-gate": 1.0})
    return against_httpx + ours_beside_openai("sync call", taken, 0.5)
