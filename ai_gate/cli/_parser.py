"""The command line: every command and option, and nothing that takes long to import."""

import argparse
import json
import sys
from importlib.util import find_spec
from pathlib import Path
from typing import NoReturn

EXIT_STATUSES = """\
exit status:
  0    done
  1    failed
  2    used wrongly
  3    refused by a limit: the month's sessions, live sessions, requests
  4    the gate, or the way of a call, could not be reached
  130  interrupted
"""
ENVIRONMENT = """\
environment:
  AI_GATE_PROJECT_ID, AI_GATE_BASE_URL   used where no option says otherwise
  HTTP_PROXY, HTTPS_PROXY, NO_PROXY, SSL_CERT_FILE   as the SDK reads them
  NO_COLOR   no colours, as --no-color
"""
EXTRAS = {"cli": "shtab", "testing": "openapi_core", "webrtc": "aiortc"}
"""The extras that commands need, each by a package that tells whether it is installed."""


class Parser(argparse.ArgumentParser):
    """A parser whose complaint is one line."""

    def error(self, message: str) -> NoReturn:
        """Say what is wrong, and where it is told how it would be right."""
        self.exit(2, f"{self.prog}: {message} (see {self.prog} --help)\n")


def parser() -> argparse.ArgumentParser:
    """Return the parser of the whole command line."""
    top = Parser(
        prog="ai-gate",
        description="OpenAI Realtime sessions from AI Gate, and what keeps them from working.",
        epilog="\n".join([ENVIRONMENT, EXIT_STATUSES, missing_extras()]).rstrip(),
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    commands = top.add_subparsers(dest="command", metavar="COMMAND", parser_class=Parser)
    common = _common()

    def add(name: str, text: str) -> argparse.ArgumentParser:
        return commands.add_parser(
            name,
            help=text[0].lower() + text[1:].rstrip("."),
            description=text,
            parents=[common],
            allow_abbrev=False,
        )

    _session(add("session", "Create a session, which is billed."))
    _turn(add("turn", "Get TURN credentials."))
    _call(add("call", "Talk with the model; the session is billed."))
    commands.add_parser("mock", help="run the mock gate (ai-gate mock --help)", add_help=False)
    _doctor(add("doctor", "Try everything on the way to the gate, and say what to do."))
    commands.add_parser(
        "version", help="versions of what matters, for a bug report", allow_abbrev=False
    )
    completion = commands.add_parser(
        "completion",
        help="print the completion for a shell",
        description='Print the completion for a shell: eval "$(ai-gate completion bash)".',
    )
    completion.add_argument("shell", choices=["bash", "zsh", "fish"])
    return top


def missing_extras() -> str:
    """Return a line that says how to install what some commands need, or nothing."""
    missing = [extra for extra, package in EXTRAS.items() if find_spec(package) is None]
    if not missing:
        return ""
    return f'for all commands: pip install "ai-gate[{",".join(missing)}]"'


def _common() -> Parser:
    common = Parser(add_help=False)
    group = common.add_argument_group("gate and output")
    group.add_argument("--project-id", metavar="ID", help="default: AI_GATE_PROJECT_ID")
    group.add_argument("--base-url", metavar="URL", help="default: AI_GATE_BASE_URL, or the gate")
    group.add_argument("--json", action="store_true", help="print JSON")
    group.add_argument("--show-secrets", action="store_true", help="mask nothing")
    group.add_argument("--no-color", action="store_true", help="no colours and no progress")
    group.add_argument("--debug", action="store_true", help="tell more on stderr")
    return common


def _session(parser: argparse.ArgumentParser) -> None:
    _timeout(parser)
    _model(parser)
    parser.add_argument("--temperature", type=float, metavar="NUMBER", help="0 to 1; default: 0.7")
    parser.add_argument(
        "--extra",
        action="append",
        default=[],
        type=_field,
        metavar="KEY=JSON",
        help="a further field of the session, as --extra 'tools=[]'; repeat",
    )


def _turn(parser: argparse.ArgumentParser) -> None:
    _timeout(parser)
    parser.add_argument("--probe", action="store_true", help="try each server")


def _call(parser: argparse.ArgumentParser) -> None:
    _timeout(parser)
    _model(parser)
    what = parser.add_mutually_exclusive_group(required=True)
    what.add_argument("--wav", metavar="FILE", help="say this sound to the model")
    what.add_argument("--say", metavar="TEXT", help="write this text to the model")
    parser.add_argument("--out", metavar="FILE", help="write the answer to this WAV file")
    _realtime_url(parser)


def _doctor(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--session", action="store_true", help="create a session (it is billed)")
    parser.add_argument("--call", action="store_true", help="make a call (its session is billed)")
    parser.add_argument("--yes", action="store_true", help="create what is billed without asking")
    parser.add_argument("--model", default="gpt-realtime", help="default: gpt-realtime")
    _realtime_url(parser)


def _timeout(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--timeout", type=float, default=30.0, metavar="SECONDS", help="default: 30"
    )


def _model(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--model", default="gpt-realtime", help="default: gpt-realtime")
    parser.add_argument("--voice", help="default: echo")
    parser.add_argument(
        "--instructions", type=_text, metavar="TEXT", help="a text, @FILE, or - for stdin"
    )


def _realtime_url(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--realtime-url", metavar="URL", help="where calls begin; default: OpenAI")


def _text(value: str) -> str:
    """Return a text that is given as it is, in a file or on stdin."""
    try:
        if value == "-":
            return sys.stdin.read()
        return Path(value[1:]).read_text("utf-8") if value.startswith("@") else value
    except (OSError, UnicodeError) as error:
        raise argparse.ArgumentTypeError(f"can't be read: {error}") from error


def _field(value: str) -> tuple[str, object]:
    """Return a field of a session and its value."""
    key, equals, text = value.partition("=")
    if not key or not equals:
        raise argparse.ArgumentTypeError("must be KEY=JSON")
    try:
        return key, json.loads(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(f"the value of {key} is no JSON: {error}") from error
