"""The one place that reaches behind the public surface of aiortc and aioice.

Each reach is guarded: if a release of theirs has moved what is looked for, the function returns
None or False, or does nothing, and its caller goes on without.
"""

import asyncio
import contextlib
import socket
from collections.abc import Awaitable, Callable, Iterator
from itertools import chain
from logging import Filter, LogRecord, getLogger
from typing import TYPE_CHECKING, Any, Protocol

from aioice import Candidate as IceCandidate
from aioice import ice

from ai_gate._redaction import MASK
from ai_gate.webrtc._audio.receive_buffer import AudioPacket, ReceiveBuffer
from ai_gate.webrtc._ice_tcp import STUN
from ai_gate.webrtc._types import Candidate, CandidatePair

if TYPE_CHECKING:
    from aiortc import RTCPeerConnection

LOGGERS = ("aioice.ice", "aioice.turn", "aiortc.rtcpeerconnection")

LAST = 1
"""The priority of candidates that are tried after all others; the least that there is (RFC 8445,
section 5.1.2)."""

RECEIVE_BUFFER = 2 * 1024 * 1024
"""The bytes that may wait in the socket of a path. Linux gives what `net.core.rmem_max` allows."""

LARGEST_PACKET = 1500
"""The bytes of the largest packet that is read: pylibsrtp takes no larger one, and none gets
through the internet."""

RECEIVED_SHUTDOWN = 2
"""OpenSSL's flag for an alert that has come (`SSL_RECEIVED_SHUTDOWN`)."""


WEBRTC_STRING = 51
"""The number that says of a message that it is text (RFC 8831, section 8)."""


class MaskedLines(Filter):
    """Masks STUN messages and SDP among the arguments of log lines.

    At DEBUG aioice logs each STUN message with the TURN username in it, and aiortc the SDP of both
    sides, which has the addresses and the keys of the call.
    """

    def filter(self, record: LogRecord) -> bool:
        """Rewrite the record's arguments; every record passes."""
        if isinstance(record.args, tuple):
            record.args = tuple(_masked(argument) for argument in record.args)
        return True


_FILTER = MaskedLines()


def mask_logs() -> None:
    """Mask aiortc's and aioice's log lines in the whole process. More than once does no harm."""
    for name in LOGGERS:
        # A logger takes the same filter only once.
        getLogger(name).addFilter(_FILTER)


class Way(Protocol):
    """A way out that isn't one of the machine's own addresses."""

    @property
    def is_there(self) -> bool:
        """Whether it can be used already."""
        ...

    @property
    def candidate(self) -> IceCandidate:
        """The candidate that stands for it."""
        ...

    async def decided(self) -> None:
        """Wait until it is there, or never will be."""
        ...

    def receive(self, receiver: asyncio.DatagramProtocol) -> None:
        """Have what comes through it handed on."""
        ...


def add_way(pc: "RTCPeerConnection", way: Way) -> bool:
    """Give a peer connection one more way out, before it gathers its own addresses.

    Left to itself, aiortc makes an allocation on the first TURN server alone, and waits for it.
    This one is waited for, and in the offer, only if there is no own address. Else the peer learns
    of it by the first check that comes through it: one of the peer's before that would be lost,
    since a TURN server lets none through, and many a peer repeats it only after half a second.

    Args:
        pc: The peer connection. Closing it closes the way.
        way: The way out.

    Returns:
        True if it will be used; else the peer connection goes on without.
    """
    for connection in _connections(pc):
        own = getattr(connection, "get_component_candidates", None)
        if own is None or not hasattr(connection, "_protocols") or not hasattr(ice, "StunProtocol"):
            return False
        connection.get_component_candidates = _with_way(connection, own, way)
        return True
    return False


def _with_way(connection: Any, own: Callable[..., Awaitable[list[Any]]], way: Way) -> Any:
    async def gathered(*args: Any, **options: Any) -> list[Any]:
        candidates = await own(*args, **options)
        if not candidates:
            await way.decided()
            if way.is_there:
                candidates.append(way.candidate)
        protocol = ice.StunProtocol(connection)
        protocol.local_candidate = way.candidate
        way.receive(protocol)
        connection._protocols.append(protocol)
        return candidates

    return gathered


def put_last(pc: "RTCPeerConnection", is_last: Callable[[str], bool]) -> None:
    """Have some of the own addresses tried after all other ways, before the answer is applied.

    Args:
        pc: The peer connection, after it has gathered its candidates.
        is_last: Returns True if an address shall be.
    """
    for connection in _connections(pc):
        for protocol in getattr(connection, "_protocols", ()):
            candidate: Any = getattr(protocol, "local_candidate", None)
            with contextlib.suppress(AttributeError):
                is_own = candidate.type == "host" and candidate.transport == "udp"
                if is_own and is_last(candidate.host):
                    candidate.priority = LAST


class _JitterBuffer:
    """Stands in for the jitter buffer of one of aiortc's receivers.

    aiortc's own throws four good packets away with each lost one, and never makes up for the delay.
    """

    def __init__(self, buffer: ReceiveBuffer, codecs: Any, decoding: Any) -> None:
        self._buffer = buffer
        self._codecs = codecs
        self._decoding = decoding
        self._timer: asyncio.TimerHandle | None = None

    def add(self, packet: Any) -> tuple[bool, None]:
        """Take a packet, and tell aiortc to do nothing with it: it would take one frame only."""
        if packet.payload:
            taken = AudioPacket(
                packet.ssrc,
                packet.sequence_number,
                packet.timestamp,
                self._codecs[packet.payload_type],
                packet.payload,
            )
            self._decode(self._buffer.add(taken, asyncio.get_running_loop().time()))
        return False, None

    def _decode(self, packets: list[AudioPacket]) -> None:
        for packet in packets:
            # The decoders read `data` and `timestamp`, which aiortc's own frames have too.
            self._decoding.put((packet.codec, packet))
        if self._timer is not None:
            self._timer.cancel()
        deadline = self._buffer.deadline
        loop = asyncio.get_running_loop()
        self._timer = None if deadline is None else loop.call_at(deadline, self._fill)

    def _fill(self) -> None:
        self._decode(self._buffer.due(asyncio.get_running_loop().time()))


def use_receive_buffer(receiver: Any, buffer: ReceiveBuffer) -> bool:
    """Let a receiver put its packets in order with a buffer of ours. Call it before it receives.

    Args:
        receiver: A receiver of aiortc's, for audio.
        buffer: The buffer.

    Returns:
        True if it does; else it goes on with its own.
    """
    codecs = getattr(receiver, "_RTCRtpReceiver__codecs", None)
    decoding = getattr(receiver, "_RTCRtpReceiver__decoder_queue", None)
    own = getattr(receiver, "_RTCRtpReceiver__jitter_buffer", None)
    if codecs is None or not hasattr(decoding, "put") or not hasattr(own, "add"):
        return False
    receiver._RTCRtpReceiver__jitter_buffer = _JitterBuffer(buffer, codecs, decoding)
    return True


def selected_pair(pc: "RTCPeerConnection") -> CandidatePair | None:
    """Return the pair of addresses between which packets travel, or None while none is chosen."""
    for connection in _connections(pc):
        for pair in getattr(connection, "_nominated", {}).values():
            with contextlib.suppress(AttributeError):
                return CandidatePair(
                    _candidate(pair.local_candidate), _candidate(pair.remote_candidate)
                )
    return None


def said_goodbye(pc: "RTCPeerConnection") -> bool:
    """Return True if the peer has ended the connection in due form, by an alert of DTLS.

    aiortc's states don't tell that from a path that is lost.
    """
    tls = getattr(getattr(pc.sctp, "transport", None), "_ssl", None)
    with contextlib.suppress(AttributeError, TypeError):
        return bool(tls.get_shutdown() & RECEIVED_SHUTDOWN)  # type: ignore[union-attr]
    return False


def is_someone_else(pc: "RTCPeerConnection") -> bool:
    """Return True if the other side's certificate isn't the one that its SDP answer names.

    aiortc's states say no more than that DTLS has failed: this is what fails after a handshake that
    has agreed on everything.
    """
    transport = getattr(pc.sctp, "transport", None)
    tls = getattr(transport, "_ssl", None)
    with contextlib.suppress(AttributeError):
        agreed = transport.encrypted and tls.get_selected_srtp_profile()  # type: ignore[union-attr]
        return bool(agreed) and getattr(transport, "state", None) == "failed"
    return False


def own_close(pc: "RTCPeerConnection") -> asyncio.Task[None] | None:
    """Find the task in which a peer connection closes itself after its transport has ended."""
    task = getattr(pc, "_RTCPeerConnection__closeTask", None)
    return task if isinstance(task, asyncio.Task) else None


def note_connecting(pc: "RTCPeerConnection") -> set[asyncio.Task[Any]]:
    """Have the tasks noted in which a peer connection connects.

    Closing it doesn't end them: they go on and begin to send and to check what is closed.

    Args:
        pc: The peer connection, before the answer is applied.

    Returns:
        Those that run now, at any time.
    """
    tasks: set[asyncio.Task[Any]] = set()
    own: Any = getattr(pc, "_RTCPeerConnection__connect", None)

    async def noted() -> None:
        task = asyncio.current_task()
        if task is not None:
            tasks.add(task)
            task.add_done_callback(tasks.discard)
        await own()

    if own is not None:
        pc._RTCPeerConnection__connect = noted  # type: ignore[attr-defined]
    return tasks


def on_sign_of_life(pc: "RTCPeerConnection", callback: Callable[[], None]) -> None:
    """Have a function called each time something comes that only the peer can have sent.

    That is what can be decrypted, and its answers to checks of ICE. Those are all that comes from a
    peer which sends neither RTP nor RTCP while it is silent: aioice asks for its consent every 6 s
    at most. aiortc's own count leaves them out, and has the packets that anybody sends.

    Args:
        pc: The peer connection, after it has gathered its candidates.
        callback: The function.
    """
    protocols = [getattr(one, "_protocols", ()) for one in _connections(pc)]
    transport = getattr(pc.sctp, "transport", None)
    handlers = [
        *((protocol, "request") for protocol in chain(*protocols)),
        *((transport, name) for name in ("_handle_rtp_data", "_handle_rtcp_data")),
        (pc.sctp, "_handle_data"),
    ]
    for owner, name in handlers:
        if (own := getattr(owner, name, None)) is not None:
            setattr(owner, name, _watched(own, callback))


def drop_strange(pc: "RTCPeerConnection") -> None:
    """Drop packets of strangers, and those that aiortc can't take: a single one ends the call.

    DTLS takes an alert for the peer's until its handshake is done, so only who has proved by STUN
    who it is, or is named in the SDP answer, may send anything else. aiortc has no answer to an
    empty packet, nor to one in place of SRTP that is too large. aioice raises into the event loop
    where an attribute of STUN is cut short.

    Args:
        pc: The peer connection, after it has gathered its candidates.
    """
    for connection in _connections(pc):
        for protocol in getattr(connection, "_protocols", ()):
            with contextlib.suppress(AttributeError):
                protocol.datagram_received = _guarded(connection, protocol.datagram_received)


def outlive_messages(pc: "RTCPeerConnection") -> None:
    """Have a connection go on after a message that aiortc can't handle, which ends it otherwise.

    Text that is no UTF-8 is read as browsers read it. What a handler of the app's raises, or what
    comes of a message out of place, is told to the event loop.

    Args:
        pc: The peer connection, with a data channel.
    """
    own: Any = getattr(pc.sctp, "_data_channel_receive", None)

    async def received(stream_id: int, protocol: int, data: bytes) -> None:
        if protocol == WEBRTC_STRING:
            data = data.decode(errors="replace").encode()
        try:
            await own(stream_id, protocol, data)
        except Exception as failure:
            context = {"message": "A message of the peer's wasn't handled", "exception": failure}
            asyncio.get_running_loop().call_exception_handler(context)

    if own is not None:
        pc.sctp._data_channel_receive = received  # type: ignore[method-assign, union-attr]


def widen_receive_buffers(pc: "RTCPeerConnection") -> None:
    """Ask for room for what comes while the event loop does other things.

    A burst of events fills the 256 KB that aioice asks for, and audio is then lost.

    Args:
        pc: The peer connection, after it has gathered its candidates.
    """
    for connection in _connections(pc):
        for protocol in getattr(connection, "_protocols", ()):
            widen_receive_buffer(getattr(protocol, "transport", None))


def widen_receive_buffer(transport: Any) -> None:
    """Ask for that room in one socket, if it is one for datagrams."""
    with contextlib.suppress(AttributeError, OSError):
        connected = transport.get_extra_info("socket")
        if connected.type == socket.SOCK_DGRAM:
            connected.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, RECEIVE_BUFFER)


def stop_consent(pc: "RTCPeerConnection") -> None:
    """Stop consent checks that were begun just when the peer connection was closed.

    aioice would go on with them after the close.
    """
    for connection in _connections(pc):
        checks = getattr(connection, "_query_consent_task", None)
        if isinstance(checks, asyncio.Task):
            checks.cancel()


def has_signed(client: Any) -> bool:
    """Return True if a TURN client of aioice has a key to sign with, or it isn't known.

    Without one the server can't have given it an allocation.
    """
    return getattr(client, "integrity_key", b"") is not None


def is_allocated(client: Any) -> bool:
    """Return True if a TURN client of aioice has an allocation, or it isn't known."""
    return getattr(client, "relayed_address", ()) is not None


def refreshing_task(client: Any) -> asyncio.Task[Any] | None:
    """Find the task in which a TURN client of aioice keeps its allocation."""
    task = getattr(client, "refresh_task", None)
    return task if isinstance(task, asyncio.Task) else None


def _watched(own: Any, callback: Callable[[], None]) -> Any:
    async def watched(*args: Any, **options: Any) -> Any:
        result = await own(*args, **options)
        callback()
        return result

    return watched


def _guarded(
    connection: Any, receive: Callable[[bytes, Any], None]
) -> Callable[[bytes, Any], None]:
    known: set[tuple[str, int]] = set()

    def is_known(addr: tuple[str, int]) -> bool:
        if addr not in known:
            # More of them come in the course of a call, as ICE finds them; and before it begins, a
            # peer that has checked the path can go on with DTLS.
            found = getattr(connection, "_remote_candidates", None)
            early = getattr(connection, "_early_checks", None)
            if found is None or early is None:
                return True
            known.update((getattr(one, "_network_host", one.host), one.port) for one in found)
            known.update(checked for _, checked, _ in early)
        return addr in known

    def guarded(data: bytes, addr: Any) -> None:
        if 0 < len(data) <= LARGEST_PACKET and (data[0] in STUN or is_known(addr[:2])):
            # Of any kind: what a stranger sends isn't a failure of the call.
            with contextlib.suppress(Exception):
                receive(data, addr)

    return guarded


def _masked(argument: object) -> object:
    if isinstance(argument, str) and argument.startswith("v=0"):
        return MASK
    method = getattr(argument, "message_method", None)
    if method is not None:
        return f"Message({method}, {getattr(argument, 'message_class', None)}, {MASK})"
    return argument


def _connections(pc: "RTCPeerConnection") -> Iterator[Any]:
    """The ICE connections of a peer connection, each once."""
    senders = [pc.sctp, *(transceiver.receiver for transceiver in pc.getTransceivers())]
    seen: set[int] = set()
    for sender in senders:
        ice = getattr(getattr(sender, "transport", None), "transport", None)
        connection = getattr(ice, "_connection", None)
        if connection is not None and id(connection) not in seen:
            seen.add(id(connection))
            yield connection


def _candidate(candidate: Any) -> Candidate:
    return Candidate(candidate.type, candidate.transport, candidate.host, candidate.port)
