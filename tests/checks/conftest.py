"""Copies of the tree."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from scripts.check import CHECKS
from scripts.checks.outcome import CheckSkippedError

from .tree import copy_sources


class Pristine:
    """A copy that nothing changes, and the checks that it has passed."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self._passed: set[str] = set()

    def require(self, check: str) -> None:
        """See once that a check passes here, so that it is the change that trips it."""
        if check in self._passed:
            return
        try:
            CHECKS[check](self.root)
        except CheckSkippedError as reason:
            pytest.skip(str(reason))
        self._passed.add(check)

    def copy(self, destination: Path, *, cached: bool = False) -> Path:
        """Make a copy to be changed, with or without what mypy has found out about this one."""
        left_out = None if cached else shutil.ignore_patterns(".*_cache", "__pycache__")
        shutil.copytree(self.root, destination, ignore=left_out)
        return destination


@pytest.fixture(scope="session")
def pristine(tmp_path_factory: pytest.TempPathFactory) -> Pristine:
    """The tree as it is."""
    root = tmp_path_factory.mktemp("pristine")
    copy_sources(root)
    return Pristine(root)


@pytest.fixture
def tree(pristine: Pristine, tmp_path: Path) -> Path:
    """A copy to be changed."""
    return pristine.copy(tmp_path / "tree")
