"""Clean-up that goes on after its caller has left.

asyncio keeps only weak references to tasks, so one that nobody holds can vanish half done. Those
that give back what a call has taken are held here until they are done.
"""

import asyncio
import logging
import threading
from collections.abc import Coroutine
from typing import TypeVar
from weakref import WeakKeyDictionary

from ai_gate._logging import log

T = TypeVar("T")

_tasks: WeakKeyDictionary[asyncio.AbstractEventLoop, set[asyncio.Task[object]]] = (
    WeakKeyDictionary()
)
_lock = threading.Lock()


def reap(coroutine: Coroutine[object, object, T]) -> asyncio.Task[T]:
    """Run clean-up as a task of the running loop, and hold it until it is done.

    Args:
        coroutine: The clean-up. It bounds its own time. What it raises is logged at DEBUG, by its
            type alone, and goes nowhere else.

    Returns:
        The task, for those who want to wait for this one.
    """
    task = asyncio.create_task(coroutine)
    _tasks_of(asyncio.get_running_loop()).add(task)
    task.add_done_callback(_done)
    return task


async def finished(timeout: float) -> bool:
    """Wait until all clean-up of the running loop is done, also what begins in the meantime.

    Args:
        timeout: The longest wait, in seconds. What isn't done by then goes on.

    Returns:
        Whether all of it is done.
    """
    loop = asyncio.get_running_loop()
    end = loop.time() + timeout
    # A clean-up that waits for the others must not wait for itself.
    while others := _tasks_of(loop) - {asyncio.current_task()}:
        left = end - loop.time()
        if left <= 0:
            return False
        await asyncio.wait(others, timeout=left)
    return True


def _tasks_of(loop: asyncio.AbstractEventLoop) -> set[asyncio.Task[object]]:
    with _lock:
        return _tasks.setdefault(loop, set())


def _done(task: asyncio.Task[object]) -> None:
    _tasks_of(task.get_loop()).discard(task)
    if not task.cancelled() and (failure := task.exception()) is not None:
        log(logging.DEBUG, False, "Cleaning up failed: %s", type(failure).__name__)
