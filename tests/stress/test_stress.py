"""A short run of what `make stress` does at length."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
# The pause leaves most of the machine to the other tests.
OPTIONS = ("--seconds", "10", "--pause", "0.15")


@pytest.mark.skipif(not Path("/proc/self/fd").exists(), reason="sockets can't be counted here")
def test_all_goes_as_promised() -> None:
    result = subprocess.run(
        [sys.executable, "-m", "tests.stress", *OPTIONS],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert result.returncode == 0, result.stdout + result.stderr
    assert " 0 interrupted" not in result.stdout
