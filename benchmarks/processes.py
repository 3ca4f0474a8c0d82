"""Processes of the benchmark: their environment, and what one costs."""

import os
import resource
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from benchmarks.failure import WorkerError

ROOT = Path(__file__).resolve().parent.parent
TREE = os.pathsep.join((str(ROOT), str(ROOT / "generated")))
"""Where all processes find the SDK: in this tree, whatever is installed."""

UNWANTED = ("PYTHON", "OPENAI_", "AIOHTTP_", "AI_GATE_", "SSL_CERT_", "SSLKEYLOGFILE", "COVERAGE_")
"""How the names begin of what would give one machine other results than the next."""


def environment(folder: Path, trusted: Path) -> dict[str, str]:
    """The environment of all processes: no proxies, the CA file, and compiled code kept apart."""
    kept = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(UNWANTED) and not name.lower().endswith("_proxy")
    }
    return {
        **kept,
        "PYTHONPATH": TREE,
        "PYTHONPYCACHEPREFIX": str(folder / "bytecode"),
        "SSL_CERT_FILE": str(trusted),
    }


@contextmanager
def module(env: dict[str, str], *arguments: str) -> Iterator[subprocess.Popen[str]]:
    """Run a module of this package beside us, told to end by the end of the block."""
    with subprocess.Popen(
        [sys.executable, "-m", *arguments],
        env=env,
        cwd=_folder(env),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        try:
            yield process
        finally:
            process.terminate()
            _hang_up(process)


def hear(process: subprocess.Popen[str], who: str) -> str:
    """The next line that a process prints, which works with someone."""
    line = process.stdout.readline() if process.stdout else ""
    if not line:
        raise WorkerError(who)
    return line.strip()


def tell(process: subprocess.Popen[str], who: str, line: str) -> None:
    """Write a line to a process, which works with someone."""
    try:
        print(line, file=process.stdin, flush=True)
    except BrokenPipeError as error:
        raise WorkerError(who) from error


def cpu_of(who: str, code: str, env: dict[str, str], *arguments: str) -> float:
    """The CPU seconds of a process that runs someone's code, from its start to its end."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    run(who, code, env, *arguments)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime - before.ru_utime + after.ru_stime - before.ru_stime


def run(who: str, code: str, env: dict[str, str], *arguments: str) -> str:
    """What a process that runs someone's code prints."""
    result = subprocess.run(
        [sys.executable, "-c", code, *arguments],
        env=env,
        cwd=_folder(env),
        stdout=subprocess.PIPE,
        text=True,
        check=False,
    )
    if result.returncode:
        raise WorkerError(who)
    return result.stdout


def _folder(env: dict[str, str]) -> Path:
    """One without modules, so that nothing is imported from where a process runs."""
    return Path(env["PYTHONPYCACHEPREFIX"]).parent


def _hang_up(process: subprocess.Popen[str]) -> None:
    # It may have ended before it read what it was told.
    with suppress(BrokenPipeError):
        if process.stdin:
            process.stdin.close()
