"""A client made of aiortc and httpx alone, to try the mock gate's voice with."""

from __future__ import annotations

import asyncio
import contextlib
import json
import math
import re
from array import array
from collections.abc import AsyncIterator
from fractions import Fraction
from itertools import pairwise
from typing import Any

import httpx
from aiortc import (
    MediaStreamTrack,
    RTCConfiguration,
    RTCDataChannel,
    RTCIceServer,
    RTCIceTransportPolicy,
    RTCPeerConnection,
    RTCSessionDescription,
)
from aiortc.mediastreams import MediaStreamError
from av import AudioFrame

from ai_gate.testing import MockGate

RATE = 48000
SAMPLES = 960
# The longest wait for anything that is to come.
SECONDS = 10.0

Event = dict[str, Any]


class Sine(MediaStreamTrack):
    """A tone, or with 0 Hz silence, at the pace of a clock."""

    kind = "audio"

    def __init__(self, hertz: int) -> None:
        super().__init__()
        self._hertz = hertz
        self._position = 0
        self._start: float | None = None

    async def recv(self) -> AudioFrame:
        loop = asyncio.get_running_loop()
        self._start = self._start or loop.time()
        await asyncio.sleep(max(0.0, self._start + self._position / RATE - loop.time()))
        places = range(self._position, self._position + SAMPLES)
        wave = array("h", (round(8000 * self._value(place)) for place in places))
        frame = AudioFrame(format="s16", layout="mono", samples=SAMPLES)
        frame.planes[0].update(wave.tobytes())
        frame.sample_rate = RATE
        frame.time_base = Fraction(1, RATE)
        frame.pts = self._position
        self._position += SAMPLES
        return frame

    def _value(self, place: int) -> float:
        return math.sin(2 * math.pi * self._hertz * place / RATE)


class PlainClient:
    """One call to a mock gate."""

    def __init__(self, connection: RTCPeerConnection, channel: RTCDataChannel) -> None:
        self.connection = connection
        self.channel = channel
        self.answer: httpx.Response | None = None
        self._events: asyncio.Queue[Event] = asyncio.Queue()
        self._pitches: asyncio.Queue[float] = asyncio.Queue()
        self._listening: asyncio.Task[None] | None = None
        self.closed = asyncio.Event()
        channel.on("message", lambda data: self._events.put_nowait(json.loads(data)))
        channel.on("close", self.closed.set)
        connection.on("track", self._on_track)

    async def exchange(self, gate: MockGate, api: str, session: dict[str, Any]) -> None:
        """Exchange the SDP."""
        await self.offer(gate, api, session)
        await self.accept()

    async def offer(
        self,
        gate: MockGate,
        api: str,
        session: dict[str, Any],
        *,
        max_message_size: int | None = None,
    ) -> None:
        """Send the offer.

        Args:
            max_message_size: The bytes of the largest event that it takes. Default: aiortc's.
        """
        await self.connection.setLocalDescription(await self.connection.createOffer())
        sdp = self.connection.localDescription.sdp
        if max_message_size is not None:
            size = f"a=max-message-size:{max_message_size}"
            sdp = re.sub(r"a=max-message-size:\d+", size, sdp)
        path = "/calls" if api == "calls" else f"?model={session['model']}"
        self.answer = await post_offer(
            f"{gate.realtime_url}{path}", sdp, session["client_secret"]["value"]
        )

    async def accept(self) -> None:
        """Take the answer; the call can begin."""
        assert self.answer is not None
        assert self.answer.status_code == 201
        answer = RTCSessionDescription(sdp=self.answer.text, type="answer")
        await self.connection.setRemoteDescription(answer)

    def send(self, name: str, **fields: Any) -> None:
        """Send an event."""
        self.channel.send(json.dumps({"type": name, **fields}))

    def say(self, text: str) -> None:
        """Send what a user types, and ask for an answer."""
        content = [{"type": "input_text", "text": text}]
        item = {"type": "message", "role": "user", "content": content}
        self.send("conversation.item.create", item=item)
        self.send("response.create")

    async def next_event(self) -> Event:
        """Wait for the next event."""
        async with asyncio.timeout(SECONDS):
            return await self._events.get()

    async def until(self, name: str) -> list[Event]:
        """Wait for an event; return it with those before it."""
        events = [await self.next_event()]
        while events[-1]["type"] != name:
            events.append(await self.next_event())
        return events

    async def hears(self, hertz: int, frames: int = 10) -> None:
        """Wait until so many frames in a row have a pitch; 0 stands for silence."""
        fitting = 0
        async with asyncio.timeout(SECONDS):
            while fitting < frames:
                pitch = await self._pitches.get()
                fitting = fitting + 1 if abs(pitch - hertz) <= hertz * 0.07 else 0

    async def close(self) -> None:
        await self.connection.close()
        if self._listening is not None:
            self._listening.cancel()
            await asyncio.wait([self._listening])

    def _on_track(self, track: MediaStreamTrack) -> None:
        self._listening = asyncio.create_task(self._listen(track))

    async def _listen(self, track: MediaStreamTrack) -> None:
        with contextlib.suppress(MediaStreamError):
            while True:
                frame = await track.recv()
                assert isinstance(frame, AudioFrame)
                self._pitches.put_nowait(pitch(frame))


def pitch(frame: AudioFrame) -> float:
    """Tell the pitch of a frame from how often its left channel changes its sign."""
    # A decoded frame has room for more samples than are in it.
    samples = memoryview(bytes(frame.planes[0])).cast("h")[: 2 * frame.samples : 2]
    if max(samples) < 200:
        return 0.0
    signs = [sample >= 0 for sample in samples]
    changes = sum(one != other for one, other in pairwise(signs))
    return changes / 2 * RATE / len(signs)


async def post_offer(url: str, sdp: str, secret: str) -> httpx.Response:
    async with httpx.AsyncClient(trust_env=False) as client:
        return await client.post(
            url,
            content=sdp,
            headers={"Content-Type": "application/sdp", "Authorization": f"Bearer {secret}"},
        )


async def create_session(gate: MockGate) -> dict[str, Any]:
    async with httpx.AsyncClient(trust_env=False) as client:
        answer = await client.post(f"{gate.url}/session", json={"project_id": "proj_demo"})
    session: dict[str, Any] = answer.json()
    return session


def new_connection(
    *, hertz: int | None = 0, relay: RTCIceServer | None = None
) -> tuple[RTCPeerConnection, RTCDataChannel]:
    """Make a connection that sends a tone; with None for its pitch it only listens."""
    policy = RTCIceTransportPolicy.RELAY if relay else RTCIceTransportPolicy.ALL
    servers = [relay] if relay else []
    connection = RTCPeerConnection(RTCConfiguration(iceServers=servers, iceTransportPolicy=policy))
    if hertz is None:
        connection.addTransceiver("audio", direction="recvonly")
    else:
        connection.addTrack(Sine(hertz))
    return connection, connection.createDataChannel("oai-events")


@contextlib.asynccontextmanager
async def calling(
    gate: MockGate,
    api: str = "calls",
    *,
    hertz: int | None = 0,
    relay: RTCIceServer | None = None,
) -> AsyncIterator[PlainClient]:
    """Make a call, and wait until it is open."""
    client = PlainClient(*new_connection(hertz=hertz, relay=relay))
    try:
        await client.exchange(gate, api, await create_session(gate))
        first = await client.next_event()
        assert first["type"] == "session.created"
        yield client
    finally:
        await client.close()
