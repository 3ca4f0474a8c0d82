"""A command run to its end, and its failure as one line and an exit status."""

import asyncio
from argparse import Namespace
from collections.abc import Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime

from ai_gate import errors
from ai_gate._http.inspection import reason_of
from ai_gate.cli._console import Console
from ai_gate.webrtc import errors as rtc

FAILED, USAGE, LIMITED, UNREACHABLE, INTERRUPTED = 1, 2, 3, 4, 130
LIMITS = (errors.QuotaExceededError, errors.RateLimitError, errors.ConcurrentLimitError)
NO_WAY = (errors.APIConnectionError, rtc.ConnectionLostError, rtc.NoPathError, rtc.OpenTimeoutError)


def run(command: Callable[[Namespace, Console], Awaitable[int]], options: Namespace) -> int:
    """Run a command and return its exit status."""
    console = Console(options)
    try:
        return asyncio.run(_bounded(command(options, console)))
    except KeyboardInterrupt:
        console.error(f"Interrupted.{console.unfinished}")
        return INTERRUPTED
    except BrokenPipeError:
        raise
    except Exception as error:
        console.error(told(error).replace(" What came is in `body`.", ""))
        link: BaseException | None = error if options.debug else None
        while link is not None:
            console.error(f"{type(link).__module__}.{type(link).__qualname__}: {link}")
            link = link.__cause__ or link.__context__
        return exit_status(error)


async def _bounded(work: Awaitable[int]) -> int:
    try:
        return await work
    finally:
        # asyncio would wait for a name that is still being looked up in a thread.
        asyncio.get_running_loop().set_default_executor(ThreadPoolExecutor(1))


def exit_status(error: Exception) -> int:
    """Return the exit status that an error means."""
    if isinstance(error, LIMITS):
        return LIMITED
    if isinstance(error, NO_WAY):
        return UNREACHABLE
    # A setting that is missing or wrong has no class of its own.
    return USAGE if type(error) is errors.AIGateError and error.status_code is None else FAILED


def told(error: Exception) -> str:
    """Return an error as one line, with what can be done about it and its request's ID."""
    is_told = isinstance(error, errors.AIGateError) or getattr(error, "filename", None)
    text, more = str(error) if is_told else reason_of(error), None
    if isinstance(error, errors.QuotaExceededError) and error.upgrade_url:
        more = f"Upgrade: {error.upgrade_url}"
    elif isinstance(error, errors.RateLimitError) and error.reset_at:
        more = f"Again at {moment(error.reset_at)}"
    elif isinstance(error, errors.ConcurrentLimitError):
        more = error.hint
    text = f"{text.rstrip('.')}. {more}" if more else text
    request_id = error.request_id if isinstance(error, errors.AIGateError) else None
    return f"{text} (request {request_id})" if request_id else text


def moment(when: datetime) -> str:
    """Return a date and a time of day with its zone, as the reader's clock shows it."""
    return f"{when.astimezone():%Y-%m-%d %H:%M:%S %Z}"
