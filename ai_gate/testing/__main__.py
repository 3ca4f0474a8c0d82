"""The mock gate as a command: `python -m ai_gate.testing --port 8787`."""

import argparse
import signal
import sys
import threading
from urllib.parse import quote

from ai_gate.testing import MockGate, MockGateError

# On Windows, Ctrl-C doesn't interrupt a wait without a timeout.
_WAIT_SECONDS = 0.5


class _LoggingGate(MockGate):
    """A mock gate that writes a line to stderr for each response, without queries and bodies."""

    def _warn(self, message: str) -> None:
        sys.stderr.write(f"ai_gate.testing: {message}\n")

    def _log(self, method: str, path: str, status: int) -> None:
        sys.stderr.write(f"{quote(method) or '-'} {quote(path, safe='/%') or '-'} {status}\n")


def main(arguments: list[str] | None = None) -> int:
    """Run a mock gate until Ctrl-C or SIGTERM; return the exit status."""
    options = _parser().parse_args(arguments)
    stopped = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: stopped.set())
    try:
        with _LoggingGate(
            host=options.host,
            port=options.port,
            allow_host=options.allow_host,
            allow_origin=options.allow_origin,
            requests=options.requests,
            concurrent=options.concurrent,
            quota=options.quota,
            projects=options.project,
            realtime=options.realtime,
            ice_servers=options.ice_server,
        ) as gate:
            sys.stdout.write(f"{gate.url}\n")
            if options.realtime:
                sys.stdout.write(f"{gate.realtime_url}\n")
            sys.stdout.flush()
            while not stopped.is_set():
                stopped.wait(_WAIT_SECONDS)
    except (MockGateError, OSError) as error:
        sys.stderr.write(f"ai_gate.testing: {error}\n")
        return 1
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m ai_gate.testing",
        description="Run a mock gate until Ctrl-C or SIGTERM. A limit can be a number or none.",
    )
    parser.add_argument(
        "--host",
        default="127.0.0.1",
        metavar="ADDRESS",
        help="the address to listen on; default: 127.0.0.1; 0.0.0.0: all, for other containers",
    )
    parser.add_argument("--port", type=_port, default=8787, help="0: a free one; default: 8787")
    parser.add_argument(
        "--allow-host",
        action="append",
        default=[],
        metavar="NAME",
        help="a further name under which it is reached; repeat",
    )
    parser.add_argument(
        "--allow-origin",
        action="append",
        default=[],
        metavar="ORIGIN",
        help="an origin whose pages may use it, besides those on loopback; repeat",
    )
    parser.add_argument(
        "--requests", type=_limit, default=100, help="requests in 15 minutes; default: 100"
    )
    parser.add_argument("--concurrent", type=_limit, default=5, help="live sessions; default: 5")
    parser.add_argument("--quota", type=_limit, default=100, help="sessions a month; default: 100")
    parser.add_argument(
        "--project",
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
        action="append",
        type=_ice_server,
        metavar="URL[,USER,PASSWORD]",
        help="a STUN or TURN server to hand out; default: the documented ones, or with "
        "--realtime none; repeat",
    )
    return parser


def _port(text: str) -> int:
    if not (text.isdecimal() and int(text) < 2**16):
        raise argparse.ArgumentTypeError("must be a number from 0 to 65535")
    return int(text)


def _ice_server(text: str) -> dict[str, str]:
    url, *login = text.split(",", 2)
    if not url or len(login) == 1:
        raise argparse.ArgumentTypeError("must be a URL, or a URL, a user and a password")
    return {"urls": url, **dict(zip(("username", "credential"), login, strict=False))}


def _limit(text: str) -> int | None:
    if text == "none":
        return None
    if not text.isdecimal():
        raise argparse.ArgumentTypeError("must be a number that is not negative, or none")
    return int(text)


if __name__ == "__main__":
    sys.exit(main())
