"""The rows of the table, each with what it measures and its bars."""

from collections.abc import Callable
from typing import TypeAlias

from benchmarks.bench import Bench
from benchmarks.results import Result
from benchmarks.rows.async_calls import measure_async
from benchmarks.rows.burst import measure_burst
from benchmarks.rows.cold_start import measure_cold_start
from benchmarks.rows.construct import measure_construct
from benchmarks.rows.further_client import measure_further_client
from benchmarks.rows.growth import measure_growth
from benchmarks.rows.idle import measure_idle
from benchmarks.rows.imports import measure_import
from benchmarks.rows.memory import measure_memory
from benchmarks.rows.round_trips import measure_round_trips
from benchmarks.rows.sync_calls import measure_sync
from benchmarks.rows.threads import measure_threads

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
