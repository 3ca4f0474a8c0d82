"""`import ai_gate`: the CPU of a process, and what it must not load yet."""

from benchmarks import processes
from benchmarks.bench import Bench
from benchmarks.contenders import OURS
from benchmarks.results import Result, absolute
from benchmarks.rows.scripts import compare

SCRIPTS = {
    "ai-gate": "import ai_gate",
    "python -c pass": "pass",
    "python -c pass again (A/A)": "pass",
    "httpx": "import httpx",
}
LOADED = "import sys, ai_gate; print(*{'httpx', 'attr', 'attrs', 'dateutil'} & set(sys.modules))"


def measure_import(bench: Bench) -> list[Result]:
    """At most twice the cost of starting Python, and nothing heavy loaded."""
    results = compare(
        bench,
        "import",
        SCRIPTS,
        against="python -c pass",
        limit=2.0,
        rounds=40 if bench.full else 20,
        url="",
    )
    loaded = len(processes.run(OURS.label, LOADED, bench.env).split())
    return [*results, absolute("import: httpx, attrs, dateutil", "ai-gate", [loaded], "loaded", 0)]
