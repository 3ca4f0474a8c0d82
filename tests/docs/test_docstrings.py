"""The examples in the docstrings of everything public, run as they stand."""

from __future__ import annotations

import doctest
import re
from pathlib import Path

import pytest

from ai_gate.testing import MockGate

from .kinds import Kind, kind
from .markdown import Block
from .pages import DOCSTRING_BLOCKS, DOCSTRINGS, DOCTESTS, MODULES, public_objects
from .running import check_calls, check_output, run_block

WITH_EXAMPLES = [name for name, text in DOCSTRINGS.items() if re.search(r"^Example", text, re.M)]


@pytest.mark.parametrize("block", DOCSTRING_BLOCKS, ids=str)
def test_block_runs(
    block: Block, gate: MockGate, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    # A reader of one docstring has nothing else before them.
    assert kind(block.code) is Kind.PROGRAM
    run_block(block, tmp_path)
    check_calls(block.code, gate)
    check_output(block.code, capsys)


@pytest.mark.usefixtures("gate")
@pytest.mark.parametrize("name", DOCTESTS)
def test_interactive_example(name: str) -> None:
    report: list[str] = []
    runner = doctest.DocTestRunner()
    runner.run(DOCTESTS[name], out=report.append)
    assert runner.tries > 0
    assert runner.failures == 0, "".join(report)


@pytest.mark.parametrize("name", WITH_EXAMPLES)
def test_every_example_is_found(name: str) -> None:
    assert name in DOCTESTS or name in {block.source for block in DOCSTRING_BLOCKS}


@pytest.mark.parametrize("module", MODULES)
def test_modules_have_docstrings(module: str) -> None:
    assert module in DOCSTRINGS


def test_everything_public_has_a_docstring() -> None:
    assert public_objects().keys() - DOCSTRINGS.keys() == set()
