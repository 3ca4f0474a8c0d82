"""Tasks that go on in the background: clean-up that outlives its caller.

asyncio keeps only weak references to tasks, so one that nothing else refers to can vanish half
done. Those that give back what a call has taken are held here until they are done.
"""

import asyncio
import logging
import threading
from collections.abc import Coroutine
from typing import TypeVar

from ai_gate._logging import log

T = TypeVar("T")

_tasks: dict[asyncio.AbstractEventLoop, set[asyncio.Task[object]]] = {}
"""The tasks of each loop that has any. A task refers to its loop, so a loop that has none left must
not stay here."""
_lock = threading.Lock()


def spawn(coroutine: Coroutine[object, object, T]) -> asyncio.Task[T]:
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
        task: The task. It must keep what `spawn` asks of a coroutine.
    """
    with _lock:
        # The tasks of a loop that was closed before they were done never go on.
        for loop in [loop for loop in _tasks if loop.is_closed()]:
            del _tasks[loop]
        _tasks.setdefault(task.get_loop(), set()).add(task)
    task.add_done_callback(_done)


def _done(task: asyncio.Task[object]) -> None:
    loop = task.get_loop()
    with _lock:
        tasks = _tasks.get(loop, set())
        tasks.discard(task)
        if not tasks:
            _tasks.pop(loop, None)
    if not task.cancelled() and (failure := task.exception()) is not None:
        log(logging.DEBUG, False, "Cleaning up failed: %s", type(failure).__name__)
