"""Measure what the SDK costs: `make bench`, or `python -m benchmarks sync async` for some rows."""

import argparse
import json
import sys
import time
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

from benchmarks.bench import Bench, running
from benchmarks.contenders import ALL
from benchmarks.facts import machine_facts
from benchmarks.picture import picture
from benchmarks.results import Result
from benchmarks.rows import ONLY_IN_FULL, ROWS
from benchmarks.table import table
from benchmarks.workers import WorkerError

RESULTS = Path(__file__).with_name("results.json")


def main(arguments: Sequence[str]) -> int:
    """Measure, print and write; return 1 where a row failed, whatever the bars say."""
    parser = _parser()
    options = parser.parse_args(arguments)
    if unknown := [name for name in options.rows if name not in ROWS]:
        parser.error(f"no such row: {', '.join(unknown)}; there are: {', '.join(ROWS)}")
    wanted = options.rows or [name for name in ROWS if options.full or name not in ONLY_IN_FULL]
    _print_what_is_left_out(wanted)
    results, failed = _measured(wanted, full=options.full)
    print(table(results))
    document = {"machine": machine_facts(), "results": [asdict(one) for one in results]}
    options.json.write_text(json.dumps(document, indent=2) + "\n", "utf-8")
    if options.picture:
        options.picture.write_text(picture(results), "utf-8")
    return 1 if failed else 0


def _measured(names: Sequence[str], *, full: bool) -> tuple[list[Result], list[str]]:
    """The results, and the names of the rows without any."""
    results: list[Result] = []
    failed = []
    with running(full) as bench:
        for name in names:
            started = time.monotonic()
            # httpx loses an answer now and then when 100 threads share a client.
            if found := _row(name, bench) or _row(name, bench):
                results += found
            else:
                failed.append(name)
            print(f"{name}: {time.monotonic() - started:.0f} s", file=sys.stderr)
    return results, failed


def _row(name: str, bench: Bench) -> list[Result]:
    try:
        return ROWS[name](bench)
    except WorkerError as error:
        print(f"{name}: FAILED: {error}", file=sys.stderr)
        return []


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
