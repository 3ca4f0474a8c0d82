"""The wheel with the lowest and the newest of what it allows, on each Python: `make dist`."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Callable
from importlib.metadata import Distribution
from pathlib import Path
from typing import TypeAlias

import pytest
from packaging.requirements import Requirement

import ai_gate
from ai_gate.testing import MockGate

Install: TypeAlias = Callable[..., Path]
Say: TypeAlias = Callable[..., str]

ROOT = Path(__file__).resolve().parents[2]
APP = Path(__file__).with_name("app.py")
IS_RELEASE = "AI_GATE_DIST" in os.environ
EXTRAS = ("aiohttp", "cli", "redis", "testing", "webrtc")
# What the wheel needs must be asked for too: uv takes the lowest of what it is asked for alone.
DIRECTLY = ("--requirements", f"{ROOT}/pyproject.toml")
LOWEST = """
import sys
from importlib.metadata import version
bounds = [bound.split(">=") for bound in sys.argv[1:]]
print(all(f"{version(name)}.".startswith(f"{bound}.") for name, bound in bounds))
"""
EVERYTHING = "import ai_gate.webrtc.call, ai_gate.webrtc._peer, httpx_aiohttp, redis, shtab"

pytestmark = pytest.mark.skipif(not IS_RELEASE, reason="`make dist` runs this")


def pythons() -> list[str]:
    if not IS_RELEASE:
        return []
    command = ["sh", "scripts/pythons"]
    found = subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True)
    return found.stdout.split()


def lower_bounds(metadata: Distribution) -> list[str]:
    """Return what the wheel always needs, as `httpx>=0.28`."""
    needed = [Requirement(text) for text in metadata.requires or [] if ";" not in text]
    return [
        f"{one.name}{bound}" for one in needed for bound in one.specifier if bound.operator == ">="
    ]


@pytest.fixture(params=["lowest-direct", "highest"])
def resolution(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.mark.parametrize("python", pythons())
def test_the_clients_and_nothing_else(
    python: str, resolution: str, install: Install, say: Say, metadata: Distribution
) -> None:
    environment = install("", *DIRECTLY, "--resolution", resolution, python=python)
    if resolution == "lowest-direct":
        found = say(environment / "bin" / "python", "-I", "-c", LOWEST, *lower_bounds(metadata))
        assert found == "True\n"
    with MockGate(requests=2) as gate:
        said = say(environment / "bin" / "python", "-I", "-W", "error", APP, gate.url).split("\n")
    assert said[:2] == ["marin", "echo"]
    assert said[2].endswith("+00:00")


@pytest.mark.parametrize("python", pythons())
def test_all_extras(python: str, resolution: str, install: Install, say: Say) -> None:
    extras = [f"--extra={name}" for name in EXTRAS]
    environment = install(
        f"[{','.join(EXTRAS)}]", *DIRECTLY, *extras, "--resolution", resolution, python=python
    )
    run = environment / "bin" / "python"
    assert say(run, "-I", "-W", "error", APP).startswith("marin\necho\n")
    assert ai_gate.__version__ in say(environment / "bin" / "ai-gate", "version")
    say(run, "-I", "-W", "error", "-c", EVERYTHING)
