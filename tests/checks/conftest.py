"""Copies of the tree."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from scripts.check import CHECKS

from .tree import Mutation, copy_sources

TOOLS = {"mypy", "pyright", "spectral", "redocly", "format", "lint"}
TOOLS |= {"zizmor", "actionlint", "constraints"}
"""Checks that take long for the whole tree, and whose messages can only come from the change."""


class Pristine:
    """A copy in which a change is undone after its check, and the checks that it has passed."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self._passed = set(TOOLS)

    def require(self, check: str) -> None:
        """See once that a check passes here, so that it is the change that trips it."""
        if check not in self._passed:
            CHECKS[check](self.root)
            self._passed.add(check)

    @contextmanager
    def changed(self, mutation: Mutation) -> Iterator[list[str]]:
        """Change the copy for a while; give what the check must say."""
        files = {self.root / edit.path for edit in mutation.edits}
        before = {file: (file.read_bytes(), file.stat()) for file in files if file.exists()}
        try:
            yield mutation.apply(self.root)
        finally:
            for file in files - before.keys():
                file.unlink()
            for file, (content, stat) in before.items():
                file.write_bytes(content)
                # Checks keep what they have read of a tree, by the time of its last change.
                os.utime(file, ns=(stat.st_atime_ns, stat.st_mtime_ns))


@pytest.fixture(scope="session")
def pristine(tmp_path_factory: pytest.TempPathFactory) -> Pristine:
    """The tree as it is."""
    root = tmp_path_factory.mktemp("pristine")
    copy_sources(root)
    return Pristine(root)


@pytest.fixture
def tree(pristine: Pristine, tmp_path: Path) -> Path:
    """A copy of its own for a test."""
    caches = shutil.ignore_patterns(".*_cache", "__pycache__")
    return shutil.copytree(pristine.root, tmp_path / "tree", ignore=caches)
