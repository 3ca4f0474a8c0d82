"""A UDP path to a TURN server or a peer on which some packets are lost or late."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from tests.voice.coturn import HOST, RELAY_PORTS, USERNAME
from tests.voice.dead_ends import url

# Types of messages (RFC 8656, section 17, and RFC 8489, section 5).
ALLOCATE = b"\x00\x03"
ALLOCATED = b"\x01\x03"
LATE_SECONDS = 0.1
OVERTAKEN_SECONDS = 0.045
"""How late a packet is that two others overtake."""
CANDIDATE = re.compile(r"^(a=candidate:\S+ \d+ udp \d+ \S+ )(\d+) ", re.MULTILINE)


def none(data: bytes) -> bool:
    """No packet."""
    return False


def anybody(addr: Any) -> bool:
    """Every sender."""
    return True


def is_relay(addr: Any) -> bool:
    """Whether a packet comes from an address that a TURN server relays for."""
    return addr[1] in range(RELAY_PORTS.start, RELAY_PORTS.stop)


def is_signed_request(data: bytes) -> bool:
    """Whether a packet asks for an allocation, with credentials."""
    return data[:2] == ALLOCATE and USERNAME.encode() in data


def is_allocation(data: bytes) -> bool:
    """Whether a packet says that an allocation was made."""
    return data[:2] == ALLOCATED


@dataclass
class Path:
    """The path of one client."""

    port: int
    """Where the client sends to."""
    server: int
    """The server's port, if it was known; else it is set before the client sends."""
    held: asyncio.Event = field(default_factory=asyncio.Event)
    """Whether a packet was held up."""
    came_from: list[Any] = field(default_factory=list)
    """Where the packets came from that were taken."""
    _waiting: list[Callable[[], None]] | None = field(default_factory=list)

    def hold_up(self, send: Callable[[], None]) -> None:
        """Let a packet wait until they are let go."""
        self.held.set()
        if self._waiting is None:
            send()
        else:
            self._waiting.append(send)

    def let_go(self) -> None:
        """Send what was held up, and hold nothing up any more."""
        waiting, self._waiting = self._waiting or [], None
        for send in waiting:
            send()

    @property
    def url(self) -> str:
        """The server's URL."""
        return url("udp", self.port)


class _End(asyncio.DatagramProtocol):
    """One end of the path: hands on what comes in."""

    def __init__(self, hand_on: Callable[[bytes, Any], None]) -> None:
        self._hand_on = hand_on

    def datagram_received(self, data: bytes, addr: Any) -> None:
        self._hand_on(data, addr)


def _send(end: asyncio.DatagramTransport, data: bytes, addr: Any) -> None:
    # A packet that is late can outlive the path.
    if not end.is_closing():
        end.sendto(data, addr)


@asynccontextmanager
async def lossy_path(
    server: int = 0,
    *,
    late: Callable[[bytes], bool] = none,
    held: Callable[[bytes], bool] = none,
    lost: Callable[[bytes], bool] = none,
    overtaken: Callable[[bytes], bool] = none,
    sender: Callable[[Any], bool] = anybody,
) -> AsyncIterator[Path]:
    """Yield a path to a server: some packets to it are late or held up, some from it late or lost.

    Only some senders may use it.
    """
    loop = asyncio.get_running_loop()
    client: list[Any] = []

    def forth(data: bytes, addr: Any) -> None:
        if not sender(addr):
            return
        client[:] = [addr]
        path.came_from.append(addr)
        there = (HOST, path.server)
        if held(data):
            path.hold_up(lambda: _send(back_end, data, there))
        elif late(data):
            path.held.set()
            loop.call_later(LATE_SECONDS, _send, back_end, data, there)
        else:
            _send(back_end, data, there)

    def back(data: bytes, addr: Any) -> None:
        if lost(data):
            return
        if overtaken(data):
            loop.call_later(OVERTAKEN_SECONDS, _send, front_end, data, client[0])
        else:
            _send(front_end, data, client[0])

    back_end, _ = await loop.create_datagram_endpoint(lambda: _End(back), local_addr=(HOST, 0))
    front_end, _ = await loop.create_datagram_endpoint(lambda: _End(forth), local_addr=(HOST, 0))
    path = Path(front_end.get_extra_info("sockname")[1], server)
    try:
        yield path
    finally:
        front_end.close()
        back_end.close()


def over(path: Path, answer: str) -> str:
    """An SDP answer that leads over a path."""
    candidate = CANDIDATE.search(answer)
    assert candidate is not None
    path.server = int(candidate[2])
    return CANDIDATE.sub(rf"\g<1>{path.port} ", answer)
