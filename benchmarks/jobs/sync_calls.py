"""Calls one after another, in one thread or in several at once."""

from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

from benchmarks import jobs
from benchmarks.contenders import sync_contender

PATIENCE = 30.0
"""The seconds in which all threads should be there."""


class Job(jobs.Job):
    """`size` threads make `times` calls each; a unit is one call."""

    def __init__(self, contender: str, url: str) -> None:
        self._client = sync_contender(contender)(url)
        self._threads = ThreadPoolExecutor(max_workers=500)

    def work(self, size: int, times: int) -> jobs.Cost:
        clock = jobs.Clock()
        if size == 1:
            with clock.running():
                self._calls(times)
        else:
            self._calls_of_threads(size, times, clock)
        return clock.cost(size * times)

    def close(self) -> None:
        self._threads.shutdown()
        self._client.close()

    def _calls_of_threads(self, size: int, times: int, clock: jobs.Clock) -> None:
        """Run the clock from when each thread is there; else one would do the work of several."""
        start = Barrier(size, action=clock.start, timeout=PATIENCE)

        def calls() -> None:
            start.wait()
            self._calls(times)

        for future in [self._threads.submit(calls) for _ in range(size)]:
            future.result()
        clock.stop()

    def _calls(self, times: int) -> None:
        for _ in range(times):
            self._client.call()
