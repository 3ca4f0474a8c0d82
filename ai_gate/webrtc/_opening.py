"""From a session to an open call: offer, answer, path, channel, in that order."""

import asyncio
import logging
import time
from contextlib import aclosing

import httpx

from ai_gate._call.exchange import Deadline
from ai_gate._http import AsyncClients
from ai_gate._logging import log
from ai_gate._redaction import without_frames
from ai_gate.errors import AIGateError, APITimeoutError, InvalidResponseError
from ai_gate.types import SessionResponse
from ai_gate.webrtc._answer import reason_of, unusable
from ai_gate.webrtc._call_connection import CallConnection
from ai_gate.webrtc._client_secret import client_secret
from ai_gate.webrtc._events import max_size
from ai_gate.webrtc._options import Options
from ai_gate.webrtc._peer import Peer
from ai_gate.webrtc._sdp_post import MAY_HAVE_BEGUN, Poster
from ai_gate.webrtc._signaling import SDPAnswer, sdp_exchange
from ai_gate.webrtc._types import SDP
from ai_gate.webrtc.call import Call
from ai_gate.webrtc.errors import (
    ClientSecretExpiredError,
    ConnectionLostError,
    NoPathError,
    OpenTimeoutError,
    SDPRefusedError,
    WebRTCError,
)
from ai_gate.webrtc.turn._relay import Relay, reasons

MARGIN = 0.05
"""How long before the end of the time the SDP offer must be answered, in seconds at most."""


async def open_call(session: SessionResponse, options: Options, *, is_new: bool) -> Call:
    """Open a call.

    Args:
        session: The session.
        options: The settings of the call.
        is_new: Whether the session was created just now, so that a refusal can't come from its age.

    Raises:
        AIGateError: It can't be opened. All that was taken is given back, or is about to be.
    """
    try:
        opening = Opening(session, options, is_new=is_new)
    except AIGateError as problem:
        without_frames(problem)
        raise
    finally:
        # What shows the variables of a failure would show the session.
        del session
    limit = asyncio.timeout(options.open_timeout)
    try:
        async with limit:
            return await opening.run()
    except TimeoutError as error:
        # If the limit hasn't expired, the error is the app's own, from a hook of its http_client.
        failure = opening.too_late() if limit.expired() else None
        await opening.abandon()
        if failure is None:
            raise
        raise failure from error
    except BaseException:
        await opening.abandon()
        raise


class Opening:
    """A call that is being opened.

    Args:
        session: The session.
        options: The settings of the call.
        is_new: Whether the session was created just now.
    """

    def __init__(self, session: SessionResponse, options: Options, *, is_new: bool) -> None:
        self._session = session
        self._secret = client_secret(session)
        self._options = options
        self._is_new = is_new
        self._started = time.monotonic()
        self._relay = Relay(session.get("turn_credentials"))
        self._connection: CallConnection | None = None
        self._is_posting = False

    async def run(self) -> Call:
        """Open the call."""
        options = self._options
        peer = Peer(
            options.audio, self._relay, relay_only=options.relay_only, ice_tcp=options.ice_tcp
        )
        connection = CallConnection(peer, self._options, self._started)
        self._connection = connection
        offer = await self._offer(peer)
        connection.mark("gathered")
        answer = await self._exchange(offer)
        connection.call_id = answer.call_id
        connection.mark("answered")
        await self._connect(peer, answer.sdp)
        connection.begin()
        peer.leave_unused()
        self._log_open(connection)
        return Call(
            connection,
            self._session,
            lambda: self._relay.results,
            max_size(answer.sdp.text),
            self._options.close_timeout,
        )

    def too_late(self) -> WebRTCError | APITimeoutError:
        """Return the failure to raise after the time is over."""
        within = self._within
        if self._is_posting:
            return APITimeoutError(f"The SDP offer was not answered {within}. {MAY_HAVE_BEGUN}")
        if self._connection is not None and self._connection.peer.has_path:
            return OpenTimeoutError(f"A path was found, but no channel was open {within}.")
        return self._no_path(within)

    async def abandon(self) -> None:
        """Give back what was taken: wait a while for it, and leave the rest to the background."""
        if self._connection is not None:
            self._connection.end()
            await self._connection.released(self._options.close_timeout)

    async def _offer(self, peer: Peer) -> SDP:
        try:
            offer = await peer.offer()
        except (OSError, ValueError) as error:
            raise WebRTCError(f"The own addresses can't be gathered: {error}") from error
        if not peer.candidates:
            if self._options.relay_only:
                raise self._no_path("because no TURN server works")
            raise self._no_path("because this machine has no address for it")
        return offer

    async def _exchange(self, offer: SDP) -> SDPAnswer:
        url = httpx.URL(self._options.realtime_url)
        exchange = sdp_exchange(self._options.api, url, self._session.get("model"))
        self._is_posting = True
        try:
            async with aclosing(self._options.clients()) as clients:
                answer = await exchange.exchange(offer, self._poster(clients))
        except SDPRefusedError as refused:
            if refused.status_code == 401 and self._has_expired(refused):
                raise _expired(refused) from refused
            raise
        self._is_posting = False
        return answer

    def _poster(self, clients: AsyncClients) -> Poster:
        # A little less than all the time: it tells whether anything was sent, a cut can't.
        left = self._options.open_timeout - (time.monotonic() - self._started)
        deadline = Deadline(left - min(MARGIN, 0.1 * left))
        return Poster(clients, self._secret.value, deadline, self._within)

    @property
    def _within(self) -> str:
        return f"within {self._options.open_timeout:g} s"

    def _has_expired(self, refused: SDPRefusedError) -> bool:
        says_so = "expired" in (refused.code or "")
        return says_so or (not self._is_new and self._secret.may_have_expired(time.time()))

    async def _connect(self, peer: Peer, answer: SDP) -> None:
        if (problem := await _problem(peer, answer)) is not None:
            raise InvalidResponseError(
                f"The SDP answer can't be used ({problem}). {MAY_HAVE_BEGUN}"
            )
        await peer.opened()
        if peer.end is None:
            return
        if not peer.has_path:
            raise self._no_path("though both sides have tried")
        reason = "the peer hung up" if peer.end == "hung up" else "the transport failed"
        if peer.is_someone_else:
            reason = "its certificate isn't the one that the SDP answer names"
        raise ConnectionLostError(
            f"The connection was lost before the channel was open: {reason}.", reason=reason
        )

    def _no_path(self, why: str) -> NoPathError:
        results = self._relay.results
        tried = f" TURN: {reasons(results)}." if results else ""
        if self._relay.refusal is not None:
            tried += f" It lets nothing through to the peer: {self._relay.refusal}."
        return NoPathError(
            f"No path to the peer was found {why}.{tried}",
            candidates=self._connection.peer.candidates if self._connection else (),
            turn_results=results,
        )

    def _log_open(self, connection: CallConnection) -> None:
        timings = connection.timings
        log(
            logging.DEBUG,
            False,
            "call %s: open after %.3f s (gathered %.3f, answered %.3f)",
            connection.call_id,
            timings.opened,
            timings.gathered,
            timings.answered,
        )


async def _problem(peer: Peer, answer: SDP) -> str | None:
    """Begin to connect; return why the answer can't be used, or None if it can."""
    if (reason := unusable(answer.text, peer.protocols)) is not None:
        return reason
    try:
        await peer.accept(answer)
    except Exception as error:
        # Not the error itself: it can quote the answer.
        return reason_of(error)
    return None


def _expired(refused: SDPRefusedError) -> ClientSecretExpiredError:
    return ClientSecretExpiredError(
        "The session's client secret has expired: connect right after the session was created, or "
        f"pass a factory. {refused.message}",
        refused.status_code,
        refused.response,
        body=refused.body,
        headers=refused.headers,
    )
