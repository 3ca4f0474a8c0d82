"""A failure as one line and an exit status."""

from enum import IntEnum
from typing import TYPE_CHECKING

from ai_gate._redaction import printable
from ai_gate.cli._console import Console
from ai_gate.errors import (
    AIGateError,
    APIConnectionError,
    ConcurrentLimitError,
    QuotaExceededError,
    RateLimitError,
)
from ai_gate.webrtc.errors import (
    ConnectionLostError,
    MissingDependencyError,
    NoPathError,
    OpenTimeoutError,
)

if TYPE_CHECKING:
    from datetime import datetime


class Exit(IntEnum):
    """The exit statuses that say what kind of a failure it was."""

    OK = 0
    FAILED = 1
    USAGE = 2
    LIMITED = 3
    UNREACHABLE = 4


LIMITS = (QuotaExceededError, RateLimitError, ConcurrentLimitError)
UNREACHABLE = (APIConnectionError, NoPathError, OpenTimeoutError, ConnectionLostError)


def report(error: Exception, console: Console) -> int:
    """Print what went wrong, and return the exit status."""
    text = told(error) if isinstance(error, AIGateError | ImportError | OSError) else _bug(error)
    console.error(console.masked(text))
    if console.is_debug:
        cause: BaseException | None = error
        while cause is not None:
            name = f"{type(cause).__module__}.{type(cause).__qualname__}"
            console.error(console.masked(f"  {name}: {printable(str(cause))}"))
            cause = cause.__cause__ or cause.__context__
    return exit_status(error)


def exit_status(error: Exception) -> Exit:
    """Return the exit status that an error means."""
    if isinstance(error, LIMITS):
        return Exit.LIMITED
    if isinstance(error, UNREACHABLE):
        return Exit.UNREACHABLE
    # A setting of a client that is missing or wrong has no class of its own.
    return Exit.USAGE if type(error) is AIGateError and not error.status_code else Exit.FAILED


def told(error: Exception) -> str:
    """Return an error as one line, with what can be done about it and its request's ID."""
    text = printable(str(error)) or type(error).__name__
    if isinstance(error, QuotaExceededError) and error.upgrade_url:
        text = _with(text, f"Upgrade: {printable(error.upgrade_url)}")
    elif isinstance(error, RateLimitError) and error.reset_at:
        text = _with(text, f"Again at {moment(error.reset_at)}")
    elif isinstance(error, ConcurrentLimitError) and error.hint:
        text = _with(text, printable(error.hint))
    elif isinstance(error, AIGateError) and error.retry_after:
        text = _with(text, f"Again in {error.retry_after:.0f} s")
    request_id = getattr(error, "request_id", None)
    return f"{text} (request {printable(request_id)})" if request_id else text


def moment(when: "datetime") -> str:
    """Return a time of day with its date and zone, as the reader's clock shows it."""
    return f"{when.astimezone():%Y-%m-%d %H:%M:%S %Z}"


def _with(text: str, more: str) -> str:
    return f"{text.rstrip('.')}. {more}"


def _bug(error: Exception) -> str:
    return f"{type(error).__name__}: {printable(str(error))} (see more with --debug)"
