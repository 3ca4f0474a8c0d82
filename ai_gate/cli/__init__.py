"""The command `ai-gate`, also `python -m ai_gate`: a module a command, imported when asked for.

`--help`, `version` and `completion` load no httpx.
"""

import os
import sys
import threading
from importlib import import_module
from io import TextIOWrapper

from ai_gate.cli._parser import missing_extras, parser

__all__ = ["main"]


def main() -> int:
    """Run a command and return the exit status: the entry point `ai-gate`."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, TextIOWrapper):
            # A terminal of another encoding is no reason to fail.
            stream.reconfigure(errors="replace")
    try:
        status = _run(sys.argv[1:])
        sys.stdout.flush()
    except KeyboardInterrupt:
        sys.stderr.write("ai-gate: Interrupted.\n")
        status = 130
    except ImportError as error:
        sys.stderr.write(f"ai-gate: {error}; {missing_extras()}\n")
        status = 1
    except OSError as error:
        # Whoever read it has left, or it can't be written: what is buffered must not fail again.
        sys.stderr.write("" if isinstance(error, BrokenPipeError) else f"ai-gate: {error}\n")
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        status = 1
    if threading.active_count() > 1:
        # A name that is still being looked up in a thread would hold the process.
        sys.stderr.flush()
        os._exit(status)
    return status


def _run(arguments: list[str]) -> int:
    if arguments[:1] == ["mock"]:
        # It has a command line of its own, of which nothing is known here.
        return int(import_module("ai_gate.testing.__main__").main(arguments[1:]))
    options = parser().parse_args(arguments or ["--help"])
    if options.command == "completion":
        completion = import_module("shtab").complete(parser(), shell=options.shell)
        sys.stdout.write(f"{completion}\n")
        return 0
    return int(import_module(f"ai_gate.cli.{options.command}").main(options))
