"""The command `ai-gate`, also `python -m ai_gate`: a module a command, imported when asked for.

`--help`, `version` and `completion` load no httpx.
"""

import sys
from importlib import import_module

from ai_gate._process import run

__all__ = ["main"]


def main() -> int:
    """Run a command and return the exit status: the entry point `ai-gate`."""
    return run(_command, "ai-gate")


def _command() -> int:
    try:
        return _run(sys.argv[1:])
    except ImportError as error:
        extras = import_module("ai_gate.cli._parser").missing_extras()
        raise ImportError(f"{error}; {extras}") from error


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
