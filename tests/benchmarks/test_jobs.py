"""What workers do."""

from __future__ import annotations

import threading
import time

import pytest

from benchmarks.contenders import SyncContender
from benchmarks.jobs import sync_calls

seen: list[int] = []


class Fast(SyncContender):
    """A client whose calls take no time, so that one thread could make all of them."""

    def __init__(self, url: str) -> None:
        seen.clear()

    def call(self) -> object:
        seen.append(threading.get_ident())
        return None

    def close(self) -> None:
        """Nothing is open."""


def make_fast(module: str) -> type[SyncContender]:
    return Fast


def test_each_thread_makes_its_own_calls(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sync_calls, "sync_contender", make_fast)
    job = sync_calls.Job("fast", "")
    before = time.perf_counter()
    cost = job.work(size=50, times=3)
    whole = time.perf_counter() - before
    job.close()
    assert [seen.count(thread) for thread in set(seen)] == [3] * 50
    assert 0 < cost.wall * 150 < whole
