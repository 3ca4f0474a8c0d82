"""OpenAI's side as a whole: its endpoints, and one peer for each live call, all in one thread.

Importing this imports aiortc.
"""

import asyncio
from collections.abc import Callable
from concurrent.futures import Future
from contextlib import ExitStack
from typing import TypeVar

from anyio.from_thread import BlockingPortal, start_blocking_portal

from ai_gate.testing._openai.endpoints import Endpoints, Offer
from ai_gate.testing._openai.faults import Faults
from ai_gate.testing._openai.peer import Peer
from ai_gate.testing._openai.register import Register, VoiceCall
from ai_gate.testing._openai.wire import WiredLoop
from ai_gate.testing._state import State

_TIMEOUT = 10.0

T = TypeVar("T")


class Realtime:
    """The endpoints and the calls behind them; `MockVoice` is what tests have of both."""

    def __init__(self, state: State) -> None:
        self.state = state
        self.faults = Faults()
        self.register = Register()
        self._peers: list[Peer] = []
        self._portal: BlockingPortal | None = None
        self._undo = ExitStack()
        self.endpoints = Endpoints(state, self.faults, self._take)

    def start(self) -> None:
        """Start the thread of the calls.

        Raises:
            OSError: There are too few descriptors for a loop.
        """
        options = {"loop_factory": WiredLoop}
        self._portal = self._undo.enter_context(start_blocking_portal("asyncio", options))

    def stop(self) -> None:
        """Hang up every call and end the thread. It can be started again."""
        self.hang_up()
        self._portal = None
        self._undo.close()

    def hang_up(self) -> None:
        """Hang up every call."""
        if self._portal is not None:
            self._wait_for(self._portal.start_task_soon(self._hang_up))

    def each(self, do: Callable[[Peer], None]) -> None:
        """Do something with every live call, in their thread.

        Raises:
            ValueError: It was refused for one of them. The others had it done.
        """
        if self._portal is not None:
            self._portal.call(self._each, do)

    def expire(self) -> None:
        """End the calls whose hour is over by the gate's clock."""
        now = self.state.now()
        self.each(lambda peer: peer.expire(now))

    def reset(self) -> None:
        """Hang up every call and forget everything."""
        self.hang_up()
        self.faults.reset()
        self.register.forget()

    def _take(self, offer: Offer) -> str:
        """Accept a call and return the SDP answer; RefusedError if it can't be accepted."""
        if self._portal is None:
            raise RuntimeError("The thread of the calls doesn't run")
        return self._wait_for(self._portal.start_task_soon(self._answer, offer))

    def _wait_for(self, future: Future[T]) -> T:
        try:
            return future.result(_TIMEOUT)
        except TimeoutError:
            future.cancel()
            raise

    async def _answer(self, offer: Offer) -> str:
        peer = Peer(offer, self.register, self.faults, self._peers.remove)
        self._peers.append(peer)
        answer = await peer.answer()
        # No other task runs between the answer and this, so the call can't have ended.
        self.register.add(VoiceCall(offer.call_id, offer.api, offer.model, "connecting"))
        return answer

    async def _hang_up(self) -> None:
        await asyncio.gather(*(peer.hang_up() for peer in self._peers))

    def _each(self, do: Callable[[Peer], None]) -> None:
        failures = []
        for peer in self._peers:
            try:
                do(peer)
            except ValueError as error:
                failures.append(error)
        if failures:
            raise failures[0]
