"""One allocation on a TURN server (RFC 8656): taken, and always given back.

aioice's own clients make the requests, so that what works here works in a call. They are extended
by what aioice leaves to its timeouts: a refusal of the port and a connection that ends are noticed
at once.
"""

import asyncio
import contextlib
import math
import ssl
import struct
from collections.abc import Callable
from time import monotonic
from typing import TYPE_CHECKING, Any, TypeAlias

from aioice import stun, turn
from aioice.utils import random_transaction_id

from ai_gate._http.tls import plain_context, without_dot
from ai_gate.webrtc._aiortc_internals import (
    has_signed,
    is_allocated,
    mask_logs,
    refreshing_task,
    widen_receive_buffer,
)
from ai_gate.webrtc._types import TurnServer
from ai_gate.webrtc.turn._reasons import TIMED_OUT, ShortLivedError, reason_of, refusal

if TYPE_CHECKING:
    _Base = turn.TurnClientMixin
else:
    _Base = object

ANSWER_LIMIT = 0.5
"""How long the answer to a request that was given up is still waited for, in seconds."""
RELEASE_LIMIT = 1.0
"""How long giving an allocation back may take, in seconds: a reachable server needs one answer."""
PERMISSION_REFRESH = 240
"""How old a permission may be when what is sent renews it, in seconds: it ends after 300 (RFC 8656,
section 9), and before that the renewal needs time. aioice's 500 are for the channel alone."""
SHORTEST = 10
"""The shortest lifetime of an allocation that is kept, in seconds; servers give 600 (RFC 8656,
section 3.2). aioice would ask for a renewal without pause where it is 0."""

TRY_ALTERNATE = 300
"""The code of a server that sends the client on to another one (RFC 8489, section 10)."""
STALE_NONCE = 438
"""The code of a server that has forgotten the nonce which it gave (RFC 8489, section 9.2.4)."""
QUOTA_REACHED = 486
"""The code of a server that counts too many allocations of this user (RFC 8656, section 19)."""
QUOTA_GRACE = 1.2
"""How long after that a server is asked once more, in seconds: coturn counts an allocation that was
given back for a second more, so that the call after a call would find no room."""
ALTERNATE_SERVER = 0x8023
"""The attribute that names the other one (RFC 8489, section 14.15)."""
ALTERNATE_DOMAIN = 0x8003
"""The attribute with the name that the other one's certificate is for (RFC 8489, section 14.16)."""
HEADER = 20
"""The bytes of the header of a STUN message."""


def tls_context(server: TurnServer) -> ssl.SSLContext | None:
    """Return the TLS context of connections to a server, or None if it is reached without TLS.

    It follows the CA settings of the environment, as the rest of the SDK does.
    """
    return plain_context() if server.is_tls else None


class Allocation:
    """An allocation on a TURN server, from the first packet to the last.

    Args:
        server: The server.
        host: The address of it that is tried.
    """

    def __init__(self, server: TurnServer, host: str) -> None:
        mask_logs()
        self.client: Client | None = None
        """What sends through the relay, once it was asked for an address there."""
        self._server = server
        self._address = (host, server.port)
        self._name = without_dot(server.host)
        self._failure: Exception | None = None
        self._limit: asyncio.Timeout | None = None
        self._may_exist = False
        """Whether the server may hold an allocation."""

    async def take(self, timeout: float) -> str | None:
        """Ask the server for an address to relay through.

        Args:
            timeout: The longest wait, in seconds.

        Returns:
            None if the server gave one, else the reason, for a person.
        """
        try:
            async with asyncio.timeout(timeout) as self._limit:
                await self._ask_twice()
        except TimeoutError:
            return TIMED_OUT if self._failure is None else _reason(self._failure)
        except Exception as error:
            # Only a refusal says for certain that there is no allocation.
            self._may_exist = not isinstance(error, stun.TransactionFailed)
            return _reason(error)
        finally:
            self._limit = None
        return None

    async def _ask_twice(self) -> None:
        try:
            await self._ask()
        except stun.TransactionFailed as refusal:
            client = self.client
            code = refusal.response.error_code
            if client is None:
                raise
            if code == TRY_ALTERNATE and client.alternate is not None:
                await client.leave()
                self._address = client.alternate
                # Over TLS the other one must have a certificate for it (RFC 8489, section 10).
                self._name = client.alternate_domain or self._name
            elif code == QUOTA_REACHED:
                await client.leave()
                # The reason if there is no time left.
                self._failure = refusal
                await asyncio.sleep(QUOTA_GRACE)
            else:
                raise
            # Not a third time: what is said now counts.
            await self._ask()

    async def _ask(self) -> None:
        self.client = await open_client(self._server, self._address, self._name, self._fail)
        self._may_exist = True
        await self.client.connect()

    async def give_back(self) -> None:
        """Give the allocation back, if there may be one, and close the socket."""
        try:
            await self._give_back()
        except asyncio.CancelledError:
            # The end of the loop cancels each task once, and then waits for it.
            await self._give_back()
            raise

    async def _give_back(self) -> None:
        client = self.client
        if client is None:
            return
        refreshing = refreshing_task(client)
        try:
            if self._may_exist:
                await _release(client)
        finally:
            # Closing would wait for the other side of TLS to say goodbye.
            client.transport.abort()
        if refreshing is not None:
            await asyncio.wait([refreshing])
        await client.closed.wait()

    def _fail(self, failure: Exception) -> None:
        """Note the first failure, and end the wait for an answer now instead of at its limit."""
        if self._failure is None and self._limit is not None and not self._limit.expired():
            self._failure = failure
            self._limit.reschedule(asyncio.get_running_loop().time())


def _reason(failure: Exception) -> str:
    if isinstance(failure, stun.TransactionFailed):
        return refusal(failure.response.error_code)
    return reason_of(failure)


class _Watched(_Base):
    """Reports failures that aioice doesn't look at.

    Args:
        server: The server.
        address: Its address and port.
        fail: Called with each failure.
    """

    def __init__(
        self, server: TurnServer, address: tuple[str, int], fail: Callable[[Exception], None]
    ) -> None:
        super().__init__(
            address,
            server.username,
            server.credential,
            turn.DEFAULT_ALLOCATION_LIFETIME,
            PERMISSION_REFRESH,
        )
        self._fail = fail
        self._asked: bytes | None = None
        """The transaction of the last request for an allocation."""
        self.answered = asyncio.Event()
        """Whether that request was answered, or never will be."""
        self.alternate: tuple[str, int] | None = None
        """The address and port that the answer sends us on to."""
        self.alternate_domain: str | None = None
        """The name that the certificate there is for, if it is another one."""
        self.closed = asyncio.Event()
        """Whether the socket is closed."""
        self._renewals: dict[int, float] = {}
        """When the permission of each channel is to be renewed, by the monotonic clock."""

    @property
    def is_undecided(self) -> bool:
        """Whether the server may be making an allocation: a signed request has no answer yet.

        The first request isn't signed, and a server that wants credentials makes none for it.
        """
        return has_signed(self) and not self.answered.is_set()

    def send_stun(self, message: stun.Message, addr: tuple[str, int]) -> None:
        """Send a request, and remember it if it asks for an allocation."""
        if message.message_method == stun.Method.ALLOCATE:
            self._asked = message.transaction_id
            self.answered.clear()
        super().send_stun(message, addr)

    async def request_with_retry(
        self, request: stun.Message
    ) -> tuple[stun.Message, tuple[str, int]]:
        """Make a request, and see to it that the next one isn't due at once."""
        try:
            response, addr = await super().request_with_retry(request)
        except stun.TransactionFailed as refusal:
            if refusal.response.error_code != STALE_NONCE or not has_signed(self):
                raise
            # aioice takes one new nonce, and has taken that of the refusal before this one.
            request.transaction_id = random_transaction_id()
            response, addr = await super().request_with_retry(request)
        lifetime = response.attributes.get("LIFETIME", SHORTEST)
        if lifetime < SHORTEST:
            if request.message_method == stun.Method.ALLOCATE:
                raise ShortLivedError(f"an allocation for {lifetime} s only")
            response.attributes["LIFETIME"] = SHORTEST
        return response, addr

    async def channel_bind(self, channel_number: int, addr: tuple[str, int]) -> None:
        """Bind a channel to an address, which gives a permission too, or renews both."""
        await super().channel_bind(channel_number, addr)
        self._renewals[channel_number] = monotonic() + PERMISSION_REFRESH

    async def send_data(self, data: bytes, addr: tuple[str, int]) -> None:
        """Send a packet; if the permission is old, renew it before.

        aioice sees that by the wall clock: once that is set back, the permission would end.
        """
        channel = self.peer_to_channel.get(addr)
        if channel is not None and monotonic() > self._renewals.get(channel, math.inf):
            self.channel_refresh_at[channel] = 0.0
        await super().send_data(data, addr)

    def connection_lost(self, exc: Exception | None) -> None:
        """Notice that the socket is closed."""
        self.closed.set()
        self.answered.set()
        self._fail(exc or ConnectionAbortedError())
        super().connection_lost(exc)

    async def leave(self) -> None:
        """Close the socket, which is no failure."""
        self._fail = lambda failure: None
        transport: Any = self.transport
        transport.abort()
        await self.closed.wait()

    def error_received(self, exc: Exception) -> None:
        """Notice that nobody listens on the UDP port, or that no packet gets there."""
        self._fail(exc)

    def datagram_received(self, data: bytes | str, addr: Any) -> None:
        """Read an answer. One that aioice can't read, because it isn't TURN, fails at once."""
        # The transaction's ID is in bytes 8 to 20 of the header (RFC 8489, section 5).
        is_answer = data[8:HEADER] == self._asked
        if is_answer:
            self.answered.set()
        try:
            if is_answer and isinstance(data, bytes):
                self._read_alternate(_attributes(data))
            super().datagram_received(data, addr)
        except Exception as error:
            self._fail(error)

    def _read_alternate(self, attributes: dict[int, bytes]) -> None:
        """Note where the answer sends us on to, which aioice doesn't read."""
        if (server := attributes.get(ALTERNATE_SERVER)) is not None:
            self.alternate = stun.unpack_address(server)
        if (domain := attributes.get(ALTERNATE_DOMAIN)) is not None:
            self.alternate_domain = domain.decode()


def _attributes(message: bytes) -> dict[int, bytes]:
    """Return the attributes of a STUN message."""
    found: dict[int, bytes] = {}
    place = HEADER
    while place + 4 <= len(message):
        kind, length = struct.unpack_from("!HH", message, place)
        place += 4
        found.setdefault(kind, message[place : place + length])
        place += length + -length % 4
    return found


class DatagramClient(_Watched, turn.TurnClientUdpProtocol):
    """A client over UDP."""


class StreamClient(_Watched, turn.TurnClientTcpProtocol):
    """A client over TCP or TLS."""


Client: TypeAlias = DatagramClient | StreamClient


async def open_client(
    server: TurnServer,
    address: tuple[str, int],
    name: str,
    fail: Callable[[Exception], None],
) -> Client:
    """Open a socket as aioice does.

    Args:
        server: The server.
        address: Its address and port.
        name: The name that its certificate must have.
        fail: Called with each failure that aioice doesn't look at.
    """
    loop = asyncio.get_running_loop()
    kind = DatagramClient if server.is_datagram else StreamClient
    client: Client = kind(server, address, fail)
    context = tls_context(server)
    try:
        if server.is_datagram:
            await loop.create_datagram_endpoint(lambda: client, remote_addr=address)
            widen_receive_buffer(client.transport)
        else:
            verified = name if context else None
            await loop.create_connection(
                lambda: client, *address, ssl=context, server_hostname=verified
            )
    except asyncio.CancelledError:
        # If TLS was just established, asyncio closes it with a goodbye, and waits for the other
        # side's. A loop that ends would leave the socket open.
        if (transport := getattr(client, "transport", None)) is not None:
            transport.abort()
            await client.closed.wait()
        raise
    return client


async def _release(client: Client) -> None:
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(ANSWER_LIMIT):
            # A release that overtakes the request would release nothing.
            if client.is_undecided:
                await client.answered.wait()
    if not has_signed(client) and not is_allocated(client):
        return
    with contextlib.suppress(TimeoutError, OSError):
        async with asyncio.timeout(RELEASE_LIMIT):
            await client.delete()
