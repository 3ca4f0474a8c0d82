"""aioice's TURN clients, with an eye on what they don't look at.

aioice's own clients make the requests, so that what works here works in a call. These add what
aioice leaves to its timeouts: a refusal of the port and a connection that ends are noticed at once.
"""

import asyncio
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, TypeAlias

from aioice import stun, turn

from ai_gate.webrtc._behind_aiortc import has_signed
from ai_gate.webrtc._turn_tls import turn_context
from ai_gate.webrtc._turn_urls import TurnServer

if TYPE_CHECKING:
    _Base = turn.TurnClientMixin
else:
    _Base = object


class _Watched(_Base):
    """Tells of failures that aioice doesn't look at."""

    def __init__(self, server: TurnServer, fail: Callable[[Exception], None]) -> None:
        super().__init__(
            (server.host, server.port),
            server.username,
            server.credential,
            turn.DEFAULT_ALLOCATION_LIFETIME,
            turn.DEFAULT_CHANNEL_REFRESH_TIME,
        )
        self._fail = fail
        self._asked: bytes | None = None
        self.answered = asyncio.Event()
        """Whether the last request for an allocation was answered, or never will be."""
        self.closed = asyncio.Event()
        """Whether the socket is closed."""

    @property
    def is_undecided(self) -> bool:
        """Whether the server may be making an allocation: a signed request has no answer yet.

        The first request isn't signed, and a server that wants credentials makes none for it.
        """
        return has_signed(self) and not self.answered.is_set()

    def send_stun(self, message: stun.Message, addr: tuple[str, int]) -> None:
        """Send a request, and remember the one for an allocation."""
        if message.message_method == stun.Method.ALLOCATE:
            self._asked = message.transaction_id
            self.answered.clear()
        super().send_stun(message, addr)

    def connection_lost(self, exc: Exception | None) -> None:
        """Notice that the socket is closed."""
        self.closed.set()
        self.answered.set()
        self._fail(exc or ConnectionAbortedError())
        super().connection_lost(exc)

    def error_received(self, exc: Exception) -> None:
        """Notice that nobody listens on the UDP port, or that no packet gets there."""
        self._fail(exc)

    def datagram_received(self, data: bytes | str, addr: Any) -> None:
        """Read an answer. One that aioice can't read, for it isn't TURN, fails at once."""
        # The transaction's ID is in bytes 8 to 20 of the header (RFC 8489, section 5).
        if data[8:20] == self._asked:
            self.answered.set()
        try:
            super().datagram_received(data, addr)
        except Exception as error:
            self._fail(error)


class UDPClient(_Watched, turn.TurnClientUdpProtocol):
    """A client over UDP."""


class StreamClient(_Watched, turn.TurnClientTcpProtocol):
    """A client over TCP or TLS."""


Client: TypeAlias = UDPClient | StreamClient


async def open_client(server: TurnServer, fail: Callable[[Exception], None]) -> Client:
    """Open a socket as aioice does: by name, so that TLS verifies it."""
    loop = asyncio.get_running_loop()
    client: Client
    if server.transport == "udp":
        _, client = await loop.create_datagram_endpoint(
            lambda: UDPClient(server, fail), remote_addr=(server.host, server.port)
        )
    else:
        _, client = await loop.create_connection(
            lambda: StreamClient(server, fail),
            server.host,
            server.port,
            ssl=turn_context() if server.transport == "tls" else None,
        )
    return client
