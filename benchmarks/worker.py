"""A process that works with one contender as it is told: a line of JSON in, a line of JSON out."""

import gc
import json
import os
import subprocess
import sys
from collections.abc import Iterable
from dataclasses import asdict
from pathlib import Path

from benchmarks.jobs import Job, find


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


def obey(job: Job, orders: Iterable[str]) -> None:
    """Carry out each order."""
    for line in orders:
        order = json.loads(line)
        result = memory() if order == "memory" else asdict(job.work(**order))
        print(json.dumps(result), flush=True)


def main(name: str, contender: str, url: str) -> None:
    """Work until the end of the orders."""
    job = find(name)(contender, url)
    print("ready", flush=True)
    obey(job, sys.stdin)
    job.close()
    print("closed", flush=True)


if __name__ == "__main__":
    main(*sys.argv[1:])
