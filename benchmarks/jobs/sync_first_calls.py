"""The first call of a client, with the modules and what clients share loaded."""

from benchmarks import jobs
from benchmarks.contenders import sync_contender


class Job(jobs.Job):
    """`times` clients are made and make one call each, which is the unit; `size` is ignored."""

    def __init__(self, contender: str, url: str) -> None:
        self._make = sync_contender(contender)
        self._url = url

    def work(self, size: int, times: int) -> jobs.Cost:
        clock = jobs.Clock()
        for _ in range(times):
            client = self._make(self._url)
            with clock.running():
                client.call()
            client.close()
        return clock.cost(times)

    def close(self) -> None:
        """Nothing is open."""
