"""The rows of the table, by name, each with what it measures and its bars."""

from collections.abc import Callable
from typing import TypeAlias

from benchmarks.bench import Bench
from benchmarks.results import Result
from benchmarks.rows.calls import measure_async, measure_growth, measure_sync, measure_threads
from benchmarks.rows.connections import measure_burst, measure_idle, measure_round_trips
from benchmarks.rows.memory import measure_further_client, measure_memory
from benchmarks.rows.startup import measure_cold_start, measure_construct, measure_import

Row: TypeAlias = Callable[[Bench], list[Result]]

ROWS: dict[str, Row] = {
    "import": measure_import,
    "construct": measure_construct,
    "cold": measure_cold_start,
    "client": measure_further_client,
    "sync": measure_sync,
    "async": measure_async,
    "growth": measure_growth,
    "threads": measure_threads,
    "burst": measure_burst,
    "memory": measure_memory,
    "trips": measure_round_trips,
    "idle": measure_idle,
}
ONLY_IN_FULL = frozenset({"idle"})
"""Too long for each day."""
