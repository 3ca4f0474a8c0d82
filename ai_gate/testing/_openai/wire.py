"""The UDP endpoints of a call as a wire that can be cut, and an event loop that opens such ones.

A cut wire carries nothing in either direction. The other side sees what it would see of a host
that lost its power: no DTLS alert, no RTP, no RTCP, no response to STUN.

The wire of an ICE-lite peer carries none of its checks, because such a peer sends none. aioice
always does, and is told that they succeed: so the client's checks alone choose a path.
"""

import asyncio
import time
from collections.abc import Callable
from contextvars import ContextVar
from typing import Any

from aioice.stun import Class, Message, Method, parse_message

# STUN's datagrams start with a smaller byte, those of DTLS and RTP with this or a larger one
# (RFC 7983).
_FIRST_OF_DTLS = 20
_BINDING_REQUEST = b"\x00\x01"
_SILENCE_SECONDS = 10.0
"""How long a client can be silent before an ICE-lite peer's checks of its consent fail."""


class Wire:
    """The UDP endpoints of one call.

    Args:
        remote_password: The client's ICE password if this side is ICE-lite, else None.
        delay: How late the next packet of audio is, in seconds; None if it is lost.

    Attributes:
        remote: The host and port that the last DTLS or RTP packet came from.
    """

    def __init__(
        self, remote_password: str | None, delay: Callable[[], float | None] = lambda: 0.0
    ) -> None:
        self._delay = delay
        self.remote: tuple[str, int] | None = None
        self._remote_password = remote_password
        self._is_cut = False
        self._heard = time.monotonic()

    def cut(self) -> None:
        """Carry nothing any more."""
        self._is_cut = True

    def carry(self, deliver: Callable[[bytes, Any], None], data: bytes, address: Any) -> None:
        """Deliver a packet: those of audio may be lost or late."""
        if self._is_cut:
            return
        delay = self._delay() if _is_audio(data) else 0.0
        if delay == 0.0:
            deliver(data, address)
        elif delay is not None:
            asyncio.get_running_loop().call_later(delay, deliver, data, address)

    def note(self, data: bytes, address: Any) -> None:
        """Note that a packet came, and where from, unless it is STUN's."""
        self._heard = time.monotonic()
        if data and data[0] >= _FIRST_OF_DTLS:
            self.remote = address[:2]

    def takes(self, data: bytes) -> bool:
        """Return True if a packet is a check of an ICE-lite peer, which isn't sent."""
        return self._remote_password is not None and data[:2] == _BINDING_REQUEST

    def response(self, check: bytes, address: Any) -> bytes | None:
        """Return what a check is told; None if it fails, because the client has fallen silent."""
        if self._remote_password is None or time.monotonic() - self._heard > _SILENCE_SECONDS:
            return None
        transaction_id = parse_message(check).transaction_id
        success = Message(Method.BINDING, Class.RESPONSE, transaction_id)
        success.attributes["XOR-MAPPED-ADDRESS"] = address[:2]
        success.add_message_integrity(self._remote_password.encode())
        return bytes(success)


def _is_audio(data: bytes) -> bool:
    """Return True for RTP: not for RTCP, DTLS or STUN (RFC 7983, RFC 5761)."""
    return len(data) > 1 and 128 <= data[0] <= 191 and not 192 <= data[1] <= 223


current_wire: ContextVar[Wire | None] = ContextVar("current_wire", default=None)


class WiredLoop(asyncio.SelectorEventLoop):
    """An event loop whose UDP endpoints send and receive over the wire of the current context."""

    async def create_datagram_endpoint(
        self, protocol_factory: Callable[[], Any], *args: Any, **options: Any
    ) -> tuple[asyncio.DatagramTransport, Any]:
        """Open an endpoint. One on a given socket belongs to no call: it is mDNS's."""
        wire = current_wire.get()
        if wire is None or options.get("sock") is not None:
            return await super().create_datagram_endpoint(protocol_factory, *args, **options)
        protocol = protocol_factory()
        receiver: Any = _Receiver(wire, protocol)
        transport, _ = await super().create_datagram_endpoint(lambda: receiver, *args, **options)
        return transport, protocol


class _Receiver:
    """A protocol, to which what arrives comes over the wire."""

    def __init__(self, wire: Wire, protocol: Any) -> None:
        self._wire = wire
        self._protocol = protocol

    def __getattr__(self, name: str) -> Any:
        return getattr(self._protocol, name)

    def connection_made(self, transport: asyncio.DatagramTransport) -> None:
        self._protocol.connection_made(_Sender(self._wire, transport, self._protocol))

    def datagram_received(self, data: bytes, addr: Any) -> None:
        self._wire.carry(self._arrive, data, addr)

    def _arrive(self, data: bytes, addr: Any) -> None:
        self._wire.note(data, addr)
        self._protocol.datagram_received(data, addr)


class _Sender:
    """A transport, which sends a protocol's packets over the wire."""

    def __init__(self, wire: Wire, transport: asyncio.DatagramTransport, protocol: Any) -> None:
        self._wire = wire
        self._transport = transport
        self._protocol = protocol

    def __getattr__(self, name: str) -> Any:
        return getattr(self._transport, name)

    def sendto(self, data: Any, addr: Any = None) -> None:
        if self._wire.takes(data):
            response = self._wire.response(data, addr)
            if response is not None:
                loop = asyncio.get_running_loop()
                loop.call_soon(self._protocol.datagram_received, response, addr)
        else:
            self._wire.carry(self._transport.sendto, data, addr)
