"""100 async calls at once, answered at once and, as a real gate would, after a while."""

from collections.abc import Mapping

from benchmarks.bench import Bench
from benchmarks.contenders import (
    AGAIN,
    GENERATED,
    HTTPX,
    HTTPX_OVER_AIOHTTP,
    OPENAI,
    OURS,
    OVER_AIOHTTP,
)
from benchmarks.interleaved import costs
from benchmarks.results import Result
from benchmarks.rows.calls import beside_httpx, ours_beside_openai

ROW = "100 async calls at once"
LIMITS = {OURS.label: 0.45, OVER_AIOHTTP.label: 0.20}


def measure_async(bench: Bench) -> list[Result]:
    """At most 0.45 of httpx's CPU, and 0.20 over aiohttp; for later answers reported only."""
    later = f"{ROW}, answered after 100 ms"
    return _calls(bench, ROW, bench.http, LIMITS) + _calls(bench, later, bench.slow, {})


def _calls(bench: Bench, row: str, url: str, limits: Mapping[str, float]) -> list[Result]:
    taken = costs(
        bench,
        "async_calls",
        [OURS, OVER_AIOHTTP, HTTPX, AGAIN, HTTPX_OVER_AIOHTTP, GENERATED, OPENAI],
        url,
        size=100,
        times=1,
        rounds=15 if bench.full else 5,
        starts=5 if bench.full else 2,
    )
    return beside_httpx(row, taken, limits) + ours_beside_openai(row, taken)
