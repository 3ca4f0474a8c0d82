"""The commands of the pages, each block run in a shell as it stands, beside a mock gate.

Two things are changed: ports, which others can have taken, are free ones; and what would install
something, build it, or call OpenAI, has a stand-in before it in PATH.
"""

from __future__ import annotations

import os
import re
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from ai_gate.testing import MockGate

from .markdown import Block
from .pages import DOCS_BLOCKS, OWN_BLOCKS, ROOT
from .running import write_files

WALK_THROUGHS = ("browser-sessions", "workers", "serverless", "voice-tools", "fleet")
EXCUSED = {
    f"guides-{name}": "tests/examples runs the commands of the examples that it walks through"
    for name in WALK_THROUGHS
}
"""The pages whose commands aren't run here, each with the reason."""
COMMANDS = [one for one in OWN_BLOCKS if one.language == "bash" and one.source not in EXCUSED]
SERVER = re.compile(
    r"^(\w+=\S+ )*(ai-gate mock|python -m ai_gate\.testing|uvicorn)\b", re.MULTILINE
)
"""What runs until it is ended."""
GATE_PORT, APP_PORT = "8787", "8000"
SECONDS = 240.0
"""How long a block can take, on a machine that has ten times more work than cores."""
ON_FAILURE = "trap 'echo \"FAILED: $BASH_COMMAND\"' ERR\n"
"""A reader's shell goes on after a command that fails; this one says which did."""
NO_RELAY = "FAILED: ai-gate turn --probe"
"""What fails because there is no TURN server beside the mock gate."""

PYTHON = f'#!/bin/sh\nexec "{sys.executable}" '
PIP = PYTHON + f'"{Path(__file__).with_name("stand_in_pip.py")}" "$@"\n'
STAND_INS = {
    "pip": PIP,
    "poetry": PIP,
    # It says what it would do, and fails if there is no such target.
    "make": f'#!/bin/sh\nexec /usr/bin/env -i PATH=/usr/bin:/bin make -n -C "{ROOT}" "$@"\n',
    "ai-gate": PYTHON
    + '-m ai_gate "$@" $(test "$1" = call && echo "--realtime-url $MOCK_REALTIME_URL")\n',
}


@pytest.fixture
def gate() -> Iterator[MockGate]:
    with MockGate(realtime=True) as gate:
        yield gate


@pytest.fixture
def shell(gate: MockGate, tmp_path: Path) -> dict[str, str]:
    """The environment of a reader's shell."""
    tools = tmp_path / "tools"
    tools.mkdir()
    for name, text in STAND_INS.items():
        (tools / name).write_text(text)
        (tools / name).chmod(0o755)
    return {
        "PATH": os.pathsep.join([str(tools), str(Path(sys.executable).parent), "/usr/bin", "/bin"]),
        "HOME": str(tmp_path),
        "AI_GATE_PROJECT_ID": "proj_demo",
        "AI_GATE_BASE_URL": gate.url,
        "MOCK_REALTIME_URL": gate.realtime_url,
    }


def folder_of(block: Block, tmp_path: Path) -> Path:
    """Make the folder that a reader is in, with the files of the page."""
    folder = tmp_path / "reader"
    folder.mkdir()
    page = [one for one in DOCS_BLOCKS if one.source == block.source]
    write_files([one for one in page if block.source == "start"], folder)
    for settings in (one for one in page if one.language == "toml"):
        (folder / "mock.toml").write_text(settings.code, "utf-8")
    return folder


def free_port() -> str:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return str(listener.getsockname()[1])


@pytest.mark.skipif(os.name == "nt", reason="the pages' commands are for a POSIX shell")
@pytest.mark.parametrize("block", COMMANDS, ids=str)
def test_block_runs(block: Block, gate: MockGate, shell: dict[str, str], tmp_path: Path) -> None:
    folder = folder_of(block, tmp_path)
    if SERVER.search(block.code):
        run_server(block.code, folder, shell)
        return
    code = block.code.replace(GATE_PORT, str(gate.port))
    result = subprocess.run(
        ["/bin/bash", "-uo", "pipefail", "-c", ON_FAILURE + code],
        cwd=folder,
        env=shell,
        capture_output=True,
        text=True,
        timeout=SECONDS,
        check=False,
    )
    failures = [line for line in result.stdout.splitlines() if line.startswith("FAILED: ")]
    assert failures == ([NO_RELAY] if "turn --probe" in code else []), result.stderr
    assert gate.violations == []


def run_server(code: str, folder: Path, shell: dict[str, str]) -> None:
    """Run a block whose last command serves, until it can be connected to."""
    port = free_port()
    code = code.replace(GATE_PORT, port) if "uvicorn" not in code else code
    process = subprocess.Popen(
        ["/bin/bash", "-euo", "pipefail", "-c", code],
        cwd=folder,
        env={**shell, "UVICORN_PORT": port},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    )
    try:
        wait_for(port, process)
    finally:
        os.killpg(process.pid, signal.SIGTERM)
        output, _ = process.communicate(timeout=SECONDS)
    assert process.returncode in (0, -signal.SIGTERM), output
    assert "Traceback" not in output


def wait_for(port: str, process: subprocess.Popen[str]) -> None:
    """Wait until something listens."""
    until = time.monotonic() + SECONDS
    while process.poll() is None and time.monotonic() < until:
        try:
            socket.create_connection(("127.0.0.1", int(port)), timeout=1).close()
        except OSError:
            time.sleep(0.05)
        else:
            return
    raise AssertionError(f"nothing listens: status {process.poll()}")


def test_there_are_commands() -> None:
    assert len(COMMANDS) > 10
    assert {block.source for block in COMMANDS} >= {"readme", "start", "reference-command"}
