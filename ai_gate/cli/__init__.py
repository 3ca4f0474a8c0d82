"""The command `ai-gate`, also `python -m ai_gate`: a module a command, imported when asked for.

`--help`, `version` and `completion` load no httpx.
"""

import os
import sys
import threading
from contextlib import suppress
from importlib import import_module
from io import TextIOWrapper
from typing import TextIO

__all__ = ["main"]


def main() -> int:
    """Run a command and return the exit status: the entry point `ai-gate`."""
    _open_streams()
    try:
        status = _run(sys.argv[1:])
    except SystemExit as ended:
        status = int(ended.code or 0)
    except KeyboardInterrupt:
        status = _failed("Interrupted.", 130)
    except ImportError as error:
        status = _failed(f"{error}; {import_module('ai_gate.cli._parser').missing_extras()}")
    except OSError as error:
        status = _failed(error)
    status = _flush(sys.stderr, _flush(sys.stdout, status))
    if threading.active_count() > 1:
        # A name that is still being looked up in a thread would hold the process.
        os._exit(status)
    return status


def _flush(stream: TextIO, status: int) -> int:
    try:
        stream.flush()
    except OSError as error:
        # What is buffered must not fail once more when Python ends.
        os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())
        return status or _failed(error)
    return status


def _failed(reason: object, status: int = 1) -> int:
    # A reader that has left needn't be told.
    if not isinstance(reason, BrokenPipeError):
        with suppress(OSError):
            sys.stderr.write(f"ai-gate: {getattr(reason, 'strerror', None) or reason}\n")
    return status


def _open_streams() -> None:
    """Open what the shell has closed, and let no character fail that a terminal doesn't have."""
    for name, mode in (("stdin", "r"), ("stdout", "w"), ("stderr", "w")):
        stream = getattr(sys, name)
        if stream is None:
            # The system gives it the lowest free number, which a socket would have got.
            setattr(sys, name, open(os.devnull, mode))  # noqa: PTH123, SIM115
        elif isinstance(stream, TextIOWrapper) and mode == "w":
            stream.reconfigure(errors="replace")


def _run(arguments: list[str]) -> int:
    if arguments[:1] == ["mock"]:
        # It has a command line of its own, of which nothing is known here.
        mock = import_module("ai_gate.testing.__main__")
        return int(mock.main(arguments[1:], "ai-gate mock"))
    if arguments in (["version"], ["--version"]):
        # Without a parser it takes half the time.
        return int(import_module("ai_gate.cli.version").main(None))
    parser = import_module("ai_gate.cli._parser").parser
    options = parser().parse_args(arguments or ["--help"])
    if options.command == "completion":
        shtab = import_module("shtab")
        sys.stdout.write(f"{shtab.complete(parser(shtab.FILE), shell=options.shell)}\n")
        return 0
    module = import_module(f"ai_gate.cli.{options.command}")
    return int(import_module("ai_gate.cli._failures").run(module.command, options))
