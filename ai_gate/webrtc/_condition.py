"""Waiting until something becomes true."""

import asyncio
from collections.abc import Callable


class Condition:
    """Wakes those who wait for a change. Unlike asyncio's, it has no lock: callbacks can notify.

    A wait that is cancelled takes nothing, so what it waited for is there for the next one.
    """

    def __init__(self) -> None:
        self._waiters: set[asyncio.Future[None]] = set()

    def notify(self) -> None:
        """Let everybody who waits look again."""
        for waiter in self._waiters:
            if not waiter.done():
                waiter.set_result(None)

    async def wait_for(self, is_true: Callable[[], bool]) -> None:
        """Wait until a condition is true.

        Args:
            is_true: The condition. It is checked now and after each change.
        """
        while not is_true():
            waiter = asyncio.get_running_loop().create_future()
            self._waiters.add(waiter)
            try:
                await waiter
            finally:
                self._waiters.discard(waiter)

    async def wait_at_most(self, seconds: float, is_true: Callable[[], bool]) -> bool:
        """Wait until a condition is true, for a limited time.

        Args:
            seconds: The longest wait.
            is_true: The condition.

        Returns:
            True if the condition is true in the end.
        """
        try:
            async with asyncio.timeout(seconds):
                await self.wait_for(is_true)
        except TimeoutError:
            return is_true()
        return True
