"""The command line: every command and option, and nothing that takes long to import."""

import argparse
import json
import sys
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from ai_gate._command_line import Parser

EPILOG = """\
environment:
  AI_GATE_PROJECT_ID, AI_GATE_BASE_URL  used where no option says otherwise
  HTTPS_PROXY, NO_PROXY, SSL_CERT_FILE  and the like, as the SDK reads them
  NO_COLOR                              no colours and no progress, as --no-color

exit status:
  0    done
  1    failed
  2    used wrongly
  3    refused by a limit: the month's sessions, live sessions, requests
  4    the gate, or the other side of a call, can't be reached
  130  interrupted
Of several that the doctor finds, the first of 2, 3, 4, 1: what most can be done about.
"""
EXTRAS = {"cli": "shtab", "testing": "openapi_core", "webrtc": "aiortc"}
"""The extras that commands need, each with a package that tells whether it is installed."""


def _text(value: str) -> str:
    """Return a text that is given as it is, in a file or on stdin."""
    try:
        if value == "-":
            return sys.stdin.read()
        return Path(value[1:]).read_text("utf-8-sig") if value.startswith("@") else value
    except (OSError, UnicodeError) as error:
        reason = getattr(error, "strerror", None) or error
        raise argparse.ArgumentTypeError(f"can't be read: {reason}") from error


def _field(value: str) -> tuple[str, object]:
    """Return the name and the value of a session's field."""
    name, _, text = value.partition("=")
    try:
        return name, json.loads(name and text)
    except (ValueError, RecursionError) as error:
        raise argparse.ArgumentTypeError(f"must be KEY=JSON, texts in quotes: {error}") from error


FLAG = {"action": "store_true"}
OPTIONS: dict[str, dict[str, Any]] = {
    "--model": {"default": "gpt-realtime", "help": "default: gpt-realtime"},
    "--voice": {"help": "default: echo"},
    "--temperature": {"type": float, "metavar": "NUMBER", "help": "from 0 to 1; default: 0.7"},
    "--instructions": {"type": _text, "metavar": "TEXT", "help": "a text, @FILE, or - for stdin"},
    "--extra": {
        "type": _field,
        "action": "append",
        "metavar": "KEY=JSON",
        "help": "a further field of the session, as tools=[]; can be repeated",
    },
    "--probe": FLAG | {"help": "try each server"},
    "--wav": {"metavar": "FILE", "help": "say this sound to the model"},
    "--say": {"metavar": "TEXT", "help": "write this to the model"},
    "--out": {"metavar": "FILE", "help": "write the answer to this WAV file"},
    "--session": FLAG | {"help": "create a session, which is billed"},
    "--call": FLAG | {"help": "make a call, whose session is billed"},
    "--yes": FLAG | {"help": "don't ask before something is billed"},
    "--realtime-url": {"metavar": "URL", "help": "where calls begin; default: OpenAI"},
    "--timeout": {"type": float, "default": 30.0, "metavar": "SECONDS", "help": "default: 30"},
    "--project-id": {"metavar": "ID", "help": "default: AI_GATE_PROJECT_ID"},
    "--base-url": {"metavar": "URL", "help": "default: AI_GATE_BASE_URL, or AI Gate"},
    "--json": FLAG | {"help": "print JSON"},
    "--show-secrets": FLAG | {"help": "mask nothing"},
    "--no-color": FLAG | {"help": "no colours and no progress"},
    "--debug": FLAG | {"help": "tell more on stderr"},
}
GATE = "--project-id --base-url --show-secrets --no-color --debug"
SESSION = "--model --voice --temperature --instructions --extra --timeout"
COMMANDS = {
    "session": ("create a session, which is billed", f"{SESSION} --json {GATE}"),
    "turn": ("get TURN credentials", f"--probe --timeout --json {GATE}"),
    "call": ("talk with the model", f"--wav --say --out --realtime-url {SESSION} {GATE}"),
    "mock": ("run the mock gate: ai-gate mock --help", ""),
    "doctor": (
        "try the way to the gate, and say what to do",
        f"--session --call --yes --model --realtime-url --json {GATE}",
    ),
    "version": ("print the versions of what matters, for a bug report", ""),
    "completion": ('print the completion for a shell: eval "$(ai-gate completion bash)"', ""),
}


def parser(complete_file: object = None) -> Parser:
    """Return the parser of the whole command line, with shtab's way to complete a file's name."""
    top = Parser(
        prog="ai-gate",
        description="OpenAI Realtime sessions from AI Gate.",
        epilog=f"{EPILOG}\n{missing_extras()}".rstrip(),
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    commands = top.add_subparsers(dest="command", metavar="COMMAND", required=True)
    for name, (text, options) in COMMANDS.items():
        command = commands.add_parser(name, help=text, description=text, allow_abbrev=False)
        for option in options.split():
            added = command.add_argument(option, **OPTIONS[option])
            if complete_file and added.metavar == "FILE":
                vars(added)["complete"] = complete_file
        if name == "completion":
            command.add_argument("shell", choices=["bash", "zsh", "fish"])
    return top


def missing_extras() -> str:
    """Return a line that says how to install what some commands lack, or nothing."""
    missing = [extra for extra, package in EXTRAS.items() if find_spec(package) is None]
    return f'for all commands: pip install "ai-gate[{",".join(missing)}]"' if missing else ""
