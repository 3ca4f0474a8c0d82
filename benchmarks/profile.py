"""Where the time of a call goes: `python -m benchmarks.profile`.

The kernel interrupts the process every few milliseconds of its CPU time, and Python notes what is
running then; unlike with a tracing profiler, small functions don't seem dear. The time of C code
counts for the Python function that called it: a socket's for `httpcore._backends`.
"""

import argparse
import os
import signal
import sys
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from types import FrameType

from benchmarks import jobs
from benchmarks.bench import running
from benchmarks.contenders import ALL, has_sync

INTERVAL = 0.001
"""The seconds of CPU between samples; many kernels make it 0.004."""
SOCKETS = "httpcore._backends"
"""The module whose functions call sockets and TLS."""
OTHERS = "outside of the SDK"


@dataclass
class Samples:
    """What was running, in how many samples."""

    packages: Counter[str] = field(default_factory=Counter)
    """By the package of the function itself."""
    functions: Counter[str] = field(default_factory=Counter)
    """By the function itself."""
    ours: Counter[str] = field(default_factory=Counter)
    """By the function of the SDK that it runs for, with all that this one calls."""

    def note(self, number: int, frame: FrameType | None) -> None:
        """Note one sample; a signal handler."""
        if frame is None:
            return
        self.packages[package_of(frame)] += 1
        self.functions[name_of(frame)] += 1
        self.ours[_for_whom(frame)] += 1


def package_of(frame: FrameType) -> str:
    """The package of a function, or httpcore's part that talks to sockets."""
    module = str(frame.f_globals.get("__name__", ""))
    return SOCKETS if module.startswith(SOCKETS) else module.partition(".")[0]


def name_of(frame: FrameType) -> str:
    """A function with its module."""
    return f"{frame.f_globals.get('__name__')}.{frame.f_code.co_qualname}"


def _for_whom(frame: FrameType | None) -> str:
    while frame is not None:
        if package_of(frame) == "ai_gate":
            return name_of(frame)
        frame = frame.f_back
    return OTHERS


@contextmanager
def sampling() -> Iterator[Samples]:
    """Sample what runs in a block."""
    samples = Samples()
    signal.signal(signal.SIGPROF, samples.note)
    signal.setitimer(signal.ITIMER_PROF, INTERVAL, INTERVAL)
    try:
        yield samples
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)


def profile(job: str, contender: str, url: str, *, size: int, calls: int) -> None:
    """Print where the time of a call goes."""
    work = jobs.find(job)(contender, url)
    work.work(size, 200 // size)
    alone = work.work(size, calls // size)
    with sampling() as samples:
        work.work(size, calls // size)
    work.close()
    microseconds = alone.cpu * 1e6
    count = samples.packages.total()
    print(f"\n{contender}, {job}, {size} at once: {microseconds:.0f} µs a call, {count} samples")
    print_shares("by package", samples.packages, microseconds, 20)
    print_shares("by function", samples.functions, microseconds, 30)
    if contender in ("ours", "over_aiohttp"):
        print_shares("by function of ours, with what it calls", samples.ours, microseconds, 30)


def print_shares(title: str, counts: Counter[str], whole: float, most: int) -> None:
    """Print the largest shares in microseconds."""
    print(f"  {title}")
    for name, count in counts.most_common(most):
        share = count / counts.total()
        print(f"    {share * whole:7.1f} µs {share:6.1%}  {name}")


def main(arguments: Sequence[str]) -> int:
    """Profile the sync and the async call of one contender and return the exit status."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.profile")
    modules = sorted({one.module for one in ALL})
    parser.add_argument("contender", nargs="?", default="ours", choices=modules)
    parser.add_argument("--calls", type=int, default=30_000, help="how many, of each kind")
    parser.add_argument("--tls", action="store_true", help="over TLS")
    options = parser.parse_args(arguments)
    with running(full=False) as bench:
        os.environ.clear()
        os.environ.update(bench.env)
        url = bench.https if options.tls else bench.http
        if has_sync(options.contender):
            profile("sync_calls", options.contender, url, size=1, calls=options.calls)
        for size in (1, 100):
            profile("async_calls", options.contender, url, size=size, calls=options.calls)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
