"""The command `ai-gate`, which is `python -m ai_gate` too.

Each command is a module with `run(options, console)`, which is imported when it is asked for:
`--help` and `version` load no httpx.
"""

import os
import sys
import threading
from importlib import import_module

from ai_gate._lazy import TYPE_CHECKING, LazyModule
from ai_gate.cli._console import Console
from ai_gate.cli._parser import parser

if TYPE_CHECKING:
    from ai_gate.cli import _failures
    from ai_gate.testing import __main__ as mock
else:
    _failures = LazyModule("ai_gate.cli._failures")
    mock = LazyModule("ai_gate.testing.__main__")

__all__ = ["main"]

FAILED, INTERRUPTED = 1, 130
"""Exit statuses; those that tell errors of the SDK apart are in `_failures`."""


def main(arguments: list[str] | None = None) -> int:
    """Run a command and return the exit status: the entry point `ai-gate`."""
    given = sys.argv[1:] if arguments is None else arguments
    status = _run(given)
    if threading.active_count() > 1 and arguments is None:
        # A name that is still being looked up in a thread would hold the process.
        os._exit(status)
    return status


def _run(arguments: list[str]) -> int:
    console = Console()
    try:
        status = _dispatch(arguments, console)
        sys.stdout.flush()
    except KeyboardInterrupt:
        console.error("Interrupted." + console.unfinished)
        return INTERRUPTED
    except BrokenPipeError:
        # Whoever read the output has left. What is still buffered must not fail at the end.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return FAILED
    except Exception as error:
        return _failures.report(error, console)
    return status


def _dispatch(arguments: list[str], console: Console) -> int:
    if arguments[:1] == ["mock"]:
        # It has a command line of its own, of which nothing is known here.
        return mock.main(arguments[1:])
    options = parser().parse_args(arguments)
    if options.command is None:
        parser().print_help()
        return 0
    console.configure(options)
    status: int = import_module(f"ai_gate.cli.{options.command}").run(options, console)
    return status
