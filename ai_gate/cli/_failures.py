"""A command run to its end, and its failure as one line and an exit status."""

import asyncio
import signal
from argparse import Namespace
from collections.abc import Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor

from ai_gate import errors
from ai_gate._advice import advice_on, causes, told
from ai_gate._process import INTERRUPTED
from ai_gate.cli._console import Console
from ai_gate.webrtc import errors as rtc

FAILED, USAGE, LIMITED, UNREACHABLE = 1, 2, 3, 4
WORST = (USAGE, LIMITED, UNREACHABLE, FAILED, 0)
"""Of several, the exit status is the first of these: the first that a person can do most about."""
NO_WAY = (errors.APIConnectionError, rtc.ConnectionLostError, rtc.NoPathError, rtc.OpenTimeoutError)
NO_WAY_BEHIND = (*range(521, 527), 530)
"""The statuses by which Cloudflare says that it can't reach the gate."""


def run(command: Callable[[Namespace, Console], Awaitable[int]], options: Namespace) -> int:
    """Run a command and return its exit status."""
    console, before = Console(options), signal.getsignal(signal.SIGINT)
    if callable(before):
        # The one that asyncio makes an end in order of; it isn't there if Ctrl-C is ignored.
        signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        return asyncio.run(_bounded(lambda: command(options, console)))
    except (KeyboardInterrupt, asyncio.CancelledError):
        # The second one if asyncio forgets that it was interrupted, as at its begin.
        console.error(f"Interrupted.{console.unfinished}")
        return INTERRUPTED
    except BrokenPipeError:
        raise
    except Exception as error:
        text = told(error)
        more = advice_on(error, proxy="the proxy" if " through the proxy " in text else "")
        # The SDK's errors say themselves what to do about some causes.
        if more and more[1:].rstrip(".") not in text:
            text = f"{text.rstrip('.')}. {more}"
        request_id = getattr(error, "request_id", None)
        console.error(f"{text} (request {request_id})" if request_id else text)
        for link in causes(error) if options.debug else ():
            console.error(f"{type(link).__module__}.{type(link).__qualname__}: {link}")
        return exit_status(error)
    finally:
        if callable(before):
            signal.signal(signal.SIGINT, before)


async def _bounded(work: Callable[[], Awaitable[int]]) -> int:
    try:
        return await work()
    finally:
        # asyncio would wait for a name that is still being looked up in a thread.
        asyncio.get_running_loop().set_default_executor(ThreadPoolExecutor(1))


def exit_status(error: Exception) -> int:
    """Return the exit status that an error means."""
    status = getattr(error, "status_code", None)
    limits = (errors.QuotaExceededError, errors.RateLimitError, errors.ConcurrentLimitError)
    if isinstance(error, limits):
        return LIMITED
    if isinstance(error, NO_WAY) or status in NO_WAY_BEHIND:
        return UNREACHABLE
    # A setting that is missing or wrong has no class of its own.
    return USAGE if type(error) is errors.AIGateError and status is None else FAILED
