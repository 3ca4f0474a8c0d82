"""A look at the store of a limiter, once sync and once async."""

import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from threading import Lock
from typing import Any

import anyio
import anyio.to_thread
from anyio.lowlevel import RunVar, current_token

from ai_gate._call.exchange import Look
from ai_gate._fork import process, unforked

LONGEST_LOOK = 0.25
"""How long a look can take, connecting included, in seconds. What isn't done by then goes on in its
thread, so that the next look finds the connection."""
MOST_LOOKS = 256
"""How many looks a process has under way at most; each has a thread for as long as it takes."""
LOOKS_OF_A_LOOP = 8
"""How many of them an event loop has at most."""

_threads: dict[tuple[int, int], ThreadPoolExecutor] = {}
_loop_threads: "RunVar[anyio.CapacityLimiter]" = RunVar("ai_gate.looks")


def look(order: Look) -> Any:
    """Look at a store after a delay, and return what is seen, or None if that takes too long.

    A thread does it, because nothing else bounds all the steps of connecting.
    """
    if order.delay:
        time.sleep(order.delay)
    if not order.blocks:
        return order.action()
    try:
        seen = _pool().submit(order.action)
    except RuntimeError:
        # The interpreter shuts down, or there are too many threads.
        return order.action()
    # A lock costs less than a future's own wait. What a signal handler raises can be a TimeoutError
    # too, so none is caught.
    is_done = Lock()
    is_done.acquire()
    seen.add_done_callback(lambda _: is_done.release())
    return seen.result() if is_done.acquire(timeout=min(LONGEST_LOOK, order.longest)) else None


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
    with anyio.move_on_after(order.longest):
        async with _under_way():
            # If no thread can be had, it's as if the store were away.
            with anyio.move_on_after(LONGEST_LOOK), suppress(RuntimeError):
                return await anyio.to_thread.run_sync(
                    order.action, abandon_on_cancel=True, limiter=anyio.CapacityLimiter(1)
                )
    return None


def _pool() -> ThreadPoolExecutor:
    if process() not in _threads:
        # A child has no threads of its parent's.
        _threads[process()] = ThreadPoolExecutor(MOST_LOOKS, "ai_gate.looks")
    return _threads[process()]


def _under_way() -> "anyio.CapacityLimiter":
    try:
        return _loop_threads.get()
    except LookupError:
        _loop_threads.set(anyio.CapacityLimiter(LOOKS_OF_A_LOOP))
        return _loop_threads.get()
