"""A command's process: its streams, Ctrl-C, and its end as one line and an exit status.

What takes long to import is imported within `run`, where Ctrl-C is no traceback.
"""

import os
import sys
from importlib import import_module
from io import TextIOWrapper

from ai_gate._lazy import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import TextIO

INTERRUPTED = 130


def run(command: "Callable[[], int]", name: str) -> int:
    """Run a command and return the exit status.

    Args:
        command: What to do.
        name: What a complaint begins with.
    """
    try:
        _let_ctrl_c_end(name)
        _open_streams()
        status = command()
    except SystemExit as ended:
        status = int(ended.code or 0)
    except KeyboardInterrupt:
        status = _failed(name, "Interrupted.", INTERRUPTED)
    except Exception as error:
        status = _failed(name, error)
    for stream in (sys.stdout, sys.stderr):
        status = _flush(stream, name, status)
    if import_module("threading").active_count() > 1:
        # A name that is still being looked up in a thread would hold the process.
        os._exit(status)
    return status


def _let_ctrl_c_end(name: str) -> None:
    """Let Ctrl-C end the process at once: raised anywhere, it could become another exception.

    A command that wants the exception takes the handler away while it runs.
    """
    signal = import_module("signal")

    def end(*_: object) -> None:
        # Python's own stream may be in the middle of a line.
        with import_module("contextlib").suppress(OSError):
            os.write(2, f"{name}: Interrupted.\n".encode())
        os._exit(INTERRUPTED)

    # What a shell starts in the background ignores Ctrl-C.
    if signal.getsignal(signal.SIGINT) is signal.default_int_handler:
        signal.signal(signal.SIGINT, end)


def _open_streams() -> None:
    """Open what the shell has closed, and let no character fail that a terminal doesn't have."""
    for name, mode in (("stdin", "r"), ("stdout", "w"), ("stderr", "w")):
        stream = getattr(sys, name)
        if stream is None:
            # The system gives it the lowest free number, which a socket would have got.
            setattr(sys, name, open(os.devnull, mode))  # noqa: PTH123, SIM115
        elif isinstance(stream, TextIOWrapper) and mode == "w":
            stream.reconfigure(errors="replace")


def _flush(stream: "TextIO", name: str, status: int) -> int:
    try:
        stream.flush()
    except OSError as error:
        # What is buffered must not fail once more when Python ends.
        os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())
        return status or _failed(name, error)
    return status


def _failed(name: str, reason: object, status: int = 1) -> int:
    # A reader that has left needn't be told.
    if not isinstance(reason, BrokenPipeError):
        words = str(getattr(reason, "strerror", None) or reason).split()
        with import_module("contextlib").suppress(OSError):
            sys.stderr.write(f"{name}: {' '.join(words)}\n")
    return status
