"""The processes that are measured: what they find around them, what they do, and how they fail."""

from __future__ import annotations

import threading
import time
from pathlib import Path

import pytest

from benchmarks.bench import running
from benchmarks.contenders import OURS, Contender, SyncClient
from benchmarks.processes import Process, ProcessError, Processes
from benchmarks.rows.connections import measure_burst
from benchmarks.worker import SyncCalls, cost


@pytest.fixture
def processes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Processes:
    for name in ("PYTHONDEVMODE", "PYTHONASYNCIODEBUG", "OPENAI_LOG", "HTTPS_PROXY", "no_proxy"):
        monkeypatch.setenv(name, "1")
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    return Processes(tmp_path)


def test_nobody_pays_for_the_environment(processes: Processes) -> None:
    names = processes.environment
    assert [name for name in names if name.startswith(("PYTHON", "OPENAI_"))] == []
    assert [name for name in names if name.lower().endswith("_proxy")] == []


def test_nothing_but_the_benchmarks_is_found_where_a_process_runs(processes: Processes) -> None:
    assert processes.run("ai-gate", "import os; print(*os.listdir())").split() == ["benchmarks"]


def test_a_script_that_fails_names_its_contender(processes: Processes) -> None:
    with pytest.raises(ProcessError, match="openai") as caught:
        processes.cpu_of("openai", "raise SystemExit(3)")
    assert caught.value.who == "openai"


def tell_for_ever(process: Process) -> None:
    # A pipe may break later than its process hung up.
    while True:
        process.tell("{}")


def test_a_worker_that_has_ended_is_no_broken_pipe(processes: Processes) -> None:
    with processes.module("httpx", "benchmarks.worker", "no such job", "", "") as process:
        with pytest.raises(ProcessError):
            process.hear()
        with pytest.raises(ProcessError) as caught:
            tell_for_ever(process)
    assert caught.value.who == "httpx"


def test_each_thread_makes_its_own_calls() -> None:
    seen: list[int] = []

    def make(url: str) -> SyncClient:
        # Its calls take no time, so one thread could make all of them.
        return SyncClient(lambda: seen.append(threading.get_ident()), lambda: None)

    job = SyncCalls(Contender("fast", make, OURS.asynchronous), "")
    before = time.perf_counter()
    wall = cost(job, size=50, times=3)["wall"]
    whole = time.perf_counter() - before
    job.close()
    assert [seen.count(thread) for thread in set(seen)] == [3] * 50
    assert 0 < wall * 150 < whole


def test_a_second_burst_opens_no_connection() -> None:
    with running(full=False) as bench:
        results = {one.row: one for one in measure_burst(bench) if one.who == OURS.label}
    values = {row: one.value.median for row, one in results.items()}
    assert list(values.values()) == [200, 0, 0], values
    assert [one.bar.met for one in results.values() if one.bar] == [True, True]
