"""The wheel with what it declares to need, and nothing else."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TypeAlias

import pytest

from ai_gate.testing import MockGate

Run: TypeAlias = Callable[..., str]

SYNC = """
import sys
from ai_gate import AIGateClient, RateLimitError
with AIGateClient("proj_demo", base_url=sys.argv[1]) as client:
    print(client.create_session()["metadata"]["voice"])
    try:
        client.get_turn_credentials()
    except RateLimitError as error:
        print(error.reset_at.tzinfo is not None)
"""
ASYNC = """
import asyncio, sys
from ai_gate import AsyncAIGateClient, RateLimitError
async def main():
    async with AsyncAIGateClient("proj_demo", base_url=sys.argv[1]) as client:
        print((await client.create_session())["metadata"]["voice"])
        try:
            await client.get_turn_credentials()
        except RateLimitError as error:
            print(error.reset_at.tzinfo is not None)
asyncio.run(main())
"""
LOW_LEVEL = """
import sys
from ai_gate_api import Client
from ai_gate_api.api.health import get_health
with Client(base_url=sys.argv[1]) as client:
    print(get_health.sync(client=client).status)
"""
NO_EXTRA = """
import ai_gate.testing
try:
    ai_gate.testing.MockGate
except ImportError as error:
    print(error)
"""
NO_VOICE = """
import ai_gate, ai_gate.webrtc
try:
    ai_gate.webrtc.connect({})
except ImportError as error:
    print(isinstance(error, ai_gate.AIGateError), error)
"""
COMMAND = """
import os, sys
from ai_gate.cli import _run
os.environ.update(AI_GATE_BASE_URL=sys.argv[1], AI_GATE_PROJECT_ID="proj_demo")
print(_run(["turn"]), _run(["session"]))
for arguments in (["mock"], ["completion", "bash"], ["call", "--say", "Hello"]):
    try:
        print(_run(arguments))
    except ImportError as error:
        print(error)
_run(["doctor"])
"""
ABSENT = """
from importlib.util import find_spec
names = ("aiortc", "openapi_core", "pytest", "trio", "jsonschema", "shtab")
print([name for name in names if find_spec(name)])
"""
TESTS = """
def test_of_the_app():
    assert True

def test_with_the_mock_gate(mock_gate):
    assert False
"""


@pytest.fixture(autouse=True)
def no_proxies(monkeypatch: pytest.MonkeyPatch) -> None:
    """Reach the gate directly, also on a machine that is told to use a proxy."""
    for name in ("http_proxy", "https_proxy", "all_proxy"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.upper(), raising=False)


@pytest.mark.parametrize("program", [SYNC, ASYNC], ids=["sync", "async"])
def test_the_clients_need_nothing_else(base: Path, run: Run, program: str) -> None:
    with MockGate(requests=1) as gate:
        assert run(base, program, gate.url) == "echo\nTrue\n"


def test_the_low_level_client_needs_nothing_else(base: Path, run: Run) -> None:
    with MockGate() as gate:
        assert run(base, LOW_LEVEL, gate.url) == "healthy\n"


def test_there_is_nothing_else(base: Path, run: Run) -> None:
    assert run(base, ABSENT) == "[]\n"


def test_the_mock_gate_says_what_it_needs(base: Path, run: Run) -> None:
    assert 'pip install "ai-gate[testing]"' in run(base, NO_EXTRA)


def test_live_voice_says_what_it_needs(base: Path, run: Run) -> None:
    said = run(base, NO_VOICE)
    assert said.startswith("True ")
    assert 'pip install "ai-gate[webrtc]"' in said


def test_the_command_needs_nothing_else_for_what_it_can_do(base: Path, run: Run) -> None:
    with MockGate() as gate:
        said = run(base, COMMAND, gate.url)
    assert "0 0\n" in said
    assert 'pip install "ai-gate[testing]"' in said
    assert "No module named 'shtab'" in said
    assert "not tried, because it needs aiortc" in said
    assert 'To try them takes aiortc: pip install "ai-gate[webrtc]"' in said
    assert 'pip install "ai-gate[cli,testing,webrtc]"' in said


def test_the_plugin_leaves_other_tests_alone(
    base_with_pytest: Path, run_pytest: Run, tmp_path: Path
) -> None:
    path = tmp_path / "test_app.py"
    path.write_text(TESTS, "utf-8")
    report = run_pytest(base_with_pytest, "-W", "error", str(path))
    assert "1 passed, 1 error" in report
    assert 'pip install "ai-gate[testing]"' in report
