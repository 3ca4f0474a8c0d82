"""The command, run in this process."""

from __future__ import annotations

import json
import signal
import socket
import threading
from collections.abc import Iterator
from typing import Any, NamedTuple, Protocol

import pytest

from ai_gate.cli import _run
from ai_gate.testing import MockGate
from tests.support.fixtures import *  # noqa: F403

PROJECT = "proj_secret_of_ours"


@pytest.fixture(autouse=True)
def ctrl_c() -> Iterator[None]:
    """Let commands be interrupted: what a shell starts in the background ignores Ctrl-C."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


class Result(NamedTuple):
    """What a command came to."""

    status: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        """What was printed, as JSON."""
        return json.loads(self.out)

    def step(self, name: str) -> dict[str, Any]:
        """The last step of the doctor's that has a name."""
        steps: list[dict[str, Any]] = self.json["steps"]
        return next(step for step in reversed(steps) if step["step"] == name)


class Command(Protocol):
    """Runs a command."""

    def __call__(self, *arguments: str) -> Result:
        """Return what it came to."""
        ...


@pytest.fixture(autouse=True)
def names_that_are_not_there(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Let `.invalid` fail as DNS has it, at once, and `.nowhere` as without DNS, on any machine.

    For `.slow`, no answer comes.
    """
    look_up, is_over = socket.getaddrinfo, threading.Event()

    def answer(host: Any, *arguments: Any, **options: Any) -> Any:
        name = host.decode() if isinstance(host, bytes) else str(host)
        if name.endswith(".invalid"):
            raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")
        if name.endswith(".slow"):
            is_over.wait()
        if name.endswith((".slow", ".nowhere")):
            raise socket.gaierror(socket.EAI_AGAIN, "Temporary failure in name resolution")
        return look_up(host, *arguments, **options)

    monkeypatch.setattr(socket, "getaddrinfo", answer)
    yield
    is_over.set()


@pytest.fixture
def gate(monkeypatch: pytest.MonkeyPatch) -> Iterator[MockGate]:
    """A gate that the environment names."""
    with MockGate(ice_servers=[{"urls": "stun:127.0.0.1:9"}]) as gate:
        monkeypatch.setenv("AI_GATE_BASE_URL", gate.url)
        yield gate


@pytest.fixture
def command(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Command:
    """Run a command; whatever it prints shows no project and is no traceback."""
    monkeypatch.setenv("AI_GATE_PROJECT_ID", PROJECT)

    def run(*arguments: str) -> Result:
        try:
            status = _run(list(arguments))
        except SystemExit as ended:
            status = int(ended.code or 0)
        out, err = capsys.readouterr()
        result = Result(status, out, err)
        assert PROJECT not in result.out + result.err
        assert "Traceback" not in result.err
        return result

    return run
