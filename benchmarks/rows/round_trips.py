"""The latency of a call, in round trips, to a gate that is far away."""

from benchmarks.bench import Bench
from benchmarks.contenders import HTTPX, OURS
from benchmarks.interleaved import costs
from benchmarks.results import Result, absolute

ROUND_TRIP = 0.05
REST = 0.5
"""What a call may take beside its round trips: the work of both sides, but not one more."""

COLD, WARM = 3, 1
"""TCP, TLS 1.3 and the request; the request alone."""

JOBS = {
    "cold sync call": ("sync_first_calls", COLD),
    "warm sync call": ("sync_calls", WARM),
    "cold async call": ("async_first_calls", COLD),
    "warm async call": ("async_calls", WARM),
}


def measure_round_trips(bench: Bench) -> list[Result]:
    """At the limit of TCP, TLS and HTTP/1.1, with 50 ms there and back."""
    results = []
    with bench.far_away(ROUND_TRIP) as url:
        for what, (job, limit) in JOBS.items():
            taken = costs(
                bench, job, [OURS, HTTPX], url, size=1, times=1, rounds=30 if bench.full else 8
            )
            results += [
                absolute(
                    what,
                    label,
                    [cost.wall / ROUND_TRIP for cost in values],
                    "round trips",
                    limit + REST if label == OURS.label else None,
                )
                for label, values in taken.items()
            ]
    return results
