"""The peer connection of one call: made, connected and taken down.

What aiortc's public surface lacks is in `_aiortc_internals.py`.
"""

import asyncio
import socket
from collections.abc import Awaitable, Callable, Iterable
from typing import Literal, TypeAlias

from aiortc import (
    MediaStreamTrack,
    RTCBundlePolicy,
    RTCConfiguration,
    RTCDataChannel,
    RTCIceTransportPolicy,
    RTCPeerConnection,
    RTCSessionDescription,
)

from ai_gate.webrtc._aiortc_internals import (
    add_way,
    drop_strange,
    is_someone_else,
    mask_logs,
    note_connecting,
    on_sign_of_life,
    outlive_messages,
    own_close,
    put_last,
    said_goodbye,
    selected_pair,
    stop_consent,
    use_receive_buffer,
    widen_receive_buffers,
)
from ai_gate.webrtc._answer import addresses, for_aiortc
from ai_gate.webrtc._audio.outgoing import OutgoingTrack
from ai_gate.webrtc._audio.receive_buffer import ReceiveBuffer
from ai_gate.webrtc._condition import Condition
from ai_gate.webrtc._ice_tcp import UNKNOWN, TCPWay
from ai_gate.webrtc._requirement import requiring_aiortc
from ai_gate.webrtc._types import SDP, Candidate
from ai_gate.webrtc.errors import WebRTCError
from ai_gate.webrtc.turn._relay import Relay

CHANNEL = "oai-events"
"""The label of the data channel on which events travel."""

SETTLING = 5.0
"""How long a connection is given at most to be made or to fail before it is closed, in seconds:
only one that is made can tell the peer that it closes."""
DISCARD = 9
"""A port to ask the way to: it doesn't depend on it, and nothing is sent there."""
CLOSING = 5.0
"""How long a close may take, in seconds."""
RELEASING = 2.0
"""How long the TURN server is waited for that takes its allocation back, in seconds."""
AT_ONCE = 1.0
"""How long each of these may take if the loop is about to end, in seconds."""

End: TypeAlias = Literal["hung up", "lost"]
"""How a connection ended: the peer said so, or it broke or never stood."""


class Peer:
    """A peer connection with a track and a data channel.

    Args:
        audio: The app's track, or None.
        relay: The way through a TURN server.
        relay_only: Whether only that will do.
        ice_tcp: Whether TCP may be used to the peer.
    """

    def __init__(
        self, audio: MediaStreamTrack | None, relay: Relay, *, relay_only: bool, ice_tcp: bool
    ) -> None:
        mask_logs()
        # It makes a certificate, which a broken OpenSSL can't.
        with requiring_aiortc():
            self.pc = RTCPeerConnection(_configuration(relay_only))
        self.relay = relay
        self.outgoing = OutgoingTrack(audio)
        transceiver = self.pc.addTransceiver(self.outgoing, direction="sendrecv")
        self.receive_buffer = ReceiveBuffer()
        use_receive_buffer(transceiver.receiver, self.receive_buffer)
        self.channel: RTCDataChannel = self.pc.createDataChannel(CHANNEL)
        if relay.has_servers:
            add_way(self.pc, relay)
        self._tcp = [TCPWay(host) for host in UNKNOWN]
        self.protocols: tuple[str, ...] = ("udp",)
        """The protocols over which the peer can be reached."""
        if ice_tcp and not relay_only and all(add_way(self.pc, way) for way in self._tcp):
            self.protocols = ("udp", "tcp")
        if self.pc.sctp is None:
            raise WebRTCError("aiortc made no transport for the data channel.")
        self._dtls = self.pc.sctp.transport
        self._connecting = note_connecting(self.pc)
        outlive_messages(self.pc)
        self.end: End | None = None
        self.has_path = False
        """Whether a path to the peer was found."""
        self.signs_of_life = 0
        """How often something came that only the peer can have sent."""
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
        """This side's addresses, and the relay's once it is there."""
        found = self._dtls.transport.iceGatherer.getLocalCandidates()
        known = [Candidate(one.type, one.protocol, one.ip, one.port) for one in found]
        if self.relay.is_there:
            relay = self.relay.candidate
            known.append(Candidate(relay.type, relay.transport, relay.host, relay.port))
        return tuple(dict.fromkeys(known))

    @property
    def is_someone_else(self) -> bool:
        """Whether its certificate isn't the one that the SDP answer names."""
        return is_someone_else(self.pc)

    async def offer(self) -> SDP:
        """Gather this side's addresses, begin to try the TURN servers, and return the SDP offer.

        The servers are waited for if there is no other way.
        """
        self.relay.begin()
        # Shielded, because aioice leaves sockets behind if it is cancelled.
        self._gathering = asyncio.ensure_future(self.pc.setLocalDescription())
        await asyncio.shield(self._gathering)
        drop_strange(self.pc)
        on_sign_of_life(self.pc, self._count_sign)
        widen_receive_buffers(self.pc)
        # Not stripped: without its last line break OpenAI doesn't read it.
        return SDP(self.pc.localDescription.sdp)

    async def accept(self, answer: SDP) -> None:
        """Begin to connect to the peer, by its SDP answer.

        Raises:
            Exception: It can't be read, or doesn't fit the offer; aiortc raises many kinds.
        """
        self._prefer_routes(addresses(answer.text))
        await self.pc.setRemoteDescription(
            RTCSessionDescription(sdp=for_aiortc(answer.text, self.protocols), type="answer")
        )

    def _prefer_routes(self, hosts: Iterable[str]) -> None:
        """Try those own addresses last that don't lead to the peer: links, bridges, other networks.

        aioice begins a check each 20 ms, and a machine can have dozens of addresses.
        """
        own = {candidate.address for candidate in self.candidates}
        leading = {own_address_to(host) for host in hosts} & own
        if leading:
            put_last(self.pc, lambda address: address not in leading)

    async def opened(self) -> None:
        """Wait until events can travel, or never will."""
        await self._changed.wait_for(lambda: self.is_open or self.end is not None)

    def leave_unused(self) -> None:
        """Close the ways that were too late, or that others were faster than."""
        if not self.relay.is_there:
            self.relay.close()
        pair = selected_pair(self.pc)
        if pair is not None and pair.local.protocol != "tcp":
            for way in self._tcp:
                way.close()

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
            self.relay.stop()
            await self._settled(min(settling, SETTLING))
            await _done(asyncio.ensure_future(self._close()), CLOSING)
            stop_consent(self.pc)
            await self.relay.released(RELEASING)
        except asyncio.CancelledError:
            await self._release_at_once()
            raise

    async def _release_at_once(self) -> None:
        closing = asyncio.ensure_future(self._close())
        try:
            await _done(closing, AT_ONCE)
        finally:
            await self.relay.released(AT_ONCE)
            stop_consent(self.pc)
            # aiortc's own close waits for ever for a task that the end of the loop has cut.
            for task in {closing, own_close(self.pc) or closing}:
                task.cancel()
                await _done(task, AT_ONCE)

    async def _close(self) -> None:
        # Before the close, since they would begin to send and to check after it.
        for task in tuple(self._connecting):
            task.cancel()
            await _done(task, AT_ONCE)
        await self.pc.close()

    async def _settled(self, seconds: float) -> None:
        if self._gathering is not None:
            await _done(self._gathering, SETTLING)
        await self._changed.wait_at_most(seconds, lambda: self.pc.connectionState != "connecting")

    def _count_sign(self) -> None:
        self.signs_of_life += 1

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


def own_address_to(host: str) -> str | None:
    """Return the own address from which the system sends to a host, or None if no way leads there.

    Args:
        host: An IP address. No way leads to a name, which the system would look up meanwhile.
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        socket.inet_pton(family, host)
        with socket.socket(family, socket.SOCK_DGRAM) as asked:
            # Without a packet: it only chooses the way.
            asked.connect((host, DISCARD))
            return str(asked.getsockname()[0])
    except (OSError, ValueError):
        return None


def _configuration(relay_only: bool) -> RTCConfiguration:
    policy = RTCIceTransportPolicy.RELAY if relay_only else RTCIceTransportPolicy.ALL
    # Always a list of servers: with None aiortc would ask a STUN server of Google's.
    return RTCConfiguration(
        iceServers=[], bundlePolicy=RTCBundlePolicy.MAX_BUNDLE, iceTransportPolicy=policy
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
