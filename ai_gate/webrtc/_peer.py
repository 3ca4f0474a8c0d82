"""The peer connection of one call: made, connected and taken down.

What aiortc's public surface lacks is in `_aiortc_internals.py`.
"""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Literal, TypeAlias

from aiortc import (
    MediaStreamTrack,
    RTCBundlePolicy,
    RTCConfiguration,
    RTCDataChannel,
    RTCIceServer,
    RTCIceTransportPolicy,
    RTCPeerConnection,
    RTCSessionDescription,
)
from aiortc.stats import RTCTransportStats

from ai_gate.webrtc._aiortc_internals import (
    cut,
    give_turn_back,
    is_someone_else,
    mask_logs,
    on_answer,
    own_close,
    said_goodbye,
    stop_consent,
    turn_released,
    use_receive_buffer,
    use_turn_server,
    widen_receive_buffers,
)
from ai_gate.webrtc._answer import for_aiortc
from ai_gate.webrtc._audio.outgoing import OutgoingTrack
from ai_gate.webrtc._audio.receive_buffer import ReceiveBuffer
from ai_gate.webrtc._condition import Condition
from ai_gate.webrtc._requirement import requiring_aiortc
from ai_gate.webrtc._types import Candidate, TurnServer
from ai_gate.webrtc.errors import WebRTCError
from ai_gate.webrtc.turn._allocation import tls_context

CHANNEL = "oai-events"
"""The label of the data channel on which events travel."""

GATHERING = 6.0
"""How long gathering can go on, in seconds: aioice's limit is 5 s."""
SETTLING = 5.0
"""How long a connection is given at most to be made or to fail before it is closed, in seconds:
only one that is made can tell the peer that it closes."""
CLOSING = 5.0
"""How long a close is given before it is cut, in seconds. If the TURN server has died it would take
63 s."""
RELEASING = 2.0
"""How long the TURN server is given to take its allocation back, in seconds."""
AT_ONCE = 1.0
"""How long each of these may take if the loop is about to end, in seconds."""

End: TypeAlias = Literal["hung up", "lost"]
"""How a connection ended: the peer said so, or it broke or never stood."""


class Peer:
    """A peer connection with a track and a data channel.

    Args:
        audio: The app's track, or None.
        server: The TURN server, or None.
        relay_only: Whether only a way through the TURN server will do.
    """

    def __init__(
        self, audio: MediaStreamTrack | None, server: TurnServer | None, relay_only: bool
    ) -> None:
        mask_logs()
        # It makes a certificate, which a broken OpenSSL can't.
        with requiring_aiortc():
            self.pc = RTCPeerConnection(_configuration(server, relay_only))
        self.outgoing = OutgoingTrack(audio)
        transceiver = self.pc.addTransceiver(self.outgoing, direction="sendrecv")
        self.receive_buffer = ReceiveBuffer()
        use_receive_buffer(transceiver.receiver, self.receive_buffer)
        self.channel: RTCDataChannel = self.pc.createDataChannel(CHANNEL)
        if server is not None:
            use_turn_server(self.pc, server, tls_context(server))
        if self.pc.sctp is None:
            raise WebRTCError("aiortc made no transport for the data channel.")
        self._dtls = self.pc.sctp.transport
        self.end: End | None = None
        self.has_path = False
        """Whether a path to the peer was found."""
        self._answers = 0
        """The answers to checks of ICE, those of the peer's consent among them."""
        self._gathering: asyncio.Task[None] | None = None
        self._changed = Condition()
        self._on_end: Callable[[End], None] = lambda end: None
        self._listen()

    def on_end(self, callback: Callable[[End], None]) -> None:
        """Have a function called when the connection ends by itself."""
        self._on_end = callback

    @property
    def is_open(self) -> bool:
        """Whether events can travel."""
        return self.channel.readyState == "open" and self.end is None

    @property
    def candidates(self) -> tuple[Candidate, ...]:
        """This side's addresses."""
        return tuple(
            Candidate(one.type, one.protocol, one.ip, one.port)
            for one in self._dtls.transport.iceGatherer.getLocalCandidates()
        )

    @property
    def is_someone_else(self) -> bool:
        """Whether its certificate isn't the one that the SDP answer names."""
        return is_someone_else(self.pc)

    async def offer(self) -> str:
        """Gather this side's addresses and return the SDP offer with them."""
        # Shielded, because aioice leaves sockets and a TURN allocation behind if it is cancelled.
        self._gathering = asyncio.ensure_future(self.pc.setLocalDescription())
        await asyncio.shield(self._gathering)
        on_answer(self.pc, self._count_answer)
        widen_receive_buffers(self.pc)
        # Not stripped: without its last line break OpenAI doesn't read it.
        return self.pc.localDescription.sdp

    async def accept(self, answer: str) -> None:
        """Begin to connect to the peer, by its SDP answer.

        Raises:
            Exception: It can't be read, or doesn't fit the offer; aiortc raises many kinds.
        """
        await self.pc.setRemoteDescription(
            RTCSessionDescription(sdp=for_aiortc(answer), type="answer")
        )

    async def opened(self) -> None:
        """Wait until events can travel, or never will."""
        await self._changed.wait_for(lambda: self.is_open or self.end is not None)

    async def packets_received(self) -> int:
        """Count the packets that have come: RTP, RTCP, the channel's and answers of ICE."""
        stats = await self.pc.getStats()
        return self._answers + sum(
            one.packetsReceived for one in stats.values() if isinstance(one, RTCTransportStats)
        )

    def hang_up(self) -> None:
        """Close the channel, if the peer can still be told."""
        if self._dtls.state != "connected":
            return
        before = asyncio.all_tasks()
        self.channel.close()
        # aiortc tells the peer in a task of its own, whose failure asyncio would complain of: it
        # fails if the loop ends.
        for telling in asyncio.all_tasks() - before:
            telling.add_done_callback(_retrieve_failure)

    async def release(self, after: Awaitable[None], settling: float) -> None:
        """Wait for something and then give everything back, within bounds of time.

        If it is cancelled, because the loop is about to end, it gives back at once: `asyncio.run`
        waits for the tasks that it cancels, and for no others.

        Args:
            after: What is waited for first.
            settling: How long a connection is given to be made or to fail before, in seconds.
        """
        try:
            await after
            await self._settled(min(settling, SETTLING))
            closing = asyncio.ensure_future(self.pc.close())
            if not await _done(closing, CLOSING):
                cut(self.pc)
                await _done(closing, CLOSING)
            stop_consent(self.pc)
            await turn_released(RELEASING)
        except asyncio.CancelledError:
            await self._release_at_once()
            raise

    async def _release_at_once(self) -> None:
        closing = asyncio.ensure_future(self.pc.close())
        try:
            await _done(closing, AT_ONCE)
            # If the server doesn't take back one allocation, it is dead: don't ask again.
            if await turn_released(AT_ONCE):
                await give_turn_back(self.pc, AT_ONCE)
        finally:
            cut(self.pc)
            stop_consent(self.pc)
            # aiortc's own close waits for ever for a task that the end of the loop has cut.
            for task in {closing, own_close(self.pc) or closing}:
                task.cancel()
                await _done(task, AT_ONCE)

    async def _settled(self, seconds: float) -> None:
        if self._gathering is not None:
            await _done(self._gathering, GATHERING)
        await self._changed.wait_at_most(seconds, lambda: self.pc.connectionState != "connecting")

    def _count_answer(self) -> None:
        self._answers += 1

    def _listen(self) -> None:
        self.channel.on("open", self._look)
        self.channel.on("close", self._look)
        self.pc.on("connectionstatechange", self._look)
        # The peer connection's own state doesn't say that there is a path, and says too late that
        # there is none any more.
        self._dtls.on("statechange", self._look)
        self._dtls.transport.on("statechange", self._look)

    def _look(self) -> None:
        self.has_path = self.has_path or self._dtls.transport.state == "completed"
        if self.end is None:
            self.end = self._judged()
            if self.end is not None:
                self._on_end(self.end)
        self._changed.notify()

    def _judged(self) -> End | None:
        """Return how the connection ended, or None if it hasn't."""
        if self.channel.readyState == "closed" and self._dtls.state == "connected":
            return "hung up"
        if {self._dtls.state, self.pc.connectionState}.isdisjoint(("closed", "failed")):
            return None
        return "hung up" if said_goodbye(self.pc) else "lost"


def _configuration(server: TurnServer | None, relay_only: bool) -> RTCConfiguration:
    # Always a list: with None aiortc would ask a STUN server of Google's.
    servers = [] if server is None or server.is_ipv6 else [RTCIceServer(**server.ice_server())]
    policy = RTCIceTransportPolicy.RELAY if relay_only else RTCIceTransportPolicy.ALL
    return RTCConfiguration(
        iceServers=servers, bundlePolicy=RTCBundlePolicy.MAX_BUNDLE, iceTransportPolicy=policy
    )


async def _done(task: asyncio.Future[None], seconds: float) -> bool:
    """Wait for a task, for a limited time, and return True if it is done, be it with a failure."""
    await asyncio.wait({task}, timeout=seconds)
    if task.done():
        _retrieve_failure(task)
    return task.done()


def _retrieve_failure(task: asyncio.Future[None]) -> None:
    """Retrieve a failure, because asyncio complains of one that isn't retrieved."""
    if not task.cancelled():
        task.exception()
