"""A call after an idle minute: the connections that it opens."""

import time

from benchmarks.bench import Bench
from benchmarks.contenders import HTTPX, OURS, OVER_AIOHTTP
from benchmarks.results import Result, absolute
from benchmarks.workers import Worker

IDLE = 61.0
KINDS = {
    "sync": ("sync_calls", [OURS, HTTPX]),
    "async": ("async_calls", [OURS, OVER_AIOHTTP, HTTPX]),
}
"""The job of each kind, and who does it."""


def measure_idle(bench: Bench) -> list[Result]:
    """The SDK none, TLS; over aiohttp it is aiohttp that closes them, by default after 5 s."""
    return [result for kind in KINDS for result in _after_a_minute(bench, kind)]


def _after_a_minute(bench: Bench, kind: str) -> list[Result]:
    job, wanted = KINDS[kind]
    contenders = [one for one in wanted if one.is_installed]
    with bench.workers(job, contenders, bench.https) as workers:
        for worker in workers:
            worker.work(1, 1)
        time.sleep(IDLE)
        opened = [_opened(bench, worker) for worker in workers]
    return [
        absolute(
            f"{kind} call after an idle minute, TLS",
            one.label,
            [count],
            "connections",
            0 if one == OURS else None,
        )
        for one, count in zip(contenders, opened, strict=True)
    ]


def _opened(bench: Bench, worker: Worker) -> int:
    before = bench.stats().connections
    worker.work(1, 1)
    return bench.stats().connections - before
