"""The programs in examples/ that go to https://api.ai-gate.dev; tests/examples has the others."""

from __future__ import annotations

from pathlib import Path

import pytest

from ai_gate.testing import MockGate

from .kinds import Kind
from .markdown import Block
from .pages import PRODUCT_BLOCKS, ROOT, of_kind, page, parameters
from .running import check_calls, check_output, run

BASICS = sorted((ROOT / "examples" / "basics").glob("*.py"))
RUNNABLE = [ROOT / "examples" / "demo.py", *BASICS]
OF_PRODUCT_PAGE = of_kind(PRODUCT_BLOCKS, Kind.PROGRAM, Kind.FRAGMENT)
MOVING = page(ROOT / "docs" / "guides" / "moving.md")


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


@pytest.mark.parametrize("block", parameters([], OF_PRODUCT_PAGE), ids=str)
def test_the_product_pages_examples_are_here_word_for_word(block: Block) -> None:
    texts = [path.read_text("utf-8").partition('"""\n\n')[2] for path in BASICS]
    assert block.code in [*texts, *(one.code for one in MOVING)]
