"""Clients after the first, which has made a call."""

from benchmarks import jobs
from benchmarks.contenders import SyncContender, sync_contender


class Job(jobs.Job):
    """`times` clients are made and kept; they make `size` calls each; a unit is one client."""

    def __init__(self, contender: str, url: str) -> None:
        self._make = sync_contender(contender)
        self._url = url
        self._clients: list[SyncContender] = []
        self.work(size=1, times=1)

    def work(self, size: int, times: int) -> jobs.Cost:
        clock = jobs.Clock()
        with clock.running():
            for _ in range(times):
                client = self._make(self._url)
                for _ in range(size):
                    client.call()
                self._clients.append(client)
        return clock.cost(times)

    def close(self) -> None:
        for client in self._clients:
            client.close()
