"""What a worker can be told to do, again and again, with one contender."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from importlib import import_module
from time import perf_counter, process_time


@dataclass
class Cost:
    """What one unit of work took, in seconds."""

    cpu: float
    wall: float


class Clock:
    """Adds up the time of the blocks it runs for."""

    def __init__(self) -> None:
        self._cpu = 0.0
        self._wall = 0.0

    def start(self) -> None:
        """Run from now on."""
        self._cpu -= process_time()
        self._wall -= perf_counter()

    def stop(self) -> None:
        """Run no more."""
        self._cpu += process_time()
        self._wall += perf_counter()

    @contextmanager
    def running(self) -> Iterator[None]:
        """Run for a block."""
        self.start()
        yield
        self.stop()

    def cost(self, units: int) -> Cost:
        """What one of so many units took."""
        return Cost(self._cpu / units, self._wall / units)


class Job(ABC):
    """Some work with one contender."""

    @abstractmethod
    def work(self, size: int, times: int) -> Cost:
        """Do it so many times, each of some size, and return the cost of one unit."""

    @abstractmethod
    def close(self) -> None:
        """Close what is open."""


NAMES = ("sync_calls", "async_calls", "sync_first_calls", "async_first_calls", "more_clients")


def find(name: str) -> Callable[[str, str], Job]:
    """What makes the job in the module of that name, from a contender's module and a URL."""
    if name not in NAMES:
        raise ValueError(f"no such job: {name}")
    job: Callable[[str, str], Job] = import_module(f"{__name__}.{name}").Job
    return job
