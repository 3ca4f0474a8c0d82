"""OpenAI's side of one call: an aiortc peer that answers an offer, receives and sends audio."""

import asyncio
import contextlib
import json
import re
from collections.abc import Callable, Coroutine
from typing import Any

from aiortc import (
    MediaStreamTrack,
    RTCConfiguration,
    RTCDataChannel,
    RTCPeerConnection,
    RTCRtpSender,
    RTCRtpTransceiver,
    RTCSessionDescription,
)
from aiortc.mediastreams import MediaStreamError
from av import AudioFrame

from ai_gate.testing._openai.answer import as_openai_writes_it
from ai_gate.testing._openai.conversation import Conversation
from ai_gate.testing._openai.endpoints import Offer, RefusedError, bad_offer, refusal
from ai_gate.testing._openai.events import DIALECTS, Event
from ai_gate.testing._openai.faults import Faults, Flood
from ai_gate.testing._openai.register import Register
from ai_gate.testing._openai.speech import Speech
from ai_gate.testing._openai.wire import Wire, current_wire

_CHANNEL = "oai-events"
_OPEN_SECONDS = 20.0
_EXCHANGE_SECONDS = 1.0
_CLOSE_SECONDS = 2.0
_FLOOD_BUFFER = 2**18
_FLOOD_BURST = 100
_FLOOD_PAUSE_SECONDS = 0.005
_PASSWORD = re.compile(r"^a=ice-pwd:(\S+)", re.MULTILINE)


class Peer:
    """One call. Everything in it runs in the thread of the calls."""

    def __init__(
        self, offer: Offer, register: Register, faults: Faults, on_end: Callable[["Peer"], None]
    ) -> None:
        self._offer = offer
        self._register = register
        self._on_end = on_end
        password = _PASSWORD.search(offer.sdp) if offer.is_answered_lite else None
        self._faults = faults
        self._wire = Wire(password[1] if password else None, faults.delay)
        self._tasks: set[asyncio.Task[None]] = set()
        self._ending: asyncio.Task[None] | None = None
        self._channel: RTCDataChannel | None = None
        self._conversation: Conversation | None = None
        self._audio: RTCRtpTransceiver | None = None
        self._speech = Speech()
        self._frames = self._sounds = 0
        self._is_exchanged = asyncio.Event()
        self._is_connected = asyncio.Event()
        self._is_open = asyncio.Event()
        # Without a list, aiortc asks a public STUN server.
        self._connection = RTCPeerConnection(RTCConfiguration(iceServers=[]))
        self._connection.on("track", self._on_track)
        self._connection.on("datachannel", self._on_channel)
        self._connection.on("connectionstatechange", self._on_state)

    async def answer(self) -> str:
        """Return the SDP answer; RefusedError if there is none, or if the call ends meanwhile."""
        # The tasks that open the UDP endpoints inherit this context.
        current_wire.set(self._wire)
        try:
            sdp = await self._negotiate()
        except BaseException as error:
            if self._ending is not None:
                # The call was closed meanwhile: which error that causes depends on the moment.
                raise _call_ended() from error
            self.end_soon()
            raise
        finally:
            self._is_exchanged.set()
        if self._ending is not None:
            raise _call_ended()
        self._start(self._give_up())
        return sdp

    def end_soon(self) -> None:
        """Start to hang up."""
        if self._ending is None:
            self._ending = asyncio.create_task(self._end())

    async def hang_up(self) -> None:
        """Hang up as OpenAI does at the end of a session."""
        self.end_soon()
        if self._ending is not None:
            await asyncio.shield(self._ending)

    def expire(self, now: float) -> None:
        """Hang up if the session has reached its longest time."""
        if now >= self._offer.session["expires_at"] and self._conversation is not None:
            self._conversation.refuse("session_expired", "A session lasts for 60 minutes at most")
            self.end_soon()

    def vanish(self) -> None:
        """End at once, without telling the client."""
        self._wire.cut()
        self.end_soon()

    def send(self, event: Event) -> None:
        """Send an event as it is, if the channel is open; ValueError if it's too large."""
        if self._channel is not None and self._channel.readyState == "open":
            self._channel.send(json.dumps(event))

    def _tell(self, event: Event) -> None:
        """Send an event, or, if it is too large for the client, the error that says so."""
        try:
            self.send(event)
        except ValueError:
            error = {"type": "server_error", "code": "event_too_large", "message": event["type"]}
            self.send({"type": "error", "error": error})

    def flood(self, flood: Flood) -> None:
        """Start to send a flood of events, now or as soon as the channel is open."""
        if self._ending is None:
            self._start(self._send_flood(flood))

    async def _negotiate(self) -> str:
        offered = RTCSessionDescription(sdp=self._offer.sdp, type="offer")
        try:
            self._prepare_audio()
            await self._connection.setRemoteDescription(offered)
        except Exception as error:
            # aiortc's parser raises all kinds of errors for lines that it doesn't expect.
            raise bad_offer() from error
        for transceiver in self._connection.getTransceivers():
            if transceiver.kind != "audio":
                transceiver.direction = "inactive"
        await self._connection.setLocalDescription()
        sdp = self._connection.localDescription.sdp
        if "a=candidate:" not in sdp:
            message = "The mock's peer has no address: aiortc leaves out those of loopback"
            raise RefusedError(refusal(503, "no_candidates", message))
        return as_openai_writes_it(sdp, is_ice_lite=self._offer.is_answered_lite)

    def _prepare_audio(self) -> None:
        if "\nm=audio " not in self._offer.sdp:
            return
        audio = self._connection.addTransceiver(self._speech, direction="sendrecv")
        codecs = RTCRtpSender.getCapabilities("audio").codecs
        # The speech is in Opus already.
        audio.setCodecPreferences([it for it in codecs if it.mimeType.lower() == "audio/opus"])
        self._audio = audio

    def _on_state(self) -> None:
        state = self._connection.connectionState
        if state == "connected":
            self._is_connected.set()
            self._change(state="connected", selected_pair=("host", self._remote_type()))
        elif state in ("failed", "closed"):
            self.end_soon()

    def _change(self, **fields: Any) -> None:
        self._register.change(self._offer.call_id, **fields)

    def _remote_type(self) -> str:
        """Return the type of the candidate that the client's packets come from."""
        sctp = self._connection.sctp
        candidates = sctp.transport.transport.getRemoteCandidates() if sctp else []
        types = {(candidate.ip, candidate.port): candidate.type for candidate in candidates}
        return types.get(self._wire.remote or ("", 0), "prflx")

    def _on_track(self, track: MediaStreamTrack) -> None:
        if track.kind == "audio":
            self._start(self._listen(track))

    async def _listen(self, track: MediaStreamTrack) -> None:
        """Read the client's audio, which aiortc would queue without bound."""
        with contextlib.suppress(MediaStreamError):
            while True:
                frame = await track.recv()
                if isinstance(frame, AudioFrame):
                    self._hear(frame)

    def _hear(self, frame: AudioFrame) -> None:
        is_sound = self._speech.hear(frame)
        self._frames += 1
        self._sounds += is_sound
        self._change(frames_heard=self._frames, sounds_heard=self._sounds)
        if self._conversation is not None:
            self._conversation.hear(is_sound=is_sound)

    def _on_channel(self, channel: RTCDataChannel) -> None:
        if channel.label != _CHANNEL or self._channel is not None:
            return
        self._channel = channel
        dialect = DIALECTS[self._offer.api]
        speaks = self._audio is not None and "send" in (self._audio.currentDirection or "")
        self._conversation = Conversation(
            session=dialect.session(self._offer.session),
            dialect=dialect,
            send=self._tell,
            player=self._speech if speaks else None,
            faults=self._faults,
        )
        channel.on("message", self._on_message)
        self._conversation.open()
        self._is_open.set()

    def _on_message(self, message: str | bytes) -> None:
        if self._conversation is None or self._ending is not None:
            return
        try:
            event = json.loads(message)
        except (ValueError, RecursionError):
            event = None
        if not isinstance(event, dict) or not isinstance(event.get("type"), str):
            text = "An event must be a JSON object with a type"
            self._conversation.refuse("invalid_event", text)
            return
        self._register.receive(self._offer.call_id, event)
        if not self._misbehave(self._conversation, event):
            self._conversation.handle(event)

    def _misbehave(self, conversation: Conversation, event: Event) -> bool:
        """Do what an event of the mock gate's own asks for; return True if it was one."""
        match event["type"]:
            case "mock.flood":
                try:
                    self.flood(Flood(event.get("count"), event.get("size", 0)))
                except (TypeError, ValueError) as error:
                    conversation.refuse("invalid_value", str(error), None, event)
            case "mock.vanish":
                self.vanish()
            case "mock.hang_up":
                self.end_soon()
            case _:
                return False
        return True

    async def _send_flood(self, flood: Flood) -> None:
        await self._is_open.wait()
        for number, event in enumerate(flood.events()):
            if number % _FLOOD_BURST == 0:
                # Let other tasks run, first of all the one that asked for the flood.
                await asyncio.sleep(0)
            while self._is_full():
                await asyncio.sleep(_FLOOD_PAUSE_SECONDS)
            if self._channel is None or self._channel.readyState != "open":
                return
            self._tell(event)

    def _is_full(self) -> bool:
        """Return True if more is queued already than a flood may queue."""
        channel = self._channel
        if channel is None or channel.readyState != "open":
            return False
        return channel.bufferedAmount > _FLOOD_BUFFER

    async def _give_up(self) -> None:
        """Hang up if the client doesn't connect in time."""
        try:
            async with asyncio.timeout(_OPEN_SECONDS):
                await self._is_connected.wait()
        except TimeoutError:
            self.end_soon()

    def _start(self, coroutine: Coroutine[Any, Any, None]) -> None:
        task = asyncio.create_task(coroutine)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _end(self) -> None:
        if self._conversation is not None:
            self._conversation.close()
        # Sockets that the exchange opens after the connection is closed would stay open.
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(_EXCHANGE_SECONDS):
                await self._is_exchanged.wait()
        for task in self._tasks:
            task.cancel()
        self._speech.stop()
        try:
            async with asyncio.timeout(_CLOSE_SECONDS):
                await self._connection.close()
        except TimeoutError:
            pass  # what is left of it is cancelled when the thread ends
        finally:
            self._change(state="closed")
            self._on_end(self)


def _call_ended() -> RefusedError:
    return RefusedError(refusal(503, "call_ended", "The call was hung up"))
