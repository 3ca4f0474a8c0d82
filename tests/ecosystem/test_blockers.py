"""What keeps tests from the network: its exception reaches the test, and nothing is sent.

Each is a plugin of pytest's, so it runs a suite in a process of its own.
"""

from __future__ import annotations

import importlib.util
import subprocess
import sys
from pathlib import Path

import pytest

from ai_gate.testing import MockGate

SUITE = """
import os
import anyio, pytest
from ai_gate import AIGateClient, AsyncAIGateClient

async def call_async(url, operation):
    async with AsyncAIGateClient("proj_demo", base_url=url) as client:
        await getattr(client, operation)()

@pytest.mark.parametrize("operation", ["create_session", "get_turn_credentials"])
@pytest.mark.parametrize("host", ["127.0.0.1", "localhost"])
@pytest.mark.parametrize("mode", ["sync", "asyncio", "trio"])
def test_blocked(mode, host, operation):
    url = os.environ["GATE"].replace("127.0.0.1", host)
    with pytest.raises(RuntimeError) as caught:  # what all of them derive from
        if mode == "sync":
            with AIGateClient("proj_demo", base_url=url) as client:
                getattr(client, operation)()
        else:
            anyio.run(call_async, url, operation, backend=mode)
    assert type(caught.value).__name__ == os.environ["EXPECTED"]
"""
BLOCKERS = {
    "SocketBlockedError": ("pytest_socket", ("--disable-socket", "--allow-unix-socket")),
    "SocketConnectBlockedError": ("pytest_socket", ("--allow-hosts=192.0.2.1",)),
    "RuntimeError": ("pytest_recording.plugin", ("--block-network",)),
}
"""The exceptions, the plugins that raise them and their options."""


@pytest.mark.parametrize("expected", BLOCKERS)
def test_its_exception_reaches_the_test(expected: str, tmp_path: Path) -> None:
    plugin, options = BLOCKERS[expected]
    if importlib.util.find_spec(plugin) is None:
        pytest.skip(f"{plugin} isn't installed")
    path = tmp_path / "test_app.py"
    path.write_text(SUITE, "utf-8")
    # The other plugins of pytest's would take most of the time.
    command = [sys.executable, "-m", "pytest", "-q", "-p", plugin, "-p", "no:cacheprovider"]
    with MockGate() as gate:
        result = subprocess.run(
            [*command, *options, str(path)],
            cwd=tmp_path,
            env={"GATE": gate.url, "EXPECTED": expected, "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"},
            capture_output=True,
            text=True,
            check=False,
        )
        assert result.returncode == 0, result.stdout + result.stderr
        assert "12 passed" in result.stdout
        assert gate.received == []
