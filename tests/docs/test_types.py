"""The documentation and the public API under mypy strict and pyright, one run of each over all."""

from __future__ import annotations

import re
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from .checkers import BLOCKS, Finding, mypy, pyright
from .kinds import Kind, kind
from .markdown import Block
from .pages import DOCSTRING_BLOCKS, EXAMPLES, OWN_BLOCKS, PRODUCT_BLOCKS, of_kind

TYPED = Path(__file__).parent / "typed"
ACCEPTED, REFUSED = TYPED / "accepted.py", TYPED / "refused.py"
MARKS = re.compile(r"  # type: ignore\[([\w-]+)\]  # pyright: ignore\[(\w+)\]$")
GIVEN_CLIENT = "from ai_gate import AIGateClient\nclient = AIGateClient('p')\n"
DOCUMENTED = of_kind([*OWN_BLOCKS, *PRODUCT_BLOCKS, *DOCSTRING_BLOCKS], Kind.PROGRAM, Kind.FRAGMENT)


def name_of(block: Block) -> str:
    """A module name for a block."""
    return re.sub(r"\W", "_", str(block))


def write_all(folder: Path) -> None:
    """Write everything that is to be checked."""
    (folder / BLOCKS).mkdir()
    (folder / BLOCKS / "__init__.py").touch()
    for block in DOCUMENTED:
        given = GIVEN_CLIENT if kind(block.code) is Kind.FRAGMENT else ""
        (folder / BLOCKS / f"{name_of(block)}.py").write_text(given + block.code, "utf-8")
    for path in (*EXAMPLES, ACCEPTED):
        shutil.copy(path, folder)
    lines = [MARKS.sub("", line) for line in REFUSED.read_text("utf-8").splitlines()]
    (folder / REFUSED.name).write_text("\n".join(lines) + "\n", "utf-8")


def expected(group: int) -> set[Finding]:
    """The errors that the marks in refused.py name: group 1 mypy's, group 2 pyright's."""
    lines = enumerate(REFUSED.read_text("utf-8").splitlines(), start=1)
    found = [(number, MARKS.search(line)) for number, line in lines]
    return {Finding(REFUSED.stem, number, mark[group]) for number, mark in found if mark}


@pytest.mark.parametrize(("checker", "group"), [(mypy, 1), (pyright, 2)])
def test_types(checker: Callable[[Path], set[Finding]], group: int, tmp_path: Path) -> None:
    write_all(tmp_path)
    assert checker(tmp_path) == expected(group)


def test_what_is_checked() -> None:
    assert len({name_of(block) for block in DOCUMENTED}) == len(DOCUMENTED) > 20
    assert EXAMPLES
    # Each mark counts: one that is malformed would only switch an error off.
    marked = [line for line in REFUSED.read_text("utf-8").splitlines() if "ignore[" in line]
    assert len(marked) == len(expected(1)) == len(expected(2)) > 20
