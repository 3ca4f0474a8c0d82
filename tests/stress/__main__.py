"""Call a gate that misbehaves: `python -m tests.stress --seconds 300 --seed 7`.

Threads, asyncio and trio share two clients, one over TLS, and calls are interrupted at random: by
cancellation, time limits and signals. The exit status is 1 unless all went as promised.
"""

from __future__ import annotations

import argparse
import asyncio
import faulthandler
import gc
import json
import os
import signal
import subprocess
import sys
import threading
import time
import warnings
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory
from typing import Any

import anyio
import anyio.lowlevel
import trustme

from ai_gate import AIGateClient, AIGateError, AsyncAIGateClient

TIMEOUT = 1.0
"""The time of a call, in seconds."""
SESSION_SECONDS = 1.5
"""How long an event loop lives, in seconds, before another one takes its place."""
TASKS = 6
THREADS = 4
FOREIGN_SHOWN = 5


class TimeIsUp(Exception):  # noqa: N818
    """What a signal handler raises."""


class SocketTimeIsUp(TimeoutError):  # noqa: N818
    """The same as an OSError, which the network raises too."""


class Stress:
    """Makes calls until a moment, and judges what comes of each.

    Args:
        seconds: How long.
        pause: The mean pause between the calls of one worker, in seconds.
        seed: Begins each worker's random numbers.
    """

    def __init__(self, seconds: float, pause: float, seed: int) -> None:
        self.until = time.monotonic() + seconds
        self._signals_from = time.monotonic() + seconds / 2
        self.counts: Counter[str] = Counter()
        self.foreign: list[str] = []
        self.unsaid: list[str] = []
        """The sessions of whose possible bill the error said nothing."""
        self._pause = pause
        self._seed = seed
        self._numbers: set[int] = set()

    def random(self, name: str) -> Random:
        """Return a worker's random numbers."""
        return Random(f"{self._seed} {name}")

    def goes_on(self) -> bool:
        """Return True until the time is over."""
        return time.monotonic() < self.until

    def pause(self, random: Random) -> float:
        """Return the seconds until a worker's next call."""
        return random.expovariate(1 / self._pause) if self._pause else 0.0

    @contextmanager
    def judged(self, session: str | None) -> Iterator[Callable[[dict[str, Any]], None]]:
        """Judge a call by what it returns, which is handed in, or by what it raises."""
        self.counts["calls"] += 1
        try:
            yield lambda value: self._judge(value, session)
        except AIGateError as error:
            self.counts["errors"] += 1
            if session and error.status_code is None and "billed" not in str(error):
                self.unsaid.append(session)
        except (TimeIsUp, SocketTimeIsUp):
            self.counts["interrupted"] += 1
        except BaseException as error:
            if isinstance(error, Exception):
                self.note_foreign(error)
            else:
                self.counts["interrupted"] += 1
                raise

    def note_warning(self) -> None:
        """Count a socket that was left to the collector.

        A signal can be handled between the making of a socket and its being kept, so what comes
        after the first one doesn't count.
        """
        self.counts["sockets left"] += time.monotonic() < self._signals_from

    def note_foreign(self, error: object) -> None:
        """Count an exception that nobody should see."""
        if not isinstance(error, TimeIsUp | SocketTimeIsUp):
            self.foreign.append(repr(error))

    def _judge(self, value: dict[str, Any], session: str | None) -> None:
        if session:
            is_right = value == {"id": session}
        else:
            number = value.get("number", 0)
            is_right = value.get("project") == "proj_stress" and number not in self._numbers
            self._numbers.add(number)
        self.counts["answers" if is_right else "wrong"] += 1

    def in_thread(self, name: str, clients: list[AIGateClient], *, signals: bool = False) -> None:
        """Make calls in a thread; in the main thread, signals interrupt them in the second half."""
        random = self.random(name)
        while self.goes_on():
            session = f"{name}/{random.random()}" if random.random() < 0.6 else None
            client = random.choice(clients)
            if signals and time.monotonic() > self._signals_from and random.random() < 0.7:
                with suppress(TimeIsUp, SocketTimeIsUp):
                    self._interrupted(random, client, session)
            else:
                self._call_in_thread(client, session)
            time.sleep(self.pause(random))

    def _call_in_thread(self, client: AIGateClient, session: str | None) -> None:
        with self.judged(session) as judge:
            if session:
                judge(dict(client.create_session(instructions=session)))
            else:
                judge(dict(client.get_turn_credentials()))

    def _interrupted(self, random: Random, client: AIGateClient, session: str | None) -> None:
        """Make a call that a signal's handler ends at random."""
        kind = random.choice((TimeIsUp, SocketTimeIsUp))
        is_armed = True

        def handle(_: int, __: object) -> None:
            nonlocal is_armed
            if is_armed:
                is_armed = False
                raise kind

        signal.signal(signal.SIGALRM, handle)
        try:
            signal.setitimer(
                signal.ITIMER_REAL, random.choice((0.001, 0.01, 0.2)) * random.uniform(0.01, 1.0)
            )
            self._call_in_thread(client, session)
        finally:
            is_armed = False

    def in_loops(self, name: str, backend: str, clients: list[AsyncAIGateClient]) -> None:
        """Make calls in one event loop after another."""
        for number in range(1_000_000):
            if not self.goes_on():
                return
            try:
                anyio.run(self._tasks, f"{name}/{number}", backend, clients, backend=backend)
            except BaseException as error:
                self.note_foreign(error)

    async def _tasks(self, name: str, backend: str, clients: list[AsyncAIGateClient]) -> None:
        until = time.monotonic() + SESSION_SECONDS
        async with anyio.create_task_group() as group:
            for number in range(TASKS):
                group.start_soon(self._in_task, f"{name}/{number}", backend, clients, until)

    async def _in_task(
        self, name: str, backend: str, clients: list[AsyncAIGateClient], until: float
    ) -> None:
        random = self.random(name)
        while self.goes_on() and time.monotonic() < until:
            session = f"{name}/{random.random()}" if random.random() < 0.6 else None
            client = random.choice(clients)
            match random.choice(("", "", "time", "turns", "task")):
                case "time":
                    with anyio.move_on_after(random.choice((0.002, 0.02, 0.2)) * random.random()):
                        await self._call(client, session)
                case "turns":
                    async with anyio.create_task_group() as group:
                        group.start_soon(self._call, client, session)
                        for _ in range(random.randrange(40)):
                            await anyio.lowlevel.checkpoint()
                        group.cancel_scope.cancel()
                case "task" if backend == "asyncio":
                    task = asyncio.create_task(self._call(client, session))
                    await asyncio.sleep(random.choice((0.0, 0.002, 0.05)) * random.random())
                    task.cancel()
                    with suppress(asyncio.CancelledError):
                        await task
                case _:
                    await self._call(client, session)
            await anyio.sleep(self.pause(random))

    async def _call(self, client: AsyncAIGateClient, session: str | None) -> None:
        with self.judged(session) as judge:
            if session:
                judge(dict(await client.create_session(instructions=session)))
            else:
                judge(dict(await client.get_turn_credentials()))


def sockets() -> int:
    """Return the number of sockets that this process has open."""
    gc.collect()
    found = 0
    for descriptor in Path("/proc/self/fd").iterdir():
        with suppress(OSError):
            found += str(descriptor.readlink()).startswith("socket:")
    return found


def run(stress: Stress, urls: list[str]) -> None:
    """Let all workers call, and close the clients."""
    options: dict[str, Any] = {"timeout": TIMEOUT, "max_retries": 2}
    clients = [AIGateClient("proj_stress", url, **options) for url in urls]
    async_clients = [AsyncAIGateClient("proj_stress", url, **options) for url in urls]
    workers = [
        threading.Thread(target=stress.in_thread, args=(f"thread{number}", clients))
        for number in range(THREADS)
    ] + [
        threading.Thread(
            target=stress.in_loops, args=(f"{backend}{number}", backend, async_clients)
        )
        for number, backend in enumerate(("asyncio", "asyncio", "trio"))
    ]
    for worker in workers:
        worker.start()
    stress.in_thread("signals", clients, signals=True)
    for worker in workers:
        worker.join()
    for client in clients:
        client.close()

    async def close() -> None:
        for client in async_clients:
            await client.close()

    anyio.run(close)


def main() -> None:
    """Read the arguments, and report."""
    parser = argparse.ArgumentParser(prog="python -m tests.stress", description=__doc__)
    parser.add_argument("--seconds", type=float, default=300.0)
    parser.add_argument("--seed", type=int, default=int.from_bytes(os.urandom(3)))
    parser.add_argument("--pause", type=float, default=0.0, help="between a worker's calls")
    arguments = parser.parse_args()
    print(f"seed {arguments.seed}", flush=True)
    # A worker that hangs is shown where it does.
    faulthandler.dump_traceback_later(arguments.seconds + 60, exit=True)
    with TemporaryDirectory() as folder:
        authority, pem = trustme.CA(), Path(folder) / "server.pem"
        authority.cert_pem.write_to_path(str(Path(folder) / "ca.pem"))
        authority.issue_cert("127.0.0.1").private_key_and_cert_chain_pem.write_to_path(str(pem))
        os.environ["SSL_CERT_FILE"] = str(Path(folder) / "ca.pem")
        command = [sys.executable, "-m", "tests.stress.gate", str(arguments.seed), str(pem)]
        with subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        ) as gate:
            assert gate.stdin
            assert gate.stdout
            plain, tls = json.loads(gate.stdout.readline())
            stress = Stress(arguments.seconds, arguments.pause, arguments.seed)
            sys.unraisablehook = lambda caught: stress.note_foreign(caught.exc_value)
            threading.excepthook = lambda caught: stress.note_foreign(caught.exc_value)
            warnings.simplefilter("always", ResourceWarning)
            warnings.showwarning = lambda *_, **__: stress.note_warning()
            before = sockets()
            run(stress, [f"http://127.0.0.1:{plain}", f"https://127.0.0.1:{tls}"])
            left = sockets() - before
            print("report", file=gate.stdin, flush=True)
            counted = json.loads(gate.stdout.readline())
    sys.exit(report(stress, counted, left))


def report(stress: Stress, counted: dict[str, Any], left: int) -> bool:
    """Print the figures, and return True if anything is wrong."""
    sessions: dict[str, int] = counted["sessions"]
    faults = {
        "wrong": stress.counts["wrong"],
        "twice": sum(times > 1 for times in sessions.values()),
        "billed unsaid": sum(session in sessions for session in stress.unsaid),
        "foreign exceptions": len(stress.foreign),
        "sockets left": stress.counts["sockets left"] + left + counted["open"],
    }
    figures = {name: stress.counts[name] for name in ("calls", "interrupted", "answers", "errors")}
    print(", ".join(f"{count:,} {name}" for name, count in {**figures, **faults}.items()))
    for text in stress.foreign[:FOREIGN_SHOWN]:
        print(text)
    return any(faults.values())


if __name__ == "__main__":
    main()
