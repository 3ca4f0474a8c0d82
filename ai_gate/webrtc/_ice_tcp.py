"""ICE over TCP (RFC 6544): a way to peers that take it, for networks that let no UDP through."""

import asyncio
import struct
from typing import Any, TypeAlias

from aioice import Candidate as IceCandidate
from aioice.candidate import candidate_foundation, candidate_priority

from ai_gate.webrtc._background import spawn

UNKNOWN = ("0.0.0.0", "::")  # noqa: S104
"""Stand for an address of each family that isn't known before there is a connection."""
DISCARD = 9
"""The port of a candidate that takes no connections (RFC 6544, section 4.5)."""
MOST_UNSENT = 65_536
"""How many bytes may wait to be sent before packets are lost, as they would be over UDP."""

STUN = range(4)
"""The first byte of a packet of STUN (RFC 7983, section 7)."""

Address: TypeAlias = tuple[str, int]


class TCPWay(asyncio.DatagramTransport):
    """Sends the packets to each address over a TCP connection of its own.

    Args:
        host: What stands for the own address: aioice forms pairs with addresses of its family.
    """

    is_there = False
    """It isn't in the offer: nobody can connect to it."""

    def __init__(self, host: str = UNKNOWN[0]) -> None:
        super().__init__()
        self.candidate = IceCandidate(
            foundation=candidate_foundation("host", "tcp", host),
            component=1,
            transport="tcp",
            # After the ways over UDP, and before the relay.
            priority=candidate_priority(1, "srflx"),
            host=host,
            port=DISCARD,
            type="host",
            tcptype="active",
        )
        self._receiver: asyncio.DatagramProtocol | None = None
        self._streams: dict[Address, _Stream] = {}
        self._in_use: Address | None = None
        self._is_closed = False

    async def decided(self) -> None:
        """Return at once: whether it leads anywhere, only its checks tell."""

    def receive(self, receiver: asyncio.DatagramProtocol) -> None:
        """Have what comes through it handed on."""
        self._receiver = receiver
        receiver.connection_made(self)

    def sendto(self, data: bytes | bytearray | memoryview, addr: Any = None) -> None:
        """Send a packet to an address. The first one connects to it."""
        if self._is_closed:
            return
        if addr not in self._streams:
            self._streams[addr] = _Stream(self, addr)
        # The checks go to all addresses.
        if data[0] not in STUN:
            self._in_use = addr
        self._streams[addr].send(bytes(data))

    def close(self) -> None:
        """Close all connections."""
        if self._is_closed:
            return
        self._is_closed = True
        for stream in self._streams.values():
            stream.close()
        if self._receiver is not None:
            self._receiver.connection_lost(None)

    def abort(self) -> None:
        """Do the same as `close`, which waits for nothing."""
        self.close()

    def is_closing(self) -> bool:
        """Return True if it is closed."""
        return self._is_closed

    def came(self, data: bytes, addr: Address) -> None:
        """Hand on a packet that came from an address."""
        if self._receiver is not None:
            self._receiver.datagram_received(data, addr)

    def is_at(self, host: str, port: int) -> None:
        """Take the own end of a connection for the candidate's address."""
        self.candidate.host, self.candidate.port = host, port

    def forget(self, addr: Address) -> None:
        """Connect again when the next packet is sent to an address."""
        self._streams.pop(addr, None)

    def lost(self, addr: Address, failure: Exception | None) -> None:
        """Tell that the connection to an address has ended, if more than checks travels there."""
        if addr != self._in_use:
            self.forget(addr)
        elif self._receiver is not None:
            self._receiver.connection_lost(failure)


class _Stream(asyncio.Protocol):
    """The connection to one address, with a length before each packet (RFC 4571)."""

    def __init__(self, way: TCPWay, addr: Address) -> None:
        self._way = way
        self._addr = addr
        self._transport: asyncio.Transport | None = None
        self._waiting = b""
        self._received = bytearray()
        self._connecting = spawn(self._connect())

    def send(self, data: bytes) -> None:
        """Send a packet; of those before there is a connection, the last one."""
        if self._transport is None:
            self._waiting = data
        elif self._transport.get_write_buffer_size() <= MOST_UNSENT:
            self._transport.write(struct.pack("!H", len(data)) + data)

    def close(self) -> None:
        """Close it at once."""
        self._connecting.cancel()
        if self._transport is not None:
            self._transport.abort()

    def connection_made(self, transport: Any) -> None:
        """Send what has waited."""
        self._transport = transport
        self._way.is_at(*transport.get_extra_info("sockname")[:2])
        if self._waiting:
            self.send(self._waiting)

    def data_received(self, data: bytes) -> None:
        """Hand on each packet that is whole."""
        self._received += data
        while len(self._received) >= 2:
            end = 2 + int.from_bytes(self._received[:2])
            if len(self._received) < end:
                return
            packet = bytes(self._received[2:end])
            del self._received[:end]
            self._way.came(packet, self._addr)

    def connection_lost(self, exc: Exception | None) -> None:
        """Tell that it has ended."""
        self._way.lost(self._addr, exc)

    async def _connect(self) -> None:
        try:
            await asyncio.get_running_loop().create_connection(lambda: self, *self._addr)
        except OSError:
            self._way.forget(self._addr)
