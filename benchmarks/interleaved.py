"""Contenders measured in turns, so that what else the machine does hits all of them."""

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import TypeVar

from benchmarks.bench import Bench
from benchmarks.contenders import Contender
from benchmarks.jobs import Cost

K = TypeVar("K")
V = TypeVar("V")


def in_turns(measures: Mapping[K, Callable[[], V]], rounds: int) -> dict[K, list[V]]:
    """Take each measure once to warm up and then once a round."""
    for measure in measures.values():
        measure()
    taken: dict[K, list[V]] = {key: [] for key in measures}
    for _ in range(rounds):
        for key, measure in measures.items():
            taken[key].append(measure())
    return taken


def costs(
    bench: Bench,
    job: str,
    contenders: Sequence[Contender],
    url: str,
    *,
    size: int,
    times: int,
    rounds: int,
    starts: int = 1,
) -> dict[str, list[Cost]]:
    """The costs of a job for each contender that is installed, by label.

    How a process happens to lie in memory stays with it, so there are several starts.
    """
    there = [one for one in contenders if one.is_installed]
    found: dict[str, list[Cost]] = {one.label: [] for one in there}
    for _ in range(starts):
        with bench.workers(job, there, url) as workers:
            measures = {
                one.label: partial(worker.work, size, times)
                for one, worker in zip(there, workers, strict=True)
            }
            for label, taken in in_turns(measures, rounds).items():
                found[label] += taken
    return found
