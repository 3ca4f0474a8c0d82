"""Calls one after another, in one thread or in several at once."""

from concurrent.futures import ThreadPoolExecutor

from benchmarks import jobs
from benchmarks.contenders import sync_contender


class Job(jobs.Job):
    """`size` threads make `times` calls each; a unit is one call."""

    def __init__(self, contender: str, url: str) -> None:
        self._client = sync_contender(contender)(url)
        self._threads = ThreadPoolExecutor(max_workers=500)

    def work(self, size: int, times: int) -> jobs.Cost:
        clock = jobs.Clock()
        with clock.running():
            if size == 1:
                self._calls(times)
            else:
                list(self._threads.map(self._calls, [times] * size))
        return clock.cost(size * times)

    def close(self) -> None:
        self._threads.shutdown()
        self._client.close()

    def _calls(self, times: int) -> None:
        for _ in range(times):
            self._client.call()
