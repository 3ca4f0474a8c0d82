"""Import and make a client: the CPU of a process."""

from benchmarks.bench import Bench
from benchmarks.results import Result
from benchmarks.rows.scripts import CONSTRUCT, compare


def measure_construct(bench: Bench) -> list[Result]:
    """Beside a script that does the same with httpx."""
    return compare(
        bench,
        "import + construct",
        CONSTRUCT,
        against="httpx",
        limit=1.10,
        rounds=20 if bench.full else 7,
        url=bench.https,
    )
