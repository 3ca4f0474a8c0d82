"""One allocation on a TURN server (RFC 8656): taken, and always given back."""

import asyncio
import contextlib

from aioice import stun

from ai_gate.webrtc._behind_aiortc import has_signed, is_allocated, refreshing_task
from ai_gate.webrtc._masked_lines import mask_lines
from ai_gate.webrtc._turn_clients import Client, open_client
from ai_gate.webrtc._turn_reasons import reason_of
from ai_gate.webrtc._turn_urls import TurnServer

ANSWER_LIMIT = 0.5
"""How long an answer is waited for, in seconds, that nobody else waits for any more."""
RELEASE_LIMIT = 1.0
"""How long giving an allocation back may take, in seconds: a reachable server needs one answer."""


class Allocation:
    """An allocation on a TURN server, from the first packet to the last."""

    def __init__(self, server: TurnServer) -> None:
        mask_lines()
        self._server = server
        self._client: Client | None = None
        self._failure: Exception | None = None
        self._limit: asyncio.Timeout | None = None
        self._may_stand = False

    async def take(self, timeout: float) -> str | None:
        """Ask the server for an address to relay through.

        Args:
            timeout: The longest wait, in seconds.

        Returns:
            None where the server gave one, else the reason, for a person.
        """
        try:
            async with asyncio.timeout(timeout) as self._limit:
                self._client = await open_client(self._server, self._fail)
                self._may_stand = True
                await self._client.connect()
        except TimeoutError:
            if self._failure is None:
                return f"timed out after {timeout:.1f} s"
            return reason_of(self._failure)
        except Exception as error:
            self._may_stand = not isinstance(error, stun.TransactionFailed)
            return reason_of(error)
        finally:
            self._limit = None
        return None

    async def give_back(self) -> None:
        """Give the allocation back, if there may be one, and close the socket."""
        client = self._client
        if client is None:
            return
        refreshing = refreshing_task(client)
        try:
            if self._may_stand:
                await _release(client)
        finally:
            # Closing would wait for the other side of TLS to say goodbye.
            client.transport.abort()
        if refreshing is not None:
            await asyncio.wait([refreshing])
        await client.closed.wait()

    def _fail(self, failure: Exception) -> None:
        if self._failure is None and self._limit is not None and not self._limit.expired():
            self._failure = failure
            self._limit.reschedule(asyncio.get_running_loop().time())


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
