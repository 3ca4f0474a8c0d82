"""The processes that are measured: what they find around them, and what one costs."""

import json
import os
import resource
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from benchmarks.contenders import Contender

UNWANTED = ("PYTHON", "OPENAI_", "AIOHTTP_", "AI_GATE_", "SSL_CERT_", "SSLKEYLOGFILE", "COVERAGE_")
"""How the names begin of what would give one machine other results than the next."""


class ProcessError(Exception):
    """A process of the benchmark ended too early, and said why on stderr."""

    def __init__(self, who: str) -> None:
        super().__init__(f"a process of {who} has failed")
        self.who = who
        """The label of the contender that it worked with."""


class Process:
    """A running process that works with someone and talks in lines."""

    def __init__(self, popen: subprocess.Popen[str], who: str) -> None:
        self._popen = popen
        self._who = who

    def hear(self) -> str:
        """The next line that it prints."""
        line = self._popen.stdout.readline() if self._popen.stdout else ""
        if not line:
            raise ProcessError(self._who)
        return line.strip()

    def tell(self, line: str) -> None:
        """Write it a line."""
        try:
            print(line, file=self._popen.stdin, flush=True)
        except BrokenPipeError as error:
            raise ProcessError(self._who) from error

    def hang_up(self) -> None:
        """Write it no more."""
        # It may have ended before it read what it was told.
        with suppress(BrokenPipeError):
            if self._popen.stdin:
                self._popen.stdin.close()


@dataclass(frozen=True)
class Cost:
    """What one unit of work took, in seconds."""

    cpu: float
    wall: float


@dataclass(frozen=True)
class Memory:
    """What a worker holds: bytes, and how many objects."""

    rss: int
    objects: int


class Worker:
    """A process of `benchmarks.worker` that is ready."""

    def __init__(self, process: Process) -> None:
        self._process = process
        self._is_open = True
        process.hear()

    def work(self, size: int, times: int) -> Cost:
        """Let it do its job, and return the cost of one unit."""
        return Cost(**self._ask({"size": size, "times": times}))

    def memory(self) -> Memory:
        """What it holds now."""
        return Memory(**self._ask("memory"))

    def close(self) -> None:
        """Let it close its clients and end, if it hasn't."""
        if self._is_open:
            self._is_open = False
            self._process.hang_up()
            self._process.hear()

    def _ask(self, order: object) -> Any:
        self._process.tell(json.dumps(order))
        return json.loads(self._process.hear())


class Processes:
    """Starts processes that find the same around them: no proxies, and a CA file.

    They run in a folder with nothing but the benchmarks in it, so they import the SDK from where it
    is installed.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self.environment = _environment(folder / "trusted.pem")
        (folder / "benchmarks").symlink_to(Path(__file__).parent)

    @contextmanager
    def module(self, who: str, *arguments: str) -> Iterator[Process]:
        """Run a module beside us that is told to end by the end of the block."""
        with subprocess.Popen(
            [sys.executable, "-m", *arguments],
            env=self.environment,
            cwd=self._folder,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        ) as popen:
            process = Process(popen, who)
            try:
                yield process
            finally:
                popen.terminate()
                process.hang_up()

    @contextmanager
    def workers(
        self, job: str, contenders: Sequence[Contender], url: str
    ) -> Iterator[list[Worker]]:
        """A worker for each contender."""
        with ExitStack() as stack:
            workers = []
            for one in contenders:
                arguments = ("benchmarks.worker", job, one.label, url)
                workers.append(Worker(stack.enter_context(self.module(one.label, *arguments))))
            yield workers
            for worker in workers:
                worker.close()

    def run(self, who: str, code: str, *arguments: str) -> str:
        """What a process that runs someone's code prints."""
        result = subprocess.run(
            [sys.executable, "-c", code, *arguments],
            env=self.environment,
            cwd=self._folder,
            stdout=subprocess.PIPE,
            text=True,
            check=False,
        )
        if result.returncode:
            raise ProcessError(who)
        return result.stdout

    def cpu_of(self, who: str, code: str, *arguments: str) -> float:
        """The CPU seconds of a process that runs someone's code, from its start to its end."""
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        self.run(who, code, *arguments)
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        return after.ru_utime - before.ru_utime + after.ru_stime - before.ru_stime


def _environment(trusted: Path) -> dict[str, str]:
    kept = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(UNWANTED) and not name.lower().endswith("_proxy")
    }
    return {**kept, "SSL_CERT_FILE": str(trusted)}
