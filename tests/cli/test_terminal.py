"""The command as a person uses it: in a process of its own, on a terminal."""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

import pytest

from ai_gate.testing import MockGate
from tests.support.fixtures import Serve
from tests.support.responses import json_response
from tests.support.steps import answer

pty = pytest.importorskip("pty")
termios = pytest.importorskip("termios")

COMMAND = [sys.executable, "-m", "ai_gate"]
LIGHT = """
import sys
from contextlib import suppress
from ai_gate.cli import _run
with suppress(SystemExit):
    _run(sys.argv[1:])
print(*sorted({"httpx", "asyncio", "shtab"} & sys.modules.keys()))
"""

INTERRUPTED = """
import os, signal, sys
signal.signal(signal.SIGINT, signal.default_int_handler)
from ai_gate.cli import main
module = sys.argv.pop(1)
assert module not in sys.modules
class Finder:
    def find_spec(self, name, *_):
        if name == module:
            os.kill(os.getpid(), signal.SIGINT)
sys.meta_path.insert(0, Finder())
sys.exit(main())
"""


class Terminal:
    """A process on a terminal of its own."""

    def __init__(
        self,
        *arguments: str,
        columns: int = 80,
        environment: Mapping[str, str],
        command: Sequence[str] = COMMAND,
    ) -> None:
        self._screen, its_end = pty.openpty()
        termios.tcsetwinsize(self._screen, (24, columns))
        variables = {"TERM": "xterm", "AI_GATE_PROJECT_ID": "proj_of_a_person", **environment}
        self.process = subprocess.Popen(
            [*command, *arguments],
            stdin=its_end,
            stdout=its_end,
            stderr=its_end,
            env={
                **{name: os.environ[name] for name in os.environ.keys() - {"NO_COLOR", "COLUMNS"}},
                **variables,
            },
        )
        os.close(its_end)
        self.text = ""
        self._changed = threading.Condition()
        self._reader = threading.Thread(target=self._read)
        self._reader.start()

    @property
    def words(self) -> str:
        """What is on the screen, without colours and movements."""
        return re.sub(r"\x1b\[[\d;?]*[A-Za-z]", "", self.text)

    def type(self, keys: str) -> None:
        """Press keys."""
        os.write(self._screen, keys.encode())

    def wait_for(self, words: str) -> None:
        """Wait until something is on the screen."""
        with self._changed:
            assert self._changed.wait_for(lambda: words in self.words, 60), self.text

    def end(self) -> int:
        """Wait for the end, and return the exit status."""
        status = self.process.wait(60)
        self._reader.join(60)
        os.close(self._screen)
        assert "Traceback" not in self.text
        assert "proj_of_a_person" not in self.text
        return status

    def _read(self) -> None:
        while True:
            try:
                data = os.read(self._screen, 4096)
            except OSError:
                # Linux says so at the end.
                return
            if not data:
                return
            with self._changed:
                self.text += data.decode(errors="replace")
                self._changed.notify_all()


@pytest.fixture
def gate() -> Iterator[MockGate]:
    """A gate whose servers aren't there."""
    with MockGate(ice_servers=[{"urls": "stun:127.0.0.1:9"}]) as gate:
        yield gate


@contextmanager
def silent_gate() -> Iterator[str]:
    """A server that takes connections and says nothing."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield f"http://127.0.0.1:{server.getsockname()[1]}"


def test_a_session_on_a_terminal(gate: MockGate) -> None:
    terminal = Terminal("session", environment={"AI_GATE_BASE_URL": gate.url})
    assert terminal.end() == 0
    rows = dict(re.split(r"\s{2,}", line, maxsplit=1) for line in terminal.text.splitlines())
    assert rows["session"].startswith("aigate_session_")
    assert rows["client secret"] == "***"


@pytest.mark.parametrize("columns", [80, 200])
def test_lines_fit_the_terminal(columns: int, gate: MockGate) -> None:
    terminal = Terminal("doctor", columns=columns, environment={"AI_GATE_BASE_URL": gate.url})
    assert terminal.end() == 4
    assert "\x1b[31mfailed\x1b[0m" in terminal.text
    lines = [re.sub(r"\x1b\[\d*[mK]", "", line) for line in terminal.text.splitlines()]
    assert max(map(len, lines)) in range(60, min(columns, 121))


def test_a_narrow_terminal(gate: MockGate) -> None:
    terminal = Terminal("doctor", columns=40, environment={"AI_GATE_BASE_URL": gate.url})
    assert terminal.end() == 4
    lines = terminal.words.splitlines()
    # A path or a URL stays whole, in a line of its own.
    assert [line for line in lines if len(line) >= 40 and " " in line.strip()] == []


def test_credentials_that_are_no_strings(serve: Serve) -> None:
    servers = [5, {"urls": [7, "turn:h"], "username": None}]
    server = serve(answer(lambda request: json_response({"iceServers": servers})))
    terminal = Terminal("turn", environment={"AI_GATE_BASE_URL": server.url})
    assert terminal.end() == 0
    assert "7, turn:h" in terminal.text


@pytest.mark.parametrize(("name", "value"), [("TERM", "dumb"), ("NO_COLOR", "1")])
def test_plain_terminals_get_text_alone(name: str, value: str, gate: MockGate) -> None:
    terminal = Terminal("doctor", environment={"AI_GATE_BASE_URL": gate.url, name: value})
    assert terminal.end() == 4
    assert "\x1b" not in terminal.text
    assert terminal.text.isascii()


def test_ctrl_c_while_a_session_is_created() -> None:
    with silent_gate() as url:
        terminal = Terminal("session", environment={"AI_GATE_BASE_URL": url})
        terminal.wait_for("Creating a session")
        terminal.process.send_signal(signal.SIGINT)
        assert terminal.end() == 130
    assert "Interrupted. A session may have been created and billed" in terminal.text


def test_ctrl_c_within_the_doctor() -> None:
    with silent_gate() as url:
        terminal = Terminal("doctor", environment={"AI_GATE_BASE_URL": url})
        terminal.wait_for("Trying health")
        terminal.process.send_signal(signal.SIGINT)
        assert terminal.end() == 130
    assert terminal.text.endswith("ai-gate: Interrupted.\r\n")


def test_what_the_doctor_found_until_ctrl_c() -> None:
    with silent_gate() as url:
        terminal = Terminal("doctor", "--json", environment={"AI_GATE_BASE_URL": url})
        terminal.wait_for("Trying health")
        terminal.process.send_signal(signal.SIGINT)
        assert terminal.end() == 130
    text = terminal.text.rpartition("\x1b[K")[2]
    told = json.loads(text[: text.rindex("}") + 1])
    assert (told["status"], told["exit_status"]) == ("failed", 130)
    assert [step["step"] for step in told["steps"]][-2:] == ["tcp", "health"]
    assert told["steps"][-1]["detail"] == "interrupted"


def test_ctrl_c_at_a_question(gate: MockGate) -> None:
    terminal = Terminal("doctor", "--session", environment={"AI_GATE_BASE_URL": gate.url})
    terminal.wait_for("Go on? [y/N]")
    terminal.process.send_signal(signal.SIGINT)
    assert terminal.end() == 130
    assert gate.received == []


@pytest.mark.parametrize("module", ["argparse", "asyncio", "ssl"])
def test_ctrl_c_while_a_module_is_imported(module: str) -> None:
    command = [sys.executable, "-c", INTERRUPTED, module, "session", "--project-id", "p"]
    result = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (result.returncode, result.stderr) == (130, "ai-gate: Interrupted.\n")


def test_a_reader_that_leaves(gate: MockGate) -> None:
    environment = {**os.environ, "AI_GATE_PROJECT_ID": "p", "AI_GATE_BASE_URL": gate.url}
    with subprocess.Popen(
        [*COMMAND, "session"], stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=environment
    ) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        process.stdout.close()
        assert process.stderr.read() == b""
    assert process.returncode == 1


@pytest.mark.parametrize("argument", ["--help", "version"])
def test_what_is_asked_often_loads_little(argument: str) -> None:
    command = [sys.executable, "-c", LIGHT, argument]
    result = subprocess.run(command, capture_output=True, text=True, check=True)
    assert result.stdout.endswith("\n\n")


# A shell completes on a terminal that is its own.
ITS_OWN = """
import fcntl, os, sys, termios
os.setsid()
fcntl.ioctl(0, termios.TIOCSCTTY, 0)
os.execv(sys.argv[1], sys.argv[1:])
"""
SHELLS = {
    "bash": (["--norc", "-i"], 'eval "$(ai-gate completion bash)"'),
    "zsh": (["-f", "-i"], 'autoload -Uz compinit; compinit -u; eval "$(ai-gate completion zsh)"'),
    "fish": (["--no-config", "-i"], "ai-gate completion fish | source"),
}


@pytest.mark.parametrize("shell", SHELLS)
def test_completion_within_a_shell(shell: str, tmp_path: Path) -> None:
    program = shutil.which(shell)
    if program is None:
        pytest.skip(f"{shell} isn't installed")
    (tmp_path / "a-sound.wav").touch()
    folders = [str(Path(sys.executable).parent), os.environ["PATH"]]
    environment = {"PATH": os.pathsep.join(folders), "HOME": str(tmp_path), "LANG": "C.UTF-8"}
    options, load = SHELLS[shell]
    command = [sys.executable, "-c", ITS_OWN, program]
    terminal = Terminal(*options, columns=200, environment=environment, command=command)
    # The echo of what is typed isn't what is waited for.
    terminal.type(f"cd {tmp_path}; {load}; echo LOAD''ED\n")
    terminal.wait_for("LOADED")
    for typed, completed in {
        "ai-gate doc": "ai-gate doctor",
        "ai-gate session --te": "ai-gate session --temperature",
        "ai-gate completion b": "ai-gate completion bash",
        "ai-gate call --wav a-so": "ai-gate call --wav a-sound.wav",
    }.items():
        # Ctrl-A leads to the begin of the line.
        terminal.type(f"{typed}\t\x01echo C''AME \n")
        terminal.wait_for(f"CAME {completed}")
    terminal.type("exit\n")
    terminal.end()
