"""The background thread, with an event loop of its own, that all calls run in."""

import asyncio
import threading
from collections.abc import Callable, Coroutine
from concurrent.futures import Future
from typing import Any, TypeVar

from ai_gate.testing._openai.wire import WiredLoop

_STOP_SECONDS = 5.0

T = TypeVar("T")


class LoopThread:
    """Runs coroutines for other threads, between its start and its stop."""

    def __init__(self) -> None:
        self._thread: threading.Thread | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._stopping: asyncio.Event | None = None

    def start(self) -> None:
        """Start the thread, and return when its loop runs.

        Raises:
            OSError: There are too few descriptors for a loop.
        """
        ready: Future[None] = Future()
        thread = threading.Thread(
            target=self._run, args=(ready,), name="ai-gate-mock-voice", daemon=True
        )
        thread.start()
        self._thread = thread
        try:
            ready.result()
        except Exception:
            thread.join()
            self._thread = None
            raise

    def stop(self) -> None:
        """Cancel the tasks in the thread, and end it. It can be started again."""
        if self._thread is None or self._loop is None or self._stopping is None:
            return
        self._loop.call_soon_threadsafe(self._stopping.set)
        self._thread.join(_STOP_SECONDS)
        self._thread = self._loop = self._stopping = None

    def is_running(self) -> bool:
        """Return True if the thread was started and not stopped."""
        return self._loop is not None

    def run(self, function: Callable[[], Coroutine[Any, Any, T]], timeout: float) -> T:
        """Run a coroutine function in the thread.

        Args:
            function: Returns the coroutine to run.
            timeout: How long it may take, in seconds.

        Returns:
            What the coroutine returned.

        Raises:
            TimeoutError: It took too long.
            RuntimeError: The thread doesn't run.
        """
        if self._loop is None:
            raise RuntimeError("The thread of the calls doesn't run")
        future = asyncio.run_coroutine_threadsafe(function(), self._loop)
        try:
            return future.result(timeout)
        except TimeoutError:
            future.cancel()
            raise

    def _run(self, ready: Future[None]) -> None:
        try:
            # Closing the runner cancels what is left of the tasks and waits for them.
            with asyncio.Runner(loop_factory=WiredLoop) as runner:
                runner.run(self._serve(ready))
        except BaseException as error:
            if ready.done():
                raise
            ready.set_exception(error)

    async def _serve(self, ready: Future[None]) -> None:
        self._loop, self._stopping = asyncio.get_running_loop(), asyncio.Event()
        stopping = self._stopping
        ready.set_result(None)
        await stopping.wait()
