"""A call after an idle minute: the connections that it opens."""

import time

from benchmarks.bench import Bench
from benchmarks.contenders import HTTPX, OURS
from benchmarks.results import Result, absolute
from benchmarks.workers import Worker

IDLE = 61.0
JOBS = {"sync": "sync_calls", "async": "async_calls"}


def measure_idle(bench: Bench) -> list[Result]:
    """None, TLS."""
    return [result for kind in JOBS for result in _after_a_minute(bench, kind)]


def _after_a_minute(bench: Bench, kind: str) -> list[Result]:
    contenders = [OURS, HTTPX]
    with bench.workers(JOBS[kind], contenders, bench.https) as workers:
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
