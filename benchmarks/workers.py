"""Workers as the benchmark sees them."""

import json
import subprocess
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from typing import Any

from benchmarks import processes
from benchmarks.contenders import Contender
from benchmarks.jobs import Cost


@dataclass
class Memory:
    """What a worker holds."""

    rss: int
    objects: int


class Worker:
    """A process that works with one contender."""

    def __init__(self, process: subprocess.Popen[str], name: str) -> None:
        self._process = process
        self._name = name
        processes.hear(process, name)

    def work(self, size: int, times: int) -> Cost:
        """Let it do its job, and tell the cost of one unit."""
        return Cost(**self._ask({"size": size, "times": times}))

    def memory(self) -> Memory:
        """What it holds now."""
        return Memory(**self._ask("memory"))

    def close(self) -> None:
        """Let it close its clients and end."""
        if self._process.stdin and not self._process.stdin.closed:
            self._process.stdin.close()
            processes.hear(self._process, self._name)

    def _ask(self, order: object) -> Any:
        processes.tell(self._process, self._name, json.dumps(order))
        return json.loads(processes.hear(self._process, self._name))


@contextmanager
def started(
    env: dict[str, str], job: str, contenders: Sequence[Contender], url: str
) -> Iterator[list[Worker]]:
    """A worker for each contender."""
    with ExitStack() as stack:
        running = []
        for one in contenders:
            arguments = ("benchmarks.worker", job, one.module, url)
            process = stack.enter_context(processes.module(env, *arguments))
            running.append(Worker(process, one.label))
        yield running
        for worker in running:
            worker.close()
