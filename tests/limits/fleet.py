"""Workers that share a project: processes, threads or tasks."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass

import anyio

from ai_gate import AIGateClient, AIGateError, AsyncAIGateClient
from ai_gate._http import look
from ai_gate.limits import Limiter
from ai_gate.testing import MockGate

PROJECT = "proj_test7secret"
NOWHERE = "http://127.0.0.1:9"
TIMEOUT = 60.0


@dataclass
class Outcome:
    """What the calls of a fleet came to."""

    made: list[int]
    """How many calls each worker made."""
    refused: int
    """How many the gate refused."""
    others: Counter[str]
    """What else came of calls."""


def outcome(counts: list[Counter[str]]) -> Outcome:
    """Sum up what workers counted."""
    others = sum(counts, Counter[str]())
    made = [one["made"] for one in counts]
    del others["made"]
    return Outcome(made, others.pop("429 sent", 0), others)


def kind(error: AIGateError) -> str:
    """Return what came of a call that failed."""
    return f"{error.status_code} {'sent' if error.sent else 'refused'}"


def call_until(client: AIGateClient, until: float) -> Counter[str]:
    """Make calls until a moment, and count what they came to."""
    counts: Counter[str] = Counter()
    while time.monotonic() < until:
        try:
            client.get_turn_credentials()
            counts["made"] += 1
        except AIGateError as error:
            counts[kind(error)] += 1
    return counts


def use_up(limiter: Limiter, url: str, requests: int) -> None:
    """Make all calls of a window, so that those who come then wait for the next one."""
    with AIGateClient(PROJECT, url, limiter=limiter) as client:
        for _ in range(requests):
            client.get_turn_credentials()


def be_patient() -> None:
    """Let looks of a worker take longer than they may, as the fixture `patience` does."""
    look.LONGEST_LOOK = 20.0


def work(url: str, store: str, requests: int, window: float, at_once: int) -> None:
    """Be a worker of a fleet: say so, wait for a line, call, print what came of it."""
    if at_once > 1:
        be_patient()
    limiter = Limiter(store, requests=requests, window=window) if store else None
    with AIGateClient(PROJECT, NOWHERE, max_retries=0) as nowhere:
        # What the first call of a process imports isn't to be waited for.
        call_until(nowhere, time.monotonic() + 0.001)
    with AIGateClient(PROJECT, url, TIMEOUT, max_retries=0, limiter=limiter) as client:
        print("ready", flush=True)
        until = time.monotonic() + float(sys.stdin.readline())
        with ThreadPoolExecutor(at_once) as pool:
            counts = list(pool.map(lambda _: call_until(client, until), range(at_once)))
        print(json.dumps(sum(counts, Counter[str]())), flush=True)


@contextmanager
def workers(
    count: int, url: str, store: str | None, *, requests: int, window: float, at_once: int
) -> Iterator[list[subprocess.Popen[str]]]:
    """Start workers, and give them once they are ready."""
    arguments = [url, store or "", f"{requests}", f"{window}", f"{at_once}"]
    command = [sys.executable, "-m", "tests.limits.fleet", *arguments]
    pipe = subprocess.PIPE
    started = [subprocess.Popen(command, stdin=pipe, stdout=pipe, text=True) for _ in range(count)]
    try:
        for one in started:
            assert one.stdout is not None
            assert one.stdout.readline() == "ready\n"
        yield started
    finally:
        for one in started:
            one.kill()
            one.communicate()


def send_off(worker: subprocess.Popen[str], seconds: float) -> None:
    """Let a worker make calls for so long."""
    assert worker.stdin is not None
    worker.stdin.write(f"{seconds}\n")
    worker.stdin.flush()


def result(worker: subprocess.Popen[str]) -> Counter[str]:
    """Wait for what a worker counted."""
    assert worker.stdout is not None
    return Counter(json.loads(worker.stdout.readline()))


def processes(
    count: int,
    store: str | None,
    *,
    requests: int,
    window: float,
    windows: int,
    killed: int = 0,
    at_once: int = 1,
) -> Outcome:
    """Let processes call for some windows, each so often at once; kill some in the first one."""
    with (
        MockGate(requests=requests, window=window) as gate,
        workers(
            count, gate.url, store, requests=requests, window=window, at_once=at_once
        ) as started,
    ):
        if store and at_once > 1:
            use_up(Limiter(store, requests=requests, window=window), gate.url, requests)
        for worker in started:
            send_off(worker, window * (windows - 0.5))
        time.sleep(window / 2)
        for worker in started[:killed]:
            worker.send_signal(signal.SIGKILL)
        return outcome([result(worker) for worker in started[killed:]])


def threads(count: int, limiter: Limiter | None, url: str, seconds: float) -> Outcome:
    """Let threads call."""
    counts: list[Counter[str]] = []
    with AIGateClient(PROJECT, url, TIMEOUT, max_retries=0, limiter=limiter) as client:
        until = time.monotonic() + seconds
        run = [
            threading.Thread(target=lambda: counts.append(call_until(client, until)))
            for _ in range(count)
        ]
        for one in run:
            one.start()
        for one in run:
            one.join()
    return outcome(counts)


def tasks(count: int, limiter: Limiter, url: str, seconds: float, backend: str) -> Outcome:
    """Let tasks of an event loop call."""
    counts = [Counter[str]() for _ in range(count)]

    async def call(client: AsyncAIGateClient, mine: Counter[str], until: float) -> None:
        while time.monotonic() < until:
            try:
                await client.get_turn_credentials()
                mine["made"] += 1
            except AIGateError as error:
                mine[kind(error)] += 1

    async def main() -> None:
        async with (
            AsyncAIGateClient(PROJECT, url, TIMEOUT, max_retries=0, limiter=limiter) as client,
            anyio.create_task_group() as group,
        ):
            until = time.monotonic() + seconds
            for mine in counts:
                group.start_soon(call, client, mine, until)

    anyio.run(main, backend=backend)
    return outcome(counts)


if __name__ == "__main__":
    work(sys.argv[1], sys.argv[2], int(sys.argv[3]), float(sys.argv[4]), int(sys.argv[5]))
