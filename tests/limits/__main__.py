"""The fleet as a command: what calls of many processes come to, with a limiter and without."""

from __future__ import annotations

import argparse
import tempfile
from pathlib import Path

from tests.limits.conftest import Server
from tests.limits.fleet import Outcome, processes


def main() -> None:
    """Print the counts of a fleet with a limiter in Redis, and without."""
    parser = argparse.ArgumentParser(prog="python -m tests.limits")
    parser.add_argument("--processes", type=int, default=8)
    parser.add_argument("--requests", type=int, default=100, help="in a window; default: 100")
    parser.add_argument("--window", type=float, default=4.0, help="in seconds; default: 4")
    parser.add_argument("--windows", type=int, default=4, help="how long; default: 4 windows")
    options = parser.parse_args()
    possible = options.requests * options.windows
    print(f"{options.processes} processes; the gate lets {possible} calls through")
    with tempfile.TemporaryDirectory() as folder:
        server = Server(Path(folder))
        server.start()
        try:
            for name, store in (("Redis", server.url), ("no limiter", None)):
                found = processes(
                    options.processes,
                    store,
                    requests=options.requests,
                    window=options.window,
                    windows=options.windows,
                )
                print(f"{name:12} {_told(found)}")
        finally:
            server.stop()


def _told(found: Outcome) -> str:
    made = sorted(found.made)
    answers = f"{sum(made)} made, {found.refused} answers 429"
    return f"{answers}, each worker from {made[0]} to {made[-1]}"


if __name__ == "__main__":
    main()
