"""Processes of the benchmark: their environment, and what one costs."""

import os
import resource
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent

UNWANTED = ("SSL_CERT_FILE", "SSL_CERT_DIR", "PYTHONDONTWRITEBYTECODE")
"""What would give one machine other results than the next."""


def environment(folder: Path, trusted: Path) -> dict[str, str]:
    """The environment of all processes: no proxies, the CA file, and compiled code kept apart."""
    kept = {
        name: value
        for name, value in os.environ.items()
        if name not in UNWANTED and not name.lower().endswith("_proxy")
    }
    bytecode = str(folder / "bytecode")
    return {**kept, "SSL_CERT_FILE": str(trusted), "PYTHONPYCACHEPREFIX": bytecode}


@contextmanager
def module(env: dict[str, str], *arguments: str) -> Iterator[subprocess.Popen[str]]:
    """Run a module of this package beside us, told to end by the end of the block."""
    with subprocess.Popen(
        [sys.executable, "-m", *arguments],
        env=env,
        cwd=ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        try:
            yield process
        finally:
            process.terminate()


def cpu_of(code: str, env: dict[str, str], *arguments: str) -> float:
    """The CPU seconds of a process that runs some code, from its start to its end."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    run(code, env, *arguments)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime - before.ru_utime + after.ru_stime - before.ru_stime


def run(code: str, env: dict[str, str], *arguments: str) -> str:
    """What a process that runs some code prints."""
    result = subprocess.run(
        [sys.executable, "-c", code, *arguments],
        env=env,
        cwd=Path(env["PYTHONPYCACHEPREFIX"]).parent,
        stdout=subprocess.PIPE,
        text=True,
        check=True,
    )
    return result.stdout
