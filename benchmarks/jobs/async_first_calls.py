"""The first call of a client, with the modules and what clients share loaded."""

import asyncio

from benchmarks import jobs
from benchmarks.contenders import async_contender


class Job(jobs.Job):
    """`times` clients are made and make one call each, which is the unit; `size` is ignored."""

    def __init__(self, contender: str, url: str) -> None:
        self._make = async_contender(contender)
        self._url = url
        self._runner = asyncio.Runner()

    def work(self, size: int, times: int) -> jobs.Cost:
        return self._runner.run(self._first_calls(times))

    def close(self) -> None:
        self._runner.close()

    async def _first_calls(self, times: int) -> jobs.Cost:
        clock = jobs.Clock()
        for _ in range(times):
            client = self._make(self._url)
            with clock.running():
                await client.call()
            await client.aclose()
        return clock.cost(times)
