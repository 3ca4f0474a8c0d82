"""A look at the store of a limiter, once sync and once async."""

import time
from contextlib import suppress
from typing import Any

import anyio
import anyio.to_thread
from anyio.lowlevel import RunVar, current_token

from ai_gate._call.exchange import Look
from ai_gate._fork import unforked

LONGEST_LOOK = 0.25
"""How long a look can take, in seconds."""
THREADS = 8
"""How many looks an event loop has under way at most."""

_threads: "RunVar[anyio.CapacityLimiter]" = RunVar("ai_gate.looks")


def look(order: Look) -> Any:
    """Look at a store after a delay, and return what is seen."""
    if order.delay:
        time.sleep(order.delay)
    return order.action()


async def look_async(order: Look) -> Any:
    """Look at a store after a delay, and return what is seen, or None if that takes too long.

    A thread does it: the store's library can't do trio, and would need connections for each event
    loop, which nobody closes.
    """
    unforked(current_token)
    if order.delay:
        await anyio.sleep(order.delay)
    if not order.blocks:
        return order.action()
    async with _under_way():
        # If no thread can be had, it's as if the store were away.
        with anyio.move_on_after(LONGEST_LOOK), suppress(RuntimeError):
            return await anyio.to_thread.run_sync(
                order.action, abandon_on_cancel=True, limiter=anyio.CapacityLimiter(1)
            )
    return None


def _under_way() -> "anyio.CapacityLimiter":
    try:
        return _threads.get()
    except LookupError:
        _threads.set(anyio.CapacityLimiter(THREADS))
        return _threads.get()
