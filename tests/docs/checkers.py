"""mypy and pyright, and the errors that they find."""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

BLOCKS = "blocks"
"""The folder with code of the documentation, which may define functions without types."""

CACHE = Path(__file__).parents[2] / ".mypy_cache" / "documents"
"""Kept from run to run: what others' packages declare takes mypy 14 s of CPU to read."""

MYPY = f"""\
[mypy]
strict = True

[mypy-{BLOCKS}.*]
disallow_untyped_calls = False
disallow_untyped_defs = False
disallow_incomplete_defs = False
"""
PYRIGHT = {"typeCheckingMode": "standard", "pythonVersion": "3.11"}


@dataclass(frozen=True, order=True)
class Finding:
    """An error that a checker found."""

    file: str
    line: int
    rule: str
    message: str = field(default="", compare=False)


def mypy(folder: Path) -> set[Finding]:
    """Check the files of a folder with mypy strict."""
    config, files = folder / "mypy.ini", sorted(folder.rglob("*.py"))
    config.write_text(MYPY, "utf-8")
    options = [f"--config-file={config}", f"--cache-dir={CACHE}", "-O=json"]
    output = _run("mypy", *options, *files, cwd=folder)
    errors = [json.loads(line) for line in output.splitlines()]
    return {_of_mypy(error) for error in errors if error["severity"] == "error"}


def pyright(folder: Path) -> set[Finding]:
    """Check the files of a folder with pyright."""
    config = folder / "pyrightconfig.json"
    config.write_text(json.dumps(PYRIGHT), "utf-8")
    output = _run("pyright", "--outputjson", "--pythonpath", sys.executable, cwd=folder)
    report = json.loads(output[output.index("{") :])
    assert report["summary"]["filesAnalyzed"] == len(list(folder.rglob("*.py"))), output
    return {_of_pyright(error) for error in report["generalDiagnostics"]}


def _run(module: str, *arguments: str | Path, cwd: Path) -> str:
    command = [sys.executable, "-m", module, *arguments]
    result = subprocess.run(command, cwd=cwd, capture_output=True, text=True, check=False)
    # 0: nothing found; 1: something found; else the checker itself has failed.
    assert result.returncode in (0, 1), result.stdout + result.stderr
    return result.stdout


def _of_mypy(error: dict[str, Any]) -> Finding:
    return Finding(Path(error["file"]).stem, error["line"], str(error["code"]), error["message"])


def _of_pyright(error: dict[str, Any]) -> Finding:
    line, rule = error["range"]["start"]["line"] + 1, error.get("rule", error["severity"])
    return Finding(Path(error["file"]).stem, line, rule, error["message"])
