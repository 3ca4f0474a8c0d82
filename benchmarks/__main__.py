"""Measure what the SDK costs: `make bench`, with BENCH_ARGS="sync async" for some rows."""

import argparse
import json
import sys
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path

from benchmarks import machine
from benchmarks.bench import Bench, running
from benchmarks.contenders import ALL, OURS, OVER_AIOHTTP
from benchmarks.picture import picture
from benchmarks.processes import ProcessError
from benchmarks.results import Result, table
from benchmarks.rows import ONLY_IN_FULL, ROWS

RESULTS = Path(__file__).with_name("results.json")
COMPARED = {one.label for one in ALL if one not in (OURS, OVER_AIOHTTP)}
"""Whose failure says nothing about the SDK."""


@dataclass
class Outcome:
    """What came of the rows up to now."""

    results: list[Result] = field(default_factory=list)
    failed: list[str] = field(default_factory=list)
    """The names of the rows without results."""


def main(arguments: Sequence[str]) -> int:
    """Measure, print and write; return 1 if a row failed, whatever the bars say."""
    parser = _parser()
    options = parser.parse_args(arguments)
    if unknown := [name for name in options.rows if name not in ROWS]:
        parser.error(f"no such row: {', '.join(unknown)}; there are: {', '.join(ROWS)}")
    if unfair := machine.unfair():
        parser.error(
            f"{', '.join(unfair)} installed here, which httpx imports and the SDK doesn't bring: "
            "what is compared would look fast; `make bench` has an environment without them"
        )
    wanted = options.rows or [name for name in ROWS if options.full or name not in ONLY_IN_FULL]
    _print_what_is_left_out(wanted)
    outcome = Outcome()
    try:
        with running(options.full) as bench:
            for name in wanted:
                _measure(name, bench, outcome)
    finally:
        # Whatever ends the run early, what was measured until then stays.
        _report(outcome, options)
    return 1 if outcome.failed else 0


def _measure(name: str, bench: Bench, outcome: Outcome) -> None:
    """Measure a row and note its results, or that it failed."""
    started = time.monotonic()
    try:
        outcome.results += _row(name, bench)
    except ProcessError as error:
        outcome.failed.append(name)
        print(f"{name}: FAILED: {error}", file=sys.stderr)
    print(f"{name}: {time.monotonic() - started:.0f} s", file=sys.stderr)


def _row(name: str, bench: Bench) -> list[Result]:
    """Try again once if another library failed, never if the SDK did.

    httpx loses an answer now and then when 100 threads share a client.
    """
    try:
        return ROWS[name](bench)
    except ProcessError as error:
        if error.who not in COMPARED:
            raise
        print(f"{name}: once more, {error}", file=sys.stderr)
        return ROWS[name](bench)


def _report(outcome: Outcome, options: argparse.Namespace) -> None:
    print(table(outcome.results))
    document = {"machine": machine.facts(), **asdict(outcome)}
    options.json.write_text(json.dumps(document, indent=2) + "\n", "utf-8")
    if options.picture:
        options.picture.write_text(picture(outcome.results), "utf-8")


def _print_what_is_left_out(wanted: Sequence[str]) -> None:
    for contender in ALL:
        if not contender.is_installed:
            print(f"{contender.label}: skipped, {contender.needs} is not installed")
    for name in sorted(ONLY_IN_FULL - set(wanted)):
        print(f"{name}: not run, it takes long (--full)")


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("rows", nargs="*", metavar="ROW", help=", ".join(ROWS))
    parser.add_argument("--full", action="store_true", help="more rounds, and the long rows too")
    parser.add_argument("--json", type=Path, default=RESULTS, help="where to write the results")
    parser.add_argument("--picture", type=Path, help="where to draw the results, as SVG")
    return parser


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
