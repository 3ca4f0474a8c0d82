"""Runs the async tests, and looks for what they leave behind."""

from __future__ import annotations

import asyncio
import gc
from collections.abc import Coroutine
from pathlib import Path
from typing import Any, TypeVar

from ai_gate.webrtc import _background

T = TypeVar("T")

LIMIT = 30.0
# A closed socket is gone some turns of the loop later; nothing tells when.
SETTLE_SECONDS = 1.0
TURN_SECONDS = 0.01

_DESCRIPTORS = next(path for path in (Path("/proc/self/fd"), Path("/dev/fd")) if path.exists())


def run(test: Coroutine[Any, Any, T], *, limit: float = LIMIT, clean: bool = True) -> T:
    """Run an async test in an event loop of its own.

    Args:
        test: The coroutine.
        limit: The longest it may take, in seconds.
        clean: Whether it must leave no task and no socket behind.

    Returns:
        What it returned.

    Raises:
        AssertionError: It left something, or an exception that nobody has looked at.
    """
    complaints: list[str] = []
    with asyncio.Runner() as runner:
        runner.get_loop().set_exception_handler(
            lambda _, context: complaints.append(_described(context))
        )
        result = runner.run(_checked(test, limit, clean))
    # What is garbage complains now, and not in a later test.
    gc.collect()
    assert complaints == []
    return result


def sockets() -> set[str]:
    """The sockets that this process has open."""
    found = set()
    for path in _DESCRIPTORS.iterdir():
        try:
            target = str(path.readlink())
        except OSError:
            continue
        if target.startswith("socket:"):
            found.add(target)
    return found


def tasks() -> set[asyncio.Task[Any]]:
    """The tasks of the running loop but this one."""
    return {task for task in asyncio.all_tasks() if task is not asyncio.current_task()}


async def finished(timeout: float) -> bool:
    """Wait until all clean-up in the background is done, also what begins in the meantime.

    Args:
        timeout: The longest wait, in seconds.

    Returns:
        True if all of it is done.
    """
    loop = asyncio.get_running_loop()
    end = loop.time() + timeout
    while cleaning := _background._tasks.get(loop):
        left = end - loop.time()
        if left <= 0:
            return False
        await asyncio.wait(set(cleaning), timeout=left)
    return True


async def leftovers(before: set[str]) -> list[str]:
    """The tasks and sockets that are left once those that are about to go are gone.

    Args:
        before: The sockets that were open before.
    """
    loop = asyncio.get_running_loop()
    end = loop.time() + SETTLE_SECONDS
    while (found := _found(before)) and loop.time() < end:
        await asyncio.sleep(TURN_SECONDS)
    return found


def _found(before: set[str]) -> list[str]:
    return [*map(repr, tasks()), *sorted(sockets() - before)]


async def _checked(test: Coroutine[Any, Any, T], limit: float, clean: bool) -> T:
    before = sockets()
    async with asyncio.timeout(limit):
        result = await test
    if clean:
        assert await leftovers(before) == []
    return result


def _described(context: dict[str, Any]) -> str:
    return f"{context.get('message')}: {context.get('exception')!r}"
