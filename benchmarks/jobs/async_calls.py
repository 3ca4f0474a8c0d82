"""Calls at once in one event loop."""

import asyncio

from benchmarks import jobs
from benchmarks.contenders import AsyncContender, async_contender


class Job(jobs.Job):
    """`times` bursts of `size` calls at once; a unit is one call."""

    def __init__(self, contender: str, url: str) -> None:
        self._runner = asyncio.Runner()
        self._client = self._runner.run(self._open(contender, url))

    def work(self, size: int, times: int) -> jobs.Cost:
        return self._runner.run(self._bursts(size, times))

    def close(self) -> None:
        self._runner.run(self._client.aclose())
        self._runner.close()

    async def _open(self, contender: str, url: str) -> AsyncContender:
        return async_contender(contender)(url)

    async def _bursts(self, size: int, times: int) -> jobs.Cost:
        clock = jobs.Clock()
        with clock.running():
            for _ in range(times):
                await asyncio.gather(*(self._client.call() for _ in range(size)))
        return clock.cost(size * times)
