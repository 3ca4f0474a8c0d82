"""A process that works with one contender as it is told: a line of JSON in, a line of JSON out.

`python -m benchmarks.worker JOB CONTENDER URL`; each order is `{"size": ..., "times": ...}`,
answered with the cost of one unit of the job, or `"memory"`.
"""

import asyncio
import gc
import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from threading import Barrier
from time import perf_counter, process_time
from typing import Protocol

from benchmarks.contenders import ALL, AsyncClient, Contender, SyncClient

PATIENCE = 30.0
"""The seconds in which all threads should be there."""


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

    def cost(self, units: int) -> dict[str, float]:
        """The seconds that one of so many units took."""
        return {"cpu": self._cpu / units, "wall": self._wall / units}


class Job(Protocol):
    """Some work with one contender, again and again."""

    def work(self, size: int, times: int, clock: Clock) -> int:
        """Do it, let the clock run for what counts, and return how many units it was."""
        ...

    def close(self) -> None:
        """Close what is open."""


class SyncCalls:
    """`size` threads make `times` calls each with one client; a unit is one call."""

    def __init__(self, contender: Contender, url: str) -> None:
        self._client = _sync(contender)(url)
        self._threads = ThreadPoolExecutor(max_workers=500)

    def work(self, size: int, times: int, clock: Clock) -> int:
        if size == 1:
            with clock.running():
                self._calls(times)
        else:
            self._calls_of_threads(size, times, clock)
        return size * times

    def close(self) -> None:
        self._threads.shutdown()
        self._client.close()

    def _calls_of_threads(self, size: int, times: int, clock: Clock) -> None:
        # The clock runs from when each thread is there; else one would do the work of several.
        start = Barrier(size, action=clock.start, timeout=PATIENCE)

        def calls() -> None:
            start.wait()
            self._calls(times)

        for future in [self._threads.submit(calls) for _ in range(size)]:
            future.result()
        clock.stop()

    def _calls(self, times: int) -> None:
        call = self._client.call
        for _ in range(times):
            call()


class AsyncCalls:
    """`times` bursts of `size` calls at once with one client; a unit is one call."""

    def __init__(self, contender: Contender, url: str) -> None:
        self._runner = asyncio.Runner()
        self._client = self._runner.run(_opened(contender, url))

    def work(self, size: int, times: int, clock: Clock) -> int:
        self._runner.run(self._bursts(size, times, clock))
        return size * times

    def close(self) -> None:
        async def close() -> None:
            await self._client.close()

        self._runner.run(close())
        self._runner.close()

    async def _bursts(self, size: int, times: int, clock: Clock) -> None:
        with clock.running():
            for _ in range(times):
                await asyncio.gather(*(self._client.call() for _ in range(size)))


class FirstSyncCalls:
    """`times` clients are made and make one call each, which is the unit; `size` is ignored."""

    def __init__(self, contender: Contender, url: str) -> None:
        self._make, self._url = _sync(contender), url

    def work(self, size: int, times: int, clock: Clock) -> int:
        for _ in range(times):
            client = self._make(self._url)
            with clock.running():
                client.call()
            client.close()
        return times

    def close(self) -> None:
        """Nothing is open."""


class FirstAsyncCalls:
    """The same, async."""

    def __init__(self, contender: Contender, url: str) -> None:
        self._contender, self._url = contender, url
        self._runner = asyncio.Runner()

    def work(self, size: int, times: int, clock: Clock) -> int:
        self._runner.run(self._first_calls(times, clock))
        return times

    def close(self) -> None:
        self._runner.close()

    async def _first_calls(self, times: int, clock: Clock) -> None:
        for _ in range(times):
            client = await _opened(self._contender, self._url)
            with clock.running():
                await client.call()
            await client.close()


class MoreClients:
    """`times` clients are made and kept; they make `size` calls each; a unit is one client."""

    def __init__(self, contender: Contender, url: str) -> None:
        self._make, self._url = _sync(contender), url
        self._clients: list[SyncClient] = []
        # The first client of a process is another thing.
        self.work(size=1, times=1, clock=Clock())

    def work(self, size: int, times: int, clock: Clock) -> int:
        with clock.running():
            for _ in range(times):
                client = self._make(self._url)
                for _ in range(size):
                    client.call()
                self._clients.append(client)
        return times

    def close(self) -> None:
        for client in self._clients:
            client.close()


JOBS: dict[str, Callable[[Contender, str], Job]] = {
    "sync": SyncCalls,
    "async": AsyncCalls,
    "first sync": FirstSyncCalls,
    "first async": FirstAsyncCalls,
    "more clients": MoreClients,
}


def _sync(contender: Contender) -> Callable[[str], SyncClient]:
    if contender.sync is None:
        raise ValueError(f"{contender.label} has no sync client")
    return contender.sync


async def _opened(contender: Contender, url: str) -> AsyncClient:
    # Made in the event loop, where a client over aiohttp wants to be.
    return contender.asynchronous(url)


def memory() -> dict[str, int]:
    """The memory of this process in bytes, and its objects."""
    gc.collect()
    return {"rss": resident(), "objects": len(gc.get_objects())}


def resident() -> int:
    """The memory of this process in bytes, on Linux without pages of files and with swapped ones.

    How many of those are in memory is up to what else the machine does.
    """
    status = Path("/proc/self/status")
    if status.exists():
        fields = dict(line.split(":", 1) for line in status.read_text("ascii").splitlines())
        return sum(int(fields[name].split()[0]) for name in ("RssAnon", "VmSwap")) * 1024
    command = ["ps", "-o", "rss=", "-p", str(os.getpid())]
    return int(subprocess.run(command, capture_output=True, check=True).stdout) * 1024


def cost(job: Job, size: int, times: int) -> dict[str, float]:
    """Do a job and return the seconds that a unit of it took."""
    clock = Clock()
    return clock.cost(job.work(size, times, clock))


def main(name: str, label: str, url: str) -> None:
    """Work until the end of the orders."""
    [contender] = [one for one in ALL if one.label == label]
    job = JOBS[name](contender, url)
    print("ready", flush=True)
    for line in sys.stdin:
        order = json.loads(line)
        print(json.dumps(memory() if order == "memory" else cost(job, **order)), flush=True)
    job.close()
    print("closed", flush=True)


if __name__ == "__main__":
    main(*sys.argv[1:])
