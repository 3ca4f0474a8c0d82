"""The whole command, run in a copy of the tree."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.spec_diff.repository import commit, environment
from tests.spec_diff.spec import ROOT, TEXT

DEFAULT = (b"default: echo", b"default: marin")


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    shutil.copytree(ROOT / "scripts", tmp_path / "scripts", ignore=shutil.ignore_patterns("__py*"))
    commit(tmp_path, TEXT)
    return tmp_path


def run(tree: Path, *arguments: str) -> tuple[int, str, str]:
    result = subprocess.run(
        [sys.executable, "-m", "scripts.spec_diff", *arguments],
        cwd=tree,
        env=environment(),
        capture_output=True,
        text=True,
        check=False,
    )
    return result.returncode, result.stdout, result.stderr


def test_breaking_change(tree: Path) -> None:
    (tree / "openapi.yaml").write_bytes(TEXT.replace(*DEFAULT))
    assert run(tree, "HEAD") == (
        0,
        "Breaking\n  POST /session: the default of `voice` is now `marin`, was `echo`\n",
        "",
    )


def test_no_change(tree: Path) -> None:
    assert run(tree, "HEAD") == (0, "Nothing has changed for a caller.\n", "")


def test_no_comparison(tree: Path) -> None:
    (tree / "openapi.yaml").write_bytes(b"openapi: 3.0.3\n")
    status, output, error = run(tree, "HEAD")
    assert (status, output) == (2, "")
    assert error.startswith("spec-diff: openapi.yaml of the work tree isn't OpenAPI 3.1: ")


@pytest.mark.parametrize("arguments", [(), ("",), ("HEAD", "HEAD~1")])
def test_usage(tree: Path, arguments: tuple[str, ...]) -> None:
    expected = "spec-diff: name one git revision: make spec-diff BASE=<git rev>\n"
    assert run(tree, *arguments) == (2, "", expected)
