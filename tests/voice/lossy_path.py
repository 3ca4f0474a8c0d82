"""A UDP path to a TURN server or a peer on which some packets are lost or late."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from tests.voice.coturn import HOST, USERNAME
from tests.voice.dead_ends import url

# Types of messages (RFC 8656, section 17, and RFC 8489, section 5).
ALLOCATE = b"\x00\x03"
ALLOCATED = b"\x01\x03"
LATE_SECONDS = 0.1
OVERTAKEN_SECONDS = 0.045
"""How late a packet is that two others overtake."""


def none(data: bytes) -> bool:
    """No packet."""
    return False


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
    lost: Callable[[bytes], bool] = none,
    overtaken: Callable[[bytes], bool] = none,
) -> AsyncIterator[Path]:
    """Yield a path to a server: some packets to it are late, some from it late or lost."""
    loop = asyncio.get_running_loop()
    client: list[Any] = []

    def forth(data: bytes, addr: Any) -> None:
        client[:] = [addr]
        there = (HOST, path.server)
        if late(data):
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
