"""The mock gate as a command: `python -m ai_gate.testing --port 8787`."""

import argparse
import contextlib
import math
import os
import queue
import signal
import sys
import threading
import tomllib
from pathlib import Path
from typing import Any
from urllib.parse import quote

from ai_gate import _process
from ai_gate._command_line import Parser
from ai_gate.testing import MockGate, MockGateError, Plan

# On Windows, Ctrl-C doesn't interrupt a wait without a timeout.
_WAIT_SECONDS = 0.5
_MOST_LINES = 10_000
_LIMITS: dict[str, Any] = {
    "requests": int | None,
    "concurrent": int | None,
    "quota": int | None,
    "window": int | float,
}
_SETTINGS: dict[str, Any] = {
    **_LIMITS,
    "host": str,
    "port": int,
    "allow_host": list,
    "allow_origin": list,
    "projects": list | dict,
    "realtime": bool,
    "ice_servers": list,
    "faults": list,
}
_PLAN: dict[str, Any] = {**_LIMITS, "name": str}
_FAULT: dict[str, Any] = {
    "fault": str,
    "times": int,
    "probability": int | float,
    "operation": str,
    "seconds": int | float,
}


class _Lines:
    """Lines for stderr, written by a thread: nobody has to read them, or wait until they are read.

    What is more than a reader has fallen behind by is left out.
    """

    def __init__(self) -> None:
        self._queue: queue.Queue[str | None] = queue.Queue(_MOST_LINES)
        self._thread = threading.Thread(target=self._write, daemon=True)
        self._thread.start()

    def add(self, line: str) -> None:
        """Write a line soon."""
        with contextlib.suppress(queue.Full):
            self._queue.put_nowait(line)

    def close(self) -> None:
        """Write what is left, if somebody reads it."""
        with contextlib.suppress(queue.Full):
            self._queue.put(None, timeout=_WAIT_SECONDS)
            self._thread.join(_WAIT_SECONDS)

    def _write(self) -> None:
        while (line := self._queue.get()) is not None:
            # It is None if the process was started without one, an error once its reader is gone.
            # A thread stuck in its buffer would make the end of the interpreter a crash.
            if sys.stderr is not None:
                with contextlib.suppress(OSError, ValueError):
                    os.write(sys.stderr.fileno(), f"{line}\n".encode())


class _LoggingGate(MockGate):
    """A mock gate that writes a line to stderr for each response, without queries and bodies."""

    def __init__(self, lines: _Lines, name: str, **settings: Any) -> None:
        self._lines, self._name = lines, name
        super().__init__(**settings)

    def _warn(self, message: str) -> None:
        self._lines.add(f"{self._name}: {message}")

    def _log(self, method: str, path: str, status: int) -> None:
        self._lines.add(f"{quote(method) or '-'} {quote(path, safe='/%') or '-'} {status}")


def main(arguments: list[str] | None = None, prog: str = "python -m ai_gate.testing") -> int:
    """Run a mock gate until Ctrl-C or SIGTERM; return the exit status."""
    options = vars(_parser(prog).parse_args(arguments))
    name = prog.removeprefix("python -m ")
    stopped = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: stopped.set())
    try:
        settings = _settings(_read_config(options.pop("config", None)), options)
        faults = settings.pop("faults", [])
        with contextlib.closing(_Lines()) as lines, _LoggingGate(lines, name, **settings) as gate:
            for fault in faults:
                gate.fail(**fault)
            sys.stdout.write(f"{gate.url}\n")
            if settings.get("realtime"):
                sys.stdout.write(f"{gate.realtime_url}\n")
            sys.stdout.flush()
            while not stopped.is_set():
                stopped.wait(_WAIT_SECONDS)
    except (MockGateError, OSError, TypeError, ValueError) as error:
        sys.stderr.write(f"{name}: {error}\n")
        return 1
    return 0


def _parser(prog: str) -> Parser:
    parser = Parser(
        prog=prog,
        # What isn't given can be in the file, or is as MockGate has it.
        argument_default=argparse.SUPPRESS,
        description="Run a mock gate until Ctrl-C or SIGTERM. A limit can be a number or none.",
    )
    parser.add_argument(
        "--host",
        metavar="ADDRESS",
        help="the address to listen on; default: 127.0.0.1; 0.0.0.0: all, for other containers",
    )
    parser.add_argument("--port", type=_port, help="0: a free one; default: 8787")
    parser.add_argument(
        "--allow-host",
        action="append",
        metavar="NAME",
        help="a further name under which it is reached; repeat",
    )
    parser.add_argument(
        "--allow-origin",
        action="append",
        metavar="ORIGIN",
        help="an origin whose pages may use it, besides those on loopback; repeat",
    )
    parser.add_argument("--requests", type=_limit, help="requests in a window; default: 100")
    parser.add_argument("--window", type=_seconds, help="seconds in a window; default: 900")
    parser.add_argument("--concurrent", type=_limit, help="live sessions; default: 5")
    parser.add_argument("--quota", type=_limit, help="sessions a month; default: 100")
    parser.add_argument(
        "--project",
        dest="projects",
        action="append",
        metavar="ID",
        help="a project that exists; default: any; repeat",
    )
    parser.add_argument(
        "--realtime",
        action="store_true",
        help="play OpenAI's side of a call too; its URL is printed on a second line",
    )
    parser.add_argument(
        "--ice-server",
        dest="ice_servers",
        action="append",
        type=_ice_server,
        metavar="URL[,USER,PASSWORD]",
        help="a STUN or TURN server to hand out; default: the documented ones, or with "
        "--realtime none; repeat",
    )
    parser.add_argument(
        "--config",
        metavar="FILE",
        help="a TOML file with arguments of MockGate, projects with their plans, and faults",
    )
    return parser


def _settings(config: dict[str, Any], options: dict[str, Any]) -> dict[str, Any]:
    """Join what a file says with the flags, which go before it."""
    settings = {"port": 8787, **config, **options}
    if isinstance(projects := settings.get("projects"), dict):
        common = {name: settings[name] for name in _LIMITS if name in settings}
        plans = {name: Plan(**{**common, **it}) for name, it in projects.items()}
        settings["projects"] = plans
    return settings


def _read_config(path: str | None) -> dict[str, Any]:
    """Read the settings of a file, in which a limit can be "none".

    Raises:
        TypeError: There is no such setting, or it is of another type.
    """
    if path is None:
        return {}
    with Path(path).open("rb") as file:
        settings = _read_table(tomllib.load(file), _SETTINGS)
    if isinstance(projects := settings.get("projects"), dict):
        settings["projects"] = {name: _read_table(it, _PLAN) for name, it in projects.items()}
    settings["faults"] = [_read_table(it, _FAULT) for it in settings.get("faults", [])]
    for name in ("allow_host", "allow_origin", "projects"):
        if not all(isinstance(it, str) for it in settings.get(name, [])):
            raise TypeError(f"{name} must hold strings")
    return settings


def _read_table(table: Any, types: dict[str, Any]) -> dict[str, Any]:
    if not isinstance(table, dict):
        raise TypeError(f"{table!r} must be a table of {', '.join(types)}")
    values = {
        name: None if value == "none" and name in _LIMITS else value
        for name, value in table.items()
    }
    for name, value in values.items():
        if name not in types:
            raise TypeError(f"there is no setting {name!r}; there is {', '.join(types)}")
        # To Python, true is a number.
        if not isinstance(value, types[name]) or isinstance(value, bool) != (types[name] is bool):
            wanted = getattr(types[name], "__name__", types[name])
            raise TypeError(f"{name} must be {wanted}, got {type(value).__name__}")
    return values


def _port(text: str) -> int:
    if not (text.isdecimal() and int(text) < 2**16):
        raise argparse.ArgumentTypeError("must be a number from 0 to 65535")
    return int(text)


def _ice_server(text: str) -> dict[str, str]:
    url, *login = text.split(",", 2)
    if not url or len(login) == 1:
        raise argparse.ArgumentTypeError("must be a URL, or a URL, a user and a password")
    return {"urls": url, **dict(zip(("username", "credential"), login, strict=False))}


def _seconds(text: str) -> float:
    try:
        seconds = float(text)
    except ValueError:
        seconds = 0.0
    if not 0 < seconds < math.inf:
        raise argparse.ArgumentTypeError("must be a number of seconds, more than 0")
    return seconds


def _limit(text: str) -> int | None:
    if text == "none":
        return None
    if not text.isdecimal():
        raise argparse.ArgumentTypeError("must be a number that is not negative, or none")
    return int(text)


if __name__ == "__main__":
    sys.exit(_process.run(main, "ai_gate.testing"))
