"""The gate that must see nothing, or the headers of a trace."""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import cast

import anyio
import anyio.lowlevel
import pytest

from ai_gate.testing import MockGate

from .calling import MODES, Mode


@pytest.fixture(params=MODES)
def mode(request: pytest.FixtureRequest) -> Mode:
    """Which client calls, and in which event loop."""
    return cast(Mode, request.param)


@pytest.fixture
def gate(monkeypatch: pytest.MonkeyPatch) -> Iterator[MockGate]:
    """A real server on loopback, and no proxy before it."""
    for name in ("http_proxy", "https_proxy", "all_proxy"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.upper(), raising=False)
    with MockGate() as gate:
        yield gate


@pytest.fixture
def no_waits(monkeypatch: pytest.MonkeyPatch) -> None:
    """Repeat requests at once."""

    async def pass_on(seconds: float) -> None:
        await anyio.lowlevel.checkpoint()

    monkeypatch.setattr(time, "sleep", lambda seconds: None)
    monkeypatch.setattr(anyio, "sleep", pass_on)
