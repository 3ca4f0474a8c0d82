"""The servers, addresses and clients of the fault tests."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.support.fixtures import *  # noqa: F403

from .addresses import Address, black_holes
from .dials import Dials
from .resolver import Resolver


@pytest.fixture(scope="session")
def dials() -> Dials:
    """The attempts to connect."""
    return Dials()


@pytest.fixture(scope="session")
def holes() -> Iterator[tuple[Address, ...]]:
    """Addresses at which connecting hangs, so many that one after another takes too long."""
    with black_holes(12) as addresses:
        yield addresses


@pytest.fixture
def resolver(monkeypatch: pytest.MonkeyPatch) -> Resolver:
    """Answers for the name server."""
    return Resolver(monkeypatch)
