"""Scripts in a process of their own: for what a test can't do in pytest's."""

from __future__ import annotations

import os
import subprocess
import sys
from textwrap import dedent


def run(source: str, *arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run a script; its output is kept."""
    return subprocess.run(
        [sys.executable, "-W", "always::ResourceWarning", "-c", dedent(source), *arguments],
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )
