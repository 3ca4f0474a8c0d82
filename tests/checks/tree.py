"""A copy of what the checks read, and ways to change it."""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

ROOT = Path(__file__).resolve().parents[2]
FOLDERS = (".ci", ".github", "ai_gate", "benchmarks", "docs", "examples", "generated", "scripts")
FILES = (
    ".spectral.yaml",
    "CHANGELOG.md",
    "CONTRIBUTING.md",
    "LICENSE",
    "Makefile",
    "README.md",
    "SECURITY.md",
    "constraints.txt",
    "mkdocs.yml",
    "openapi.yaml",
    "pyproject.toml",
)
LEFT_OUT = shutil.ignore_patterns("__pycache__", "*.egg-info")


def copy_sources(destination: Path) -> None:
    """Copy the tree; of the tests only the names of their files, some of which documents name."""
    for folder in FOLDERS:
        shutil.copytree(ROOT / folder, destination / folder, ignore=LEFT_OUT)
    for file in FILES:
        shutil.copy2(ROOT / file, destination / file)
    for test in (ROOT / "tests").rglob("*.py"):
        empty = destination / test.relative_to(ROOT)
        empty.parent.mkdir(parents=True, exist_ok=True)
        empty.write_text('"""No tests."""\n', "utf-8")


class Edit(Protocol):
    """A change of one file."""

    @property
    def path(self) -> str:
        """The file."""
        ...

    def apply(self, root: Path) -> None:
        """Make it."""
        ...


@dataclass(frozen=True)
class Replace:
    """Replaces a text: the only one in its file, or the first one after another text."""

    path: str
    old: str
    new: str
    after: str = ""

    def apply(self, root: Path) -> None:
        """Replace it; it must be there."""
        file = root / self.path
        text = file.read_text("utf-8")
        start = text.index(self.after)
        count = text.count(self.old, start)
        assert count if self.after else count == 1, f"{self.path} has it {count} times: {self.old}"
        changed = text[:start] + text[start:].replace(self.old, self.new, 1)
        assert changed != text
        file.write_text(changed, "utf-8")


@dataclass(frozen=True)
class Add:
    """Adds a text to the end of a file, which may be a new one."""

    path: str
    text: str

    def apply(self, root: Path) -> None:
        """Add it."""
        with (root / self.path).open("a", encoding="utf-8") as file:
            file.write(self.text)


@dataclass(frozen=True)
class Delete:
    """Deletes a file."""

    path: str

    def apply(self, root: Path) -> None:
        """Delete it; it must be there."""
        (root / self.path).unlink()


class At:
    """A message that begins with a place: the line of a text, after other texts."""

    def __init__(self, path: str, *anchors: str, says: str) -> None:
        self._path = path
        self._anchors = anchors
        self._says = says

    def message(self, root: Path) -> str:
        """The message in a tree."""
        text = (root / self._path).read_text("utf-8")
        end = 0
        for anchor in self._anchors:
            start = text.index(anchor, end)
            end = start + len(anchor)
        line = text.count("\n", 0, end - len(self._anchors[-1])) + 1
        return f"{self._path}:{line}: {self._says}"


@dataclass(frozen=True)
class Mutation:
    """A change that one check must catch."""

    what: str
    check: str
    edits: Sequence[Edit]
    says: Sequence[str | At]
    """What the check's message must contain."""

    def __str__(self) -> str:
        return f"{self.check}: {self.what}"

    def apply(self, root: Path) -> list[str]:
        """Change a tree, and return what the check must say about it."""
        for edit in self.edits:
            edit.apply(root)
        return [one.message(root) if isinstance(one, At) else one for one in self.says]
