"""The live calls, for other threads to use."""

import asyncio

from ai_gate.testing._openai.endpoints import Offer
from ai_gate.testing._openai.events import Event
from ai_gate.testing._openai.faults import Faults, Flood
from ai_gate.testing._openai.peer import Peer
from ai_gate.testing._openai.register import Register, VoiceCall
from ai_gate.testing._openai.thread import LoopThread

_TIMEOUT = 10.0


class Calls:
    """One peer for each live call, all in one thread."""

    def __init__(self, register: Register, faults: Faults) -> None:
        self._register = register
        self._faults = faults
        self._thread = LoopThread()
        self._peers: list[Peer] = []

    def start(self) -> None:
        """Start the thread."""
        self._thread.start()

    def take(self, offer: Offer) -> str:
        """Accept a call and return the SDP answer; RefusedError if it can't be accepted."""
        return self._thread.run(lambda: self._take(offer), _TIMEOUT)

    def hang_up(self) -> None:
        """Hang up every call."""
        if self._thread.is_running():
            self._thread.run(self._hang_up, _TIMEOUT)

    def expire(self, now: float) -> None:
        """End the calls whose hour is over."""
        if self._thread.is_running():
            self._thread.run(lambda: self._expire(now), _TIMEOUT)

    def vanish(self) -> None:
        """Make every peer vanish."""
        if self._thread.is_running():
            self._thread.run(self._vanish, _TIMEOUT)

    def send(self, event: Event) -> None:
        """Send an event to every client; ValueError if it's too large for one of them."""
        if self._thread.is_running():
            self._thread.run(lambda: self._send(event), _TIMEOUT)

    def flood(self, flood: Flood) -> None:
        """Start to flood every client."""
        if self._thread.is_running():
            self._thread.run(lambda: self._flood(flood), _TIMEOUT)

    def stop(self) -> None:
        """Hang up every call and end the thread."""
        self.hang_up()
        self._thread.stop()

    async def _take(self, offer: Offer) -> str:
        peer = Peer(offer, self._register, self._faults, self._peers.remove)
        self._peers.append(peer)
        answer = await peer.answer()
        # No other task runs between the answer and this, so the call can't have ended.
        self._register.add(VoiceCall(offer.call_id, offer.api, offer.model, "connecting"))
        return answer

    async def _hang_up(self) -> None:
        await asyncio.gather(*(peer.hang_up() for peer in self._peers))

    async def _expire(self, now: float) -> None:
        for peer in self._peers:
            peer.expire(now)

    async def _vanish(self) -> None:
        for peer in self._peers:
            peer.vanish()

    async def _send(self, event: Event) -> None:
        failures = []
        for peer in self._peers:
            try:
                peer.send(event)
            except ValueError as error:
                failures.append(error)
        if failures:
            raise failures[0]

    async def _flood(self, flood: Flood) -> None:
        for peer in self._peers:
            peer.flood(flood)
