"""The command `ai-gate`, also `python -m ai_gate`: a module a command, imported when asked for.

`--help`, `version` and `completion` load no httpx.
"""

import os
import sys
import threading
from argparse import Namespace
from importlib import import_module

from ai_gate.cli._parser import parser

__all__ = ["main"]


def main() -> int:
    """Run a command and return the exit status: the entry point `ai-gate`."""
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            # A terminal of another encoding is no reason to fail.
            stream.reconfigure(errors="replace")
    try:
        status = _run(sys.argv[1:])
        sys.stdout.flush()
    except KeyboardInterrupt:
        sys.stderr.write("ai-gate: Interrupted.\n")
        status = 130
    except BrokenPipeError:
        # Whoever read the output has left. What is still buffered must not fail at the end.
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
        return _main_of("ai_gate.testing.__main__", arguments[1:])
    options = parser().parse_args(arguments or ["--help"])
    if options.command == "completion":
        return _complete(options)
    return _main_of(f"ai_gate.cli.{options.command}", options)


def _main_of(module: str, argument: list[str] | Namespace) -> int:
    try:
        status: int = import_module(module).main(argument)
    except ImportError as error:
        # It says which extra is to be installed.
        sys.stderr.write(f"ai-gate: {error}\n")
        return 1
    return status


def _complete(options: Namespace) -> int:
    try:
        shtab = import_module("shtab")
    except ImportError:
        sys.stderr.write('ai-gate: completion needs shtab: pip install "ai-gate[cli]"\n')
        return 1
    sys.stdout.write(shtab.complete(parser(), shell=options.shell) + "\n")
    return 0
