"""The programs in examples/."""

from __future__ import annotations

from pathlib import Path

import pytest

from ai_gate.testing import MockGate

from .pages import EXAMPLES, ROOT
from .running import check_calls, check_output, run

# The others need peers to talk with: tests/voice runs them.
RUNNABLE = [path for path in EXAMPLES if path.name != "voice.py"]


@pytest.mark.parametrize("path", RUNNABLE, ids=lambda path: path.name)
def test_example_runs(path: Path, gate: MockGate, capsys: pytest.CaptureFixture[str]) -> None:
    code = path.read_text("utf-8")
    run(path)
    check_calls(code, gate)
    check_output(code, capsys)


@pytest.mark.usefixtures("environment")
def test_the_demo_prints_a_session(capsys: pytest.CaptureFixture[str]) -> None:
    run(ROOT / "examples" / "demo.py")
    output = capsys.readouterr().out
    assert "Session created" in output
    assert "sess_" in output
    assert "aigate_session_" in output
    assert "turn:turn.cloudflare.com" in output
    # The demo shows what a session is, not its secrets.
    assert "ek_" not in output
