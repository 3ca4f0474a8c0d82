"""Calls, one after another and at once: the CPU of one call."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial

from benchmarks.bench import Bench, in_turns, installed
from benchmarks.contenders import (
    AGAIN,
    GENERATED,
    HTTPX,
    HTTPX_OVER_AIOHTTP,
    OPENAI,
    OURS,
    OVER_AIOHTTP,
    Contender,
)
from benchmarks.processes import Cost
from benchmarks.results import Result, beside, relative

AT_ONCE = "100 async calls at once"
AT_ONCE_LIMITS = {OURS.label: 0.40, OVER_AIOHTTP.label: 0.25}
CALLS_OF_THREADS = {1: 60, 10: 10, 100: 2}
"""How many calls each of so many threads makes."""


def microseconds(taken: Mapping[str, Sequence[Cost]]) -> dict[str, list[float]]:
    """The CPU of each, by contender."""
    return {who: [cost.cpu * 1e6 for cost in costs] for who, costs in taken.items()}


def measure_sync(bench: Bench) -> list[Result]:
    """At most 0.95 of the CPU of httpx, and half of openai's."""
    taken = bench.costs(
        "sync",
        [OURS, HTTPX, AGAIN, GENERATED, OPENAI],
        bench.http,
        size=1,
        times=60,
        rounds=40 if bench.full else 20,
        starts=5 if bench.full else 3,
    )
    return _beside_httpx_and_openai("sync call", taken, {OURS.label: 0.95}, openai_limit=0.5)


def measure_async(bench: Bench) -> list[Result]:
    """100 at once: at most 0.40 of httpx's CPU, and 0.25 over aiohttp.

    Answered after 100 ms, as a real gate would, reported only.
    """
    at_once = _async(bench, bench.http)
    later = _async(bench, bench.slow)
    return [
        *_beside_httpx_and_openai(AT_ONCE, at_once, AT_ONCE_LIMITS),
        *_beside_httpx_and_openai(f"{AT_ONCE}, answered after 100 ms", later, {}),
    ]


def _async(bench: Bench, url: str) -> dict[str, list[Cost]]:
    return bench.costs(
        "async",
        [OURS, OVER_AIOHTTP, HTTPX, AGAIN, HTTPX_OVER_AIOHTTP, GENERATED, OPENAI],
        url,
        size=100,
        times=1,
        rounds=15 if bench.full else 5,
        starts=5 if bench.full else 2,
    )


def _beside_httpx_and_openai(
    row: str,
    taken: Mapping[str, Sequence[Cost]],
    limits: Mapping[str, float],
    openai_limit: float | None = None,
) -> list[Result]:
    values = microseconds(taken)
    results = beside("httpx", row, values, "µs", limits)
    if base := values.get("openai"):
        results.append(
            relative(
                row,
                OURS.label,
                values[OURS.label],
                "µs",
                base=base,
                against="openai",
                limit=openai_limit,
            )
        )
    return results


def measure_threads(bench: Bench) -> list[Result]:
    """Sync calls of several threads with one client, beside httpx with as many; without a bar."""
    results = []
    for threads, times in CALLS_OF_THREADS.items():
        rounds = 30 if bench.full else 12
        taken = bench.costs(
            "sync", [OURS, HTTPX, AGAIN], bench.http, size=threads, times=times, rounds=rounds
        )
        name = "thread" if threads == 1 else "threads"
        results += beside("httpx", f"sync calls, {threads} {name}", microseconds(taken), "µs")
    return results


@dataclass(frozen=True)
class Step:
    """Bursts of calls at once that one worker makes in each round."""

    name: str
    size: int
    bursts: int
    limit: float | None = 1.4


ALONE = Step("1 at once", 1, 100, limit=None)
AFTER = Step("1 at once after 500", 1, 100)
STEPS = (
    ALONE,
    Step("1 at once again (A/A)", 1, 100, limit=None),
    Step("20 at once", 20, 5),
    Step("100 at once", 100, 1),
    Step("500 at once", 500, 1),
    AFTER,
)


def measure_growth(bench: Bench) -> list[Result]:
    """A call among ever more at once, up to 500: at most 1.4 of a lone one's CPU."""
    contenders = [OURS, OVER_AIOHTTP, HTTPX] if bench.full else [OURS, HTTPX]
    return [result for one in installed(contenders) for result in _growth(bench, one)]


def _growth(bench: Bench, one: Contender) -> list[Result]:
    # A worker for each step, so that it has the connections of its own size.
    with bench.processes.workers("async", [one] * len(STEPS), bench.http) as workers:
        workers[STEPS.index(AFTER)].work(500, times=1)
        measures = {
            step.name: partial(worker.work, step.size, step.bursts)
            for step, worker in zip(STEPS, workers, strict=True)
        }
        taken = microseconds(in_turns(measures, 20 if bench.full else 5))
    return [
        relative(
            f"async calls, {step.name}",
            one.label,
            taken[step.name],
            "µs",
            base=taken[ALONE.name],
            against=ALONE.name,
            limit=step.limit if one == OURS else None,
        )
        for step in STEPS
    ]
