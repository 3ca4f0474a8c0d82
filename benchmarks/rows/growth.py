"""What an async call costs among ever more at once."""

from dataclasses import dataclass
from functools import partial

from benchmarks.bench import Bench
from benchmarks.contenders import HTTPX, OURS, OVER_AIOHTTP, Contender
from benchmarks.interleaved import in_turns
from benchmarks.results import Result, relative
from benchmarks.rows.calls import microseconds

LIMIT = 1.4


@dataclass(frozen=True)
class Step:
    """Bursts that one worker makes in each round."""

    name: str
    size: int
    bursts: int
    limit: float | None = LIMIT


ALONE = Step("1 at once", 1, 100, limit=None)
AGAIN = Step("1 at once again (A/A)", 1, 100, limit=None)
AFTER = Step("1 at once after 500", 1, 100)
STEPS = (
    ALONE,
    AGAIN,
    Step("20 at once", 20, 5),
    Step("100 at once", 100, 1),
    Step("500 at once", 500, 1),
    AFTER,
)


def measure_growth(bench: Bench) -> list[Result]:
    """At most 1.4 of a lone call's, up to 500 at once."""
    wanted = [OURS, OVER_AIOHTTP, HTTPX] if bench.full else [OURS, HTTPX]
    contenders = [one for one in wanted if one.is_installed]
    return [result for one in contenders for result in _growth(bench, one)]


def _growth(bench: Bench, one: Contender) -> list[Result]:
    """A worker for each step, so that it has the connections of its own size."""
    with bench.workers("async_calls", [one] * len(STEPS), bench.http) as workers:
        workers[STEPS.index(AFTER)].work(500, times=1)
        measures = {
            step: partial(worker.work, step.size, step.bursts)
            for step, worker in zip(STEPS, workers, strict=True)
        }
        taken = in_turns(measures, 20 if bench.full else 5)
    return [
        relative(
            f"async calls, {step.name}",
            one.label,
            microseconds(costs),
            "µs",
            base=microseconds(taken[ALONE]),
            against=ALONE.name,
            limit=step.limit if one == OURS else None,
        )
        for step, costs in taken.items()
    ]
