"""Measure what the SDK costs: `make bench`, or `python -m benchmarks sync async` for some rows."""

import argparse
import json
import sys
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

from benchmarks.bench import running
from benchmarks.contenders import ALL
from benchmarks.facts import machine_facts
from benchmarks.measuring import Outcome, measure
from benchmarks.picture import picture
from benchmarks.rows import ONLY_IN_FULL, ROWS
from benchmarks.table import table

RESULTS = Path(__file__).with_name("results.json")


def main(arguments: Sequence[str]) -> int:
    """Measure, print and write; return 1 where a row failed, whatever the bars say."""
    parser = _parser()
    options = parser.parse_args(arguments)
    if unknown := [name for name in options.rows if name not in ROWS]:
        parser.error(f"no such row: {', '.join(unknown)}; there are: {', '.join(ROWS)}")
    wanted = options.rows or [name for name in ROWS if options.full or name not in ONLY_IN_FULL]
    _print_what_is_left_out(wanted)
    outcome = Outcome()
    try:
        with running(options.full) as bench:
            for name in wanted:
                measure(name, bench, outcome)
    finally:
        # Whatever ends the run early, what was measured until then stays.
        _report(outcome, options)
    return 1 if outcome.failed else 0


def _report(outcome: Outcome, options: argparse.Namespace) -> None:
    print(table(outcome.results))
    document = {"machine": machine_facts(), **asdict(outcome)}
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
