"""The wheel with the lowest and the newest of what it allows, on each Python: `make dist`."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import TypeAlias

import pytest

import ai_gate
from ai_gate.testing import MockGate

Install: TypeAlias = Callable[..., Path]
Say: TypeAlias = Callable[..., str]

ROOT = Path(__file__).resolve().parents[2]
APP = Path(__file__).with_name("app.py")
IS_RELEASE = "AI_GATE_DIST" in os.environ
EVERYTHING = "import ai_gate.webrtc.call, ai_gate.webrtc._peer, httpx_aiohttp, redis, shtab"

pytestmark = pytest.mark.skipif(not IS_RELEASE, reason="`make dist` runs this")


def pythons() -> list[str]:
    if not IS_RELEASE:
        return []
    command = ["sh", "scripts/pythons"]
    found = subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True)
    return found.stdout.split()


@pytest.fixture(params=["lowest-direct", "highest"])
def resolution(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.mark.parametrize("python", pythons())
def test_the_clients_and_nothing_else(
    python: str, resolution: str, install: Install, say: Say
) -> None:
    environment = install("", "--resolution", resolution, python=python)
    with MockGate(requests=2) as gate:
        said = say(environment / "bin" / "python", "-I", "-W", "error", APP, gate.url).split("\n")
    assert said[:2] == ["marin", "echo"]
    assert said[2].endswith("+00:00")


@pytest.mark.parametrize("python", pythons())
def test_all_extras(python: str, resolution: str, install: Install, say: Say) -> None:
    extras = "[aiohttp,cli,redis,testing,webrtc]"
    environment = install(extras, "--resolution", resolution, python=python)
    run = environment / "bin" / "python"
    assert say(run, "-I", "-W", "error", APP).startswith("marin\necho\n")
    assert ai_gate.__version__ in say(environment / "bin" / "ai-gate", "version")
    say(run, "-I", "-W", "error", "-c", EVERYTHING)
