"""Rows measured one after another, whatever fails."""

import sys
import time
from dataclasses import dataclass, field

from benchmarks.bench import Bench
from benchmarks.contenders import ALL, OURS, OVER_AIOHTTP
from benchmarks.failure import WorkerError
from benchmarks.results import Result
from benchmarks.rows import ROWS

COMPARED = {one.label for one in ALL if one not in (OURS, OVER_AIOHTTP)}
"""Whose failure says nothing about the SDK."""


@dataclass
class Outcome:
    """What came of the rows up to now."""

    results: list[Result] = field(default_factory=list)
    failed: list[str] = field(default_factory=list)
    """The names of the rows without results."""


def measure(name: str, bench: Bench, outcome: Outcome) -> None:
    """Measure a row and note its results, or that it failed."""
    started = time.monotonic()
    try:
        outcome.results += _row(name, bench)
    except WorkerError as error:
        outcome.failed.append(name)
        print(f"{name}: FAILED: {error}", file=sys.stderr)
    print(f"{name}: {time.monotonic() - started:.0f} s", file=sys.stderr)


def _row(name: str, bench: Bench) -> list[Result]:
    """Try again once where another library failed, never where the SDK did.

    httpx loses an answer now and then when 100 threads share a client.
    """
    try:
        return ROWS[name](bench)
    except WorkerError as error:
        if error.who not in COMPARED:
            raise
        print(f"{name}: once more, {error}", file=sys.stderr)
        return ROWS[name](bench)
