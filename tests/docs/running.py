"""Running a block as it stands."""

from __future__ import annotations

import contextlib
import os
import re
import runpy
import subprocess
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pytest

from ai_gate import AIGateClient
from ai_gate.testing import MockGate

from .gateway import NAMES
from .kinds import CLIENT, NAMED, Kind, kind, prints
from .markdown import Block

METHODS = ("create_session", "get_turn_credentials", "connect")
"""What calls the gate."""
FAILURES = ("error", "failed", "❌")
AGENT = re.compile(r"^import sentry_sdk$", re.MULTILINE)
"""What changes a whole process, and can't be taken out again."""
FIXTURE = re.compile(r"def test_\w+\((?:mock_gate|httpx_mock)\)")


def run(path: Path, **given: Any) -> None:
    """Run a file as a program."""
    names = runpy.run_path(str(path), init_globals=given, run_name="__main__")
    # Some pages leave their client open until the process ends. This process goes on.
    for value in names.values():
        if isinstance(value, AIGateClient):
            value.close()


def run_block(block: Block, folder: Path) -> None:
    """Run a block unchanged; a fragment gets a client as its page has made one before."""
    path = folder / f"{block}.py"
    path.write_text(block.code, "utf-8")
    if is_test(block.code):
        run_pytest(path)
        return
    if AGENT.search(block.code):
        subprocess.run([sys.executable, str(path)], cwd=folder, check=True)
        return
    given = {}
    if kind(block.code) is Kind.FRAGMENT:
        given[CLIENT] = AIGateClient(project_id="your-project-id")
    # Some blocks write files.
    with contextlib.chdir(folder):
        run(path, **given)


def write_files(found: Iterable[Block], folder: Path) -> dict[str, str]:
    """Write the blocks that are files, and return them by their names."""
    named = ((NAMED.match(block.code), block.code) for block in found)
    files = {str(match[1]): code for match, code in named if match}
    for name, code in files.items():
        # The first line of a page is no comment.
        text = NAMED.sub("", code, count=1) if name.endswith(".html") else code
        (folder / name).write_text(text, "utf-8")
    return files


def is_test(code: str) -> bool:
    """Return True if a block is a test of a reader's, with a fixture."""
    return bool(FIXTURE.search(code))


def run_pytest(path: Path, count: int = 1) -> None:
    """Run a file or a folder as pytest does, with no more plugins than a reader has.

    Those of this environment take more than a second of CPU to load.
    """
    plugins = [f"-p{name}" for name in ("ai_gate.testing.plugin", "pytest_httpx")]
    command = [sys.executable, "-m", "pytest", "-q", "-pno:cacheprovider", *plugins, str(path)]
    result = subprocess.run(
        command,
        cwd=path if path.is_dir() else path.parent,
        env={**os.environ, "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert result.returncode == 0, result.stdout
    assert f"{count} passed" in result.stdout


def check_calls(code: str, gate: MockGate) -> None:
    """Check that code which calls the gate has reached it, by its public name and as documented.

    Code with a mock gate of its own doesn't call this one.
    """
    calls = sum(code.count(f".{name}(") for name in METHODS)
    has_own = "MockGate(" in code or is_test(code)
    assert bool(gate.received) == (calls > 0 and not has_own)
    assert all(request.headers["host"] in NAMES for request in gate.received)
    assert gate.violations == []


def check_output(code: str, capsys: pytest.CaptureFixture[str]) -> None:
    """Check that code which prints has printed, and no error: pages print those that they catch."""
    output = capsys.readouterr().out
    assert bool(output) == prints(code)
    assert not [word for word in FAILURES if word in output.lower()], output
