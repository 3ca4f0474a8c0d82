"""Clean-up that goes on after its caller has left.

asyncio keeps only weak references to tasks, so one that nobody holds can vanish half done. Those
that give back what a call has taken are held here until they are done.
"""

import asyncio
import logging
import threading
from collections.abc import Coroutine
from typing import TypeVar

from ai_gate._logging import log

T = TypeVar("T")

_tasks: dict[asyncio.AbstractEventLoop, set[asyncio.Task[object]]] = {}
"""The tasks of each loop that has any. A task holds its loop, so both are let go in time."""
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
    hold(task)
    return task


def hold(task: asyncio.Task[T]) -> None:
    """Hold a task of the running loop that has become clean-up, until it is done.

    Args:
        task: The task, as `reap` would make one.
    """
    with _lock:
        # What a loop has left when it was closed never goes on.
        for loop in [loop for loop in _tasks if loop.is_closed()]:
            del _tasks[loop]
        _tasks.setdefault(task.get_loop(), set()).add(task)
    task.add_done_callback(_done)


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
        return set(_tasks.get(loop, ()))


def _done(task: asyncio.Task[object]) -> None:
    loop = task.get_loop()
    with _lock:
        tasks = _tasks.get(loop, set())
        tasks.discard(task)
        if not tasks:
            _tasks.pop(loop, None)
    if not task.cancelled() and (failure := task.exception()) is not None:
        log(logging.DEBUG, False, "Cleaning up failed: %s", type(failure).__name__)
