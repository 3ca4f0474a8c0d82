"""From the start of a process to its first session and its end: the CPU of the process."""

from benchmarks.bench import Bench
from benchmarks.results import Result
from benchmarks.rows.scripts import FIRST_SESSION, compare

WITHOUT_OPENAI = {label: code for label, code in FIRST_SESSION.items() if label != "openai"}


def measure_cold_start(bench: Bench) -> list[Result]:
    """Beside a bare httpx script; over TLS too, because without it we load no CA certificates."""
    rounds = 20 if bench.full else 7
    plain = compare(
        bench,
        "cold start",
        FIRST_SESSION,
        against="httpx",
        limit=1.20,
        rounds=rounds,
        url=bench.http,
    )
    tls = compare(
        bench,
        "cold start, TLS",
        WITHOUT_OPENAI,
        against="httpx",
        limit=1.20,
        rounds=rounds,
        url=bench.https,
    )
    return plain + tls
