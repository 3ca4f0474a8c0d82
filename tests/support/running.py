"""Code run in a way of its own: with its warnings kept, in a process, with many examples."""

from __future__ import annotations

import gc
import os
import subprocess
import sys
import warnings
from collections.abc import Callable
from textwrap import dedent

from hypothesis import HealthCheck, settings

modest = settings(
    max_examples=int(os.environ.get("AI_GATE_EXAMPLES", "60")),
    derandomize=True,
    database=None,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
"""How many examples a property-based test tries: the same ones in each run, or more of them."""


def recorded(body: Callable[[], object]) -> list[str]:
    """Run it and return its warnings, those of its garbage too."""
    # What was there before needn't be searched for garbage, which takes a while.
    gc.freeze()
    try:
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            body()
            gc.collect()
            messages = [str(warning.message) for warning in caught]
            # A warning keeps alive what it is about, whose parts may warn in turn.
            caught.clear()
            gc.collect()
            return [*messages, *(str(warning.message) for warning in caught)]
    finally:
        gc.unfreeze()


def run(source: str, *arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run a script in a process of its own; its output is kept."""
    return subprocess.run(
        [sys.executable, "-W", "always::ResourceWarning", "-c", dedent(source), *arguments],
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
