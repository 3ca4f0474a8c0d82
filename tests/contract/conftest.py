"""A mock gate for each test, and each client in turn."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from ai_gate.testing import MockGate

from .callers import FLAVOURS, Caller, Flavour


@pytest.fixture(autouse=True)
def no_proxies(monkeypatch: pytest.MonkeyPatch) -> None:
    """Reach the gate directly, also on a machine that is told to use a proxy."""
    for name in ("http_proxy", "https_proxy", "all_proxy"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.upper(), raising=False)


@pytest.fixture
def gate() -> Iterator[MockGate]:
    """A gate with the limits of the free plan."""
    with MockGate() as gate:
        yield gate


@pytest.fixture(params=FLAVOURS, scope="session")
def caller(request: pytest.FixtureRequest) -> Caller:
    """Each client in turn."""
    flavour: Flavour = request.param
    return Caller(flavour)
