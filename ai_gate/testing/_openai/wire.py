"""The UDP endpoints of a call as a wire that can be cut, and an event loop that opens such ones.

A cut wire carries nothing in either direction. The other side sees what it would see of a host
that lost its power: no DTLS alert, no RTP, no RTCP, no response to STUN.
"""

import asyncio
from collections.abc import Callable
from contextvars import ContextVar
from typing import Any, cast

# STUN's datagrams start with a smaller byte, those of DTLS and RTP with this or a larger one
# (RFC 7983).
_FIRST_OF_DTLS = 20


class Wire:
    """The UDP endpoints of one call.

    Attributes:
        remote: The host and port that the last DTLS or RTP packet came from.
    """

    def __init__(self) -> None:
        self.remote: tuple[str, int] | None = None
        self._is_cut = False

    def cut(self) -> None:
        """Carry nothing any more."""
        self._is_cut = True

    def carries(self) -> bool:
        """Return True if the wire isn't cut."""
        return not self._is_cut

    def note(self, data: bytes, address: Any) -> None:
        """Note where a packet came from, unless it is STUN's."""
        if data and data[0] >= _FIRST_OF_DTLS:
            self.remote = address[:2]


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
        transport, _ = await super().create_datagram_endpoint(
            lambda: _Receiver(wire, protocol), *args, **options
        )
        return transport, protocol


class _Receiver(asyncio.DatagramProtocol):
    """Passes what arrives over the wire on to a protocol."""

    def __init__(self, wire: Wire, protocol: asyncio.DatagramProtocol) -> None:
        self._wire = wire
        self._protocol = protocol

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        datagrams = cast(asyncio.DatagramTransport, transport)
        self._protocol.connection_made(_Sender(self._wire, datagrams))

    def connection_lost(self, exc: Exception | None) -> None:
        self._protocol.connection_lost(exc)

    def datagram_received(self, data: bytes, addr: Any) -> None:
        if self._wire.carries():
            self._wire.note(data, addr)
            self._protocol.datagram_received(data, addr)

    def error_received(self, exc: Exception) -> None:
        self._protocol.error_received(exc)


class _Sender(asyncio.DatagramTransport):
    """Sends over the wire."""

    def __init__(self, wire: Wire, transport: asyncio.DatagramTransport) -> None:
        super().__init__()
        self._wire = wire
        self._transport = transport

    def sendto(self, data: Any, addr: Any = None) -> None:
        if self._wire.carries():
            self._transport.sendto(data, addr)

    def get_extra_info(self, name: str, default: Any = None) -> Any:
        return self._transport.get_extra_info(name, default)

    def is_closing(self) -> bool:
        return self._transport.is_closing()

    def close(self) -> None:
        self._transport.close()

    def abort(self) -> None:
        self._transport.abort()
