"""What the examples run against."""

from __future__ import annotations

import sys
from collections.abc import Iterator

import pytest

from ai_gate.testing import MockGate
from tests.limits.conftest import StartRedis, start_redis
from tests.support.fixtures import clean_environment

# They start programs as a POSIX shell does, and end them as process groups.
collect_ignore_glob = ["test_*.py"] if sys.platform == "win32" else []

__all__ = ["StartRedis", "clean_environment", "start_redis"]


@pytest.fixture
def gate() -> Iterator[MockGate]:
    """A gate that refuses nothing of its own accord."""
    with MockGate(requests=None, concurrent=None, quota=None) as gate:
        yield gate
        assert gate.violations == []


@pytest.fixture
def redis_url(start_redis: StartRedis) -> str:
    """The URL of a Redis."""
    return start_redis().url
