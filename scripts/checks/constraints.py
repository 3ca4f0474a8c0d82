"""The versions that `make setup` installs, which constraints.txt pins for every Python.

It stands in for uv.lock, which can't be had without the URL of each file on one index. The tools
themselves are named in the extra `dev` and the group `dist` alone.
"""

import difflib
import shutil
import subprocess
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

from scripts.checks import CheckFailedError, CheckSkippedError, fail_on

NAME = "constraints.txt"
COMPILE = ["pip", "compile", "--quiet", "--universal", "--no-annotate", "--extra=dev"]
COMPILE += ["--group=dist", "--custom-compile-command=make lock"]
UNREACHABLE = 2
"""What uv exits with if it can't reach the index; 1 means that no versions fit together."""


def check_constraints(root: Path) -> None:
    """Let uv look if what constraints.txt pins is still what pyproject.toml asks for."""
    with TemporaryDirectory() as folder:
        # What is pinned already stays as it is, however many newer ones there are.
        compiled = Path(folder) / NAME
        shutil.copy(root / NAME, compiled)
        _compile(root, compiled)
        pinned, wanted = (path.read_text("utf-8") for path in (root / NAME, compiled))
    changes = difflib.ndiff(pinned.splitlines(), wanted.splitlines())
    fail_on(
        f"{NAME}: pyproject.toml asks for something else: run `make lock`: {change}"
        for change in changes
        if change[0] in "+-"
    )


def _compile(root: Path, output: Path, *options: str) -> None:
    uv = Path(sys.executable).with_name("uv")
    command: list[str | Path] = [uv, *COMPILE, *options, "--output-file", output, "pyproject.toml"]
    result = subprocess.run(command, cwd=root, capture_output=True, text=True, check=False)
    if result.returncode == UNREACHABLE and "Failed to fetch" in result.stderr:
        raise CheckSkippedError("the package index can't be reached")
    if result.returncode != 0:
        raise CheckFailedError(result.stderr)


def main(root: Path) -> None:
    """Pin the newest versions."""
    _compile(root, root / NAME, "--upgrade")


if __name__ == "__main__":
    main(Path(__file__).resolve().parents[2])
