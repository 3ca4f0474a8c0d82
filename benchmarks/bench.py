"""What a row needs: a running server, and contenders measured in turns."""

import json
import tempfile
import urllib.request
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TypeVar

from benchmarks.contenders import Contender
from benchmarks.processes import Cost, Processes

K = TypeVar("K")
V = TypeVar("V")


@dataclass(frozen=True)
class Stats:
    """What the server has counted."""

    connections: int
    open: int
    requests: int


@dataclass(frozen=True)
class Bench:
    """A running server, and how to measure with it."""

    http: str
    https: str
    control: str
    slow: str
    """The first one, for answers after 100 ms."""
    processes: Processes
    full: bool
    """Whether the rows may take long."""

    def stats(self) -> Stats:
        """What the server has counted up to now."""
        with urllib.request.urlopen(f"{self.control}/_stats") as answer:  # noqa: S310 - ours
            return Stats(**json.loads(answer.read()))

    @contextmanager
    def far_away(self, round_trip: float) -> Iterator[str]:
        """The URL of the same server, TLS, as many seconds away."""
        port = self.https.rpartition(":")[2]
        arguments = ("benchmarks.delay", port, str(round_trip))
        with self.processes.module("the delay", *arguments) as proxy:
            yield f"https://127.0.0.1:{proxy.hear()}"

    def costs(
        self,
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
        there = installed(contenders)
        found: dict[str, list[Cost]] = {one.label: [] for one in there}
        for _ in range(starts):
            with self.processes.workers(job, there, url) as workers:
                measures = {
                    one.label: partial(worker.work, size, times)
                    for one, worker in zip(there, workers, strict=True)
                }
                for label, taken in in_turns(measures, rounds).items():
                    found[label] += taken
        return found


@contextmanager
def running(full: bool) -> Iterator[Bench]:
    """Start a server with new certificates."""
    with tempfile.TemporaryDirectory() as folder:
        processes = Processes(Path(folder))
        with processes.module("the server", "benchmarks.gate", folder) as server:
            http, https, control = server.hear().split()
            yield Bench(
                http=f"http://127.0.0.1:{http}",
                https=f"https://127.0.0.1:{https}",
                control=f"http://127.0.0.1:{control}",
                slow=f"http://127.0.0.1:{http}/slow",
                processes=processes,
                full=full,
            )


def installed(contenders: Sequence[Contender]) -> list[Contender]:
    """Those that can take part here."""
    return [one for one in contenders if one.is_installed]


def in_turns(measures: Mapping[K, Callable[[], V]], rounds: int) -> dict[K, list[V]]:
    """Take each measure once to warm up and then once a round.

    In turns, so that what else the machine does hits all of them.
    """
    for measure in measures.values():
        measure()
    taken: dict[K, list[V]] = {key: [] for key in measures}
    for _ in range(rounds):
        for key, measure in measures.items():
            taken[key].append(measure())
    return taken
