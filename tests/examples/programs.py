"""The commands that examples name, started as their readers start them."""

from __future__ import annotations

import ast
import os
import re
import shlex
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
EXAMPLES = ROOT / "examples"
PROJECT = "proj_known_to_the_server_alone"
SECRETS = (PROJECT, "ek_")
"""What may stand in no log."""

PATIENCE = 120.0
"""How long a line is waited for, on a machine that has ten times more work than cores."""


class Program:
    """A process, and the lines of its output as they come."""

    def __init__(
        self, arguments: list[str], environment: Mapping[str, str], folder: Path, sound: Path | None
    ) -> None:
        with ExitStack() as stack:
            self.process = subprocess.Popen(
                arguments,
                cwd=folder,
                env=environment,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE if sound is None else stack.enter_context(sound.open("wb")),
                stderr=subprocess.STDOUT if sound is None else subprocess.PIPE,
                text=True,
                # Some have children, which are to end with them.
                start_new_session=True,
            )
        self.output = ""
        self._is_over = False
        self._changed = threading.Condition()
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def _read(self) -> None:
        lines = self.process.stdout or self.process.stderr
        assert lines is not None
        for line in lines:
            with self._changed:
                self.output += line
                self._changed.notify_all()
        with self._changed:
            self._is_over = True
            self._changed.notify_all()

    def give(self, sound: bytes) -> None:
        """Write to its input."""
        assert self.process.stdin is not None
        os.write(self.process.stdin.fileno(), sound)

    def give_no_more(self) -> None:
        """Close its input."""
        assert self.process.stdin is not None
        self.process.stdin.close()

    def wait_for(self, pattern: str, count: int = 1) -> re.Match[str]:
        """Wait until the output has so many matches, and return the last of these."""
        found: list[re.Match[str]] = []

        def look() -> bool:
            found[:] = re.finditer(pattern, self.output, re.MULTILINE)
            return len(found) >= count or self._is_over

        with self._changed:
            self._changed.wait_for(look, PATIENCE)
        assert len(found) >= count, f"{pattern} is not in: {self.output}"
        return found[count - 1]

    def send(self, number: signal.Signals) -> None:
        """Send a signal to the process and its children."""
        os.killpg(self.process.pid, number)

    def stop(self) -> int:
        """Stop it as a terminal or a service manager does; return its exit status."""
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
        return self.end()

    def close(self) -> None:
        """End it and its children at once."""
        with suppress(ProcessLookupError):
            self.send(signal.SIGKILL)
        self.end()
        for stream in (self.process.stdin, self.process.stdout, self.process.stderr):
            if stream is not None:
                # What its input hasn't taken can't be written any more.
                with suppress(BrokenPipeError):
                    stream.close()

    def end(self) -> int:
        """Wait until it has ended; return its exit status."""
        status = self.process.wait(PATIENCE)
        self._reader.join(PATIENCE)
        return status


@contextmanager
def started(
    arguments: list[str],
    environment: Mapping[str, str] | None = None,
    folder: Path = ROOT,
    sound: Path | None = None,
) -> Iterator[Program]:
    """Start a program, and let nothing of it outlive the block.

    Args:
        arguments: The program and its arguments.
        environment: The variables that it is given beside the usual ones.
        folder: Where it runs.
        sound: Where what it writes goes, if that is no text; its lines are those of stderr then.
    """
    program = Program(arguments, clean_environment() | dict(environment or {}), folder, sound)
    try:
        yield program
    finally:
        program.close()


def clean_environment() -> dict[str, str]:
    """The environment of somebody who has activated the virtual environment, and set nothing."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("AI_GATE_")}
    for name in ("http_proxy", "https_proxy", "all_proxy"):
        kept.pop(name, None)
        kept.pop(name.upper(), None)
    path = os.pathsep.join([str(Path(sys.executable).parent), kept["PATH"]])
    return kept | {"PATH": path, "PYTHONUNBUFFERED": "1"}


def documented(path: Path) -> list[tuple[dict[str, str], list[str]]]:
    """The start commands that an example's docstring names, each with its variables."""
    docstring = ast.get_docstring(ast.parse(path.read_text("utf-8")), clean=True) or ""
    lines = [line.strip() for line in docstring.splitlines() if line.startswith("    ")]
    found: list[tuple[dict[str, str], list[str]]] = []
    exported: dict[str, str] = {}
    for variables, words in map(command, lines):
        if words[0] == "export":
            exported |= dict(word.split("=", 1) for word in words[1:])
        elif words[0] != "pip":
            found.append((exported | variables, words))
    return found


def command(line: str) -> tuple[dict[str, str], list[str]]:
    """Part a line for a shell into variables and arguments."""
    words = shlex.split(line)
    count = next(index for index, word in enumerate(words) if not re.match(r"[A-Z_]+=", word))
    variables = dict(word.split("=", 1) for word in words[:count])
    return variables, words[count:]


def free_port() -> int:
    """Return a port that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port
