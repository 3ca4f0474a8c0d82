"""The command where its input and output are closed, full, or nobody reads them."""

from __future__ import annotations

import os
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

from ai_gate.testing import MockGate

FULL = Path("/dev/full")
COMMAND = shlex.join([sys.executable, "-m", "ai_gate"])
needs_full = pytest.mark.skipif(not FULL.exists(), reason="there is no /dev/full")


def shell(line: str, url: str) -> tuple[int, str]:
    """Return the exit status of `ai-gate` in a line of the shell, and all that the line printed."""
    environment = {**os.environ, "AI_GATE_PROJECT_ID": "p", "AI_GATE_BASE_URL": url}
    environment.pop("PYTHONUNBUFFERED", None)
    line = f"{{ {line.replace('ai-gate', COMMAND)}; }} 2>&1"
    result = subprocess.run(
        ["/bin/sh", "-c", line], capture_output=True, text=True, env=environment, check=False
    )
    assert "Traceback" not in result.stdout
    assert "Exception ignored" not in result.stdout
    return result.returncode, result.stdout


@pytest.mark.parametrize("argument", ["session", "version", "--help"])
@pytest.mark.parametrize("streams", ["<&-", ">&-", "2>&-", "<&- >&- 2>&-"])
def test_closed_streams_are_as_dev_null(argument: str, streams: str) -> None:
    with MockGate() as gate:
        status, printed = shell(f"ai-gate {argument} {streams}", gate.url)
    assert status == 0
    assert (printed == "") == (">&-" in streams.split())
    assert gate.sessions_created() == (argument == "session")


def test_a_question_without_an_answer() -> None:
    with MockGate() as gate:
        status, printed = shell("ai-gate doctor --session <&-", gate.url)
        assert (status, gate.received) == (2, [])
    assert "Nothing was done" in printed


@needs_full
@pytest.mark.parametrize("argument", ["session", "version", "--help", "doctor"])
def test_output_that_cannot_be_written_is_a_failure(argument: str) -> None:
    with MockGate(ice_servers=[]) as gate:
        told = shell(f"ai-gate {argument} >/dev/full", gate.url)
        untold = shell(f"ai-gate {argument} >/dev/full 2>&1", gate.url)
    assert told == (1, "ai-gate: No space left on device\n")
    assert untold == (1, "")


@needs_full
@pytest.mark.parametrize("command", ["ai-gate mock", f"{sys.executable} -m ai_gate.testing"])
def test_a_mock_gate_that_cannot_tell_its_url(command: str) -> None:
    status, printed = shell(f"{command} --port 0 >/dev/full", "")
    assert (status, printed.count("\n")) == (1, 1)
    assert "No space left on device" in printed


@needs_full
def test_complaints_that_cannot_be_written_change_nothing() -> None:
    with MockGate() as gate:
        assert shell("ai-gate session 2>/dev/full", gate.url)[0] == 0
        assert shell("ai-gate nonsense 2>/dev/full", gate.url) == (2, "")
        assert shell("ai-gate session --base-url ftp://x 2>/dev/full", gate.url) == (2, "")


@pytest.mark.parametrize("argument", ["session", "doctor", "version", "nonsense"])
def test_a_reader_that_leaves_is_told_nothing(argument: str) -> None:
    with MockGate(ice_servers=[]) as gate:
        status, printed = shell(f"(ai-gate {argument} 2>&1; echo $? >&3) 3>&2 | :", gate.url)
    assert status == 0
    assert printed in ("1\n", "2\n")
