"""The relay of a call: a socket that sends through the first TURN server that works."""

import asyncio
import logging
from typing import Any

from aioice import Candidate as IceCandidate
from aioice.candidate import candidate_foundation, candidate_priority
from aioice.stun import TransactionFailed

from ai_gate._logging import log
from ai_gate.webrtc._background import spawn
from ai_gate.webrtc._types import TurnResult
from ai_gate.webrtc.turn._allocation import Allocation
from ai_gate.webrtc.turn._race import Race
from ai_gate.webrtc.turn._reasons import refusal
from ai_gate.webrtc.turn._urls import turn_servers

UNKNOWN = "0.0.0.0"  # noqa: S104
"""Stands for an address that isn't told, or not known yet (RFC 8839, section 5.1)."""
DISCARD = 9
"""The port to that (RFC 8839, section 5.1)."""


class Relay(asyncio.DatagramTransport):
    """A way through the first TURN server that works, which can be used before one is known.

    Until then, what is sent waits: of the packets to an address the last one. So a call needn't
    wait for its TURN servers where another path is open.

    Args:
        credentials: What the gate sends, an object with `iceServers` or that list alone, or None.
    """

    def __init__(self, credentials: object) -> None:
        super().__init__()
        servers, unusable = turn_servers(credentials) if credentials is not None else ([], [])
        self.candidate = _candidate(UNKNOWN, DISCARD)
        """The candidate that stands for it. It tells no address of this machine."""
        self.has_servers = bool(servers)
        """Whether there are servers to try."""
        self._race = Race(servers, self._take)
        self._unusable = tuple(unusable)
        self._allocation: Allocation | None = None
        self._receiver: asyncio.DatagramProtocol | None = None
        self._waiting: dict[tuple[str, int], bytes] = {}
        self._sending: set[asyncio.Task[None]] = set()
        self.refusal: str | None = None
        """Why the server lets nothing through to an address, or None if it does."""
        self._is_closed = False
        self._release: asyncio.Task[None] | None = None
        self._racing: asyncio.Task[None] | None = None

    def begin(self) -> None:
        """Begin to try the servers. `stop` and `released` must follow at some time."""
        self._racing = spawn(self._run())

    @property
    def is_there(self) -> bool:
        """Whether a server has given an address to relay through."""
        return self._allocation is not None

    @property
    def results(self) -> tuple[TurnResult, ...]:
        """What became of the TURN URLs by now."""
        return self._unusable + self._race.results

    async def decided(self) -> None:
        """Wait until it is known whether a server works."""
        if self._racing is not None:
            # Cancelling this wait leaves the race alone.
            await asyncio.wait({self._racing})

    def receive(self, receiver: asyncio.DatagramProtocol) -> None:
        """Have what comes through it handed on."""
        self._receiver = receiver
        receiver.connection_made(self)
        self._flow()

    def sendto(self, data: bytes | bytearray | memoryview, addr: Any = None) -> None:
        """Send a packet to an address, once that is possible. What can't be sent is lost."""
        if self._is_closed:
            return
        client = self._allocation.client if self._allocation else None
        if client is None:
            self._waiting[addr] = bytes(data)
        elif not client.transport.is_closing():
            # The first packet to an address waits until the server lets through what comes back.
            sending = asyncio.create_task(client.send_data(bytes(data), addr))
            self._sending.add(sending)
            sending.add_done_callback(self._sent)

    def close(self) -> None:
        """Give the address back in the background, now or as soon as there is one."""
        if self._is_closed:
            return
        self._is_closed = True
        self._waiting.clear()
        if self._allocation is not None:
            self._release = spawn(self._give_back(self._allocation))
        if self._receiver is not None:
            self._receiver.connection_lost(None)

    def abort(self) -> None:
        """Do the same as `close`, which waits for nothing."""
        self.close()

    def is_closing(self) -> bool:
        """Return True if it is closed."""
        return self._is_closed

    def stop(self) -> None:
        """Try no further server."""
        if self._racing is not None:
            self._racing.cancel()

    async def released(self, timeout: float) -> None:
        """Close it, try no further server, and wait until all is given back.

        Args:
            timeout: The longest wait, in seconds.
        """
        self.stop()
        self.close()
        if self._release is not None:
            await asyncio.wait({self._release}, timeout=timeout)

    async def _run(self) -> None:
        if await self._race.run() is None and (results := self.results):
            log(logging.WARNING, False, "no TURN server works: %s", reasons(results))

    def _take(self, allocation: Allocation) -> bool:
        """Keep an allocation, if it is the first and still of use."""
        client = allocation.client
        if self._is_closed or self._allocation is not None or client is None:
            return False
        self._allocation = allocation
        if client.relayed_address is not None:
            self._be_at(*client.relayed_address)
        self._flow()
        return True

    def _be_at(self, host: str, port: int) -> None:
        if self._receiver is None:
            self.candidate = _candidate(host, port)
        else:
            # aioice has formed pairs with it.
            self.candidate.host, self.candidate.port = host, port

    def _flow(self) -> None:
        if self._receiver is None or self._allocation is None:
            return
        if self._allocation.client is not None:
            self._allocation.client.receiver = self._receiver
        waiting, self._waiting = self._waiting, {}
        for addr, data in waiting.items():
            self.sendto(data, addr)

    def _sent(self, sending: asyncio.Task[None]) -> None:
        self._sending.discard(sending)
        # ICE finds out by itself that nothing comes back.
        failure = None if sending.cancelled() else sending.exception()
        if isinstance(failure, TransactionFailed):
            self.refusal = refusal(failure.response.error_code)

    async def _give_back(self, allocation: Allocation) -> None:
        await allocation.give_back()
        # They wait for a server that doesn't answer.
        for sending in self._sending:
            sending.cancel()


def reasons(results: tuple[TurnResult, ...]) -> str:
    """Return what became of TURN URLs, for a person."""
    return "; ".join(f"{one.url}: {'works' if one.works else one.reason}" for one in results)


def _candidate(host: str, port: int) -> IceCandidate:
    return IceCandidate(
        foundation=candidate_foundation("relay", "udp", host),
        component=1,
        transport="udp",
        priority=candidate_priority(1, "relay"),
        host=host,
        port=port,
        type="relay",
        related_address=UNKNOWN,
        related_port=DISCARD,
    )
