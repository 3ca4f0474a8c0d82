"""The live calls, for other threads to use."""

import asyncio
from collections.abc import Callable

from ai_gate.testing._openai.endpoints import Offer
from ai_gate.testing._openai.faults import Faults
from ai_gate.testing._openai.peer import Peer
from ai_gate.testing._openai.register import Register, VoiceCall
from ai_gate.testing._openai.thread import LoopThread

_TIMEOUT = 10.0


class Calls(LoopThread):
    """One peer for each live call, all in one thread."""

    def __init__(self, register: Register, faults: Faults) -> None:
        super().__init__()
        self._register = register
        self._faults = faults
        self._peers: list[Peer] = []

    def take(self, offer: Offer) -> str:
        """Accept a call and return the SDP answer; RefusedError if it can't be accepted."""
        return self.run(lambda: self._take(offer), _TIMEOUT)

    def hang_up(self) -> None:
        """Hang up every call."""
        if self.is_running():
            self.run(self._hang_up, _TIMEOUT)

    def each(self, do: Callable[[Peer], None]) -> None:
        """Do something with every live call, in their thread.

        Raises:
            ValueError: It was refused for one of them. The others had it done.
        """
        if self.is_running():
            self.run(lambda: self._each(do), _TIMEOUT)

    def stop(self) -> None:
        """Hang up every call and end the thread."""
        self.hang_up()
        super().stop()

    async def _take(self, offer: Offer) -> str:
        peer = Peer(offer, self._register, self._faults, self._peers.remove)
        self._peers.append(peer)
        answer = await peer.answer()
        # No other task runs between the answer and this, so the call can't have ended.
        self._register.add(VoiceCall(offer.call_id, offer.api, offer.model, "connecting"))
        return answer

    async def _hang_up(self) -> None:
        await asyncio.gather(*(peer.hang_up() for peer in self._peers))

    async def _each(self, do: Callable[[Peer], None]) -> None:
        failures = []
        for peer in self._peers:
            try:
                do(peer)
            except ValueError as error:
                failures.append(error)
        if failures:
            raise failures[0]
