"""What the tests of calls have in common."""

from __future__ import annotations

import asyncio
import math
import socket
import struct
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager
from itertools import pairwise
from statistics import median
from traceback import walk_tb
from typing import Any, TypeVar

import httpx

from ai_gate import AsyncAIGateClient
from ai_gate.testing import MockGate, VoiceCall
from ai_gate.types import SessionResponse
from ai_gate.webrtc import Call, connect
from tests.voice import running
from tests.voice.gate_process import GateProcess

T = TypeVar("T")

PROJECT = "proj_demo"
SECRET_PARTS = ("ek_", "Bearer", "ice-pwd", "ice-ufrag", "fingerprint", "a=candidate")
"""What only a secret or a session description has in it."""


def shown_by(failure: BaseException) -> list[str]:
    """Which variables of our own frames would show a secret with a failure, or one of its causes.

    Crash reporters, and pytest's `-l`, print them.
    """
    found = []
    link: BaseException | None = failure
    while link is not None:
        for frame, _ in walk_tb(link.__traceback__):
            module = frame.f_globals["__name__"]
            if module.startswith("ai_gate.") and not module.startswith("ai_gate.testing."):
                shown = {name: repr(value) for name, value in frame.f_locals.items()}
                found += [
                    f"{module}.{frame.f_code.co_name}: {name}"
                    for name, text in shown.items()
                    if any(part in text for part in SECRET_PARTS)
                ]
        link = link.__cause__ or link.__context__
    return found


def run(test: Coroutine[Any, Any, T], *, limit: float = 20.0) -> T:
    """Run a test whose peer lives in this process: it must leave no task behind.

    The peer has sockets of its own for a while, so sockets are counted only by those tests whose
    peer is a process of its own.
    """
    return running.run(_checked(test), limit=limit, clean=False)


async def _checked(test: Coroutine[Any, Any, T]) -> T:
    result = await test
    assert await running.finished(10.0)
    assert await running.leftovers(running.sockets()) == []
    return result


async def minted(gate: MockGate | GateProcess, **options: Any) -> SessionResponse:
    """Create a session."""
    async with AsyncAIGateClient(PROJECT, base_url=gate.url) as client:
        return await client.create_session(**options)


@asynccontextmanager
async def calling(gate: MockGate | GateProcess, **options: Any) -> AsyncIterator[Call]:
    """Create a session and connect to it."""
    session = await minted(gate)
    async with connect(session, realtime_url=gate.realtime_url, **options) as call:
        yield call


class Rewriting(httpx.AsyncHTTPTransport):
    """Lets each SDP offer and each answer be changed on its way.

    Args:
        change: Takes the answer and returns another one.
        change_offer: The same for the offer.
    """

    def __init__(self, change: Callable[[str], str], change_offer: Callable[[str], str]) -> None:
        super().__init__()
        self._change = change
        self._change_offer = change_offer

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        offer = self._change_offer((await request.aread()).decode())
        headers = {k: v for k, v in request.headers.items() if k != "content-length"}
        sent = httpx.Request(request.method, request.url, headers=headers, content=offer)
        response = await super().handle_async_request(sent)
        answer = (await response.aread()).decode()
        return httpx.Response(response.status_code, text=self._change(answer))


@asynccontextmanager
async def answered(
    gate: MockGate | GateProcess,
    change: Callable[[str], str],
    change_offer: Callable[[str], str] = str,
    **options: Any,
) -> AsyncIterator[Call]:
    """Create a session and connect to it, with another answer than the peer's."""
    async with (
        httpx.AsyncClient(transport=Rewriting(change, change_offer)) as client,
        calling(gate, http_client=client, **options) as call,
    ):
        yield call


async def open_for_long(
    session: SessionResponse, gate: MockGate | GateProcess, **options: Any
) -> None:
    """Open a call and keep it open until this is cancelled."""
    async with connect(session, realtime_url=gate.realtime_url, **options):
        await asyncio.get_running_loop().create_future()


async def wait_for(call: Call, name: str) -> list[dict[str, Any]]:
    """Read events up to one of this name."""
    events = []
    async for event in call:
        events.append(event)
        if event["type"] == name:
            return events
    raise AssertionError(f"the call ended before {name}")


async def say(call: Call, text: str) -> str:
    """Send a text and return the transcript of the answer."""
    content = [{"type": "input_text", "text": text}]
    item = {"type": "message", "role": "user", "content": content}
    await call.send({"type": "conversation.item.create", "item": item})
    await call.send({"type": "response.create"})
    events = await wait_for(call, "response.done")
    transcripts = (event for event in events if event["type"].endswith("audio_transcript.delta"))
    return "".join(event["delta"] for event in transcripts)


async def see(gate: MockGate, condition: Callable[[VoiceCall], bool]) -> VoiceCall:
    """Wait until the peer's last call is as wanted."""
    calls = await asyncio.to_thread(
        gate.voice.wait_until, lambda calls: bool(calls) and condition(calls[-1])
    )
    return calls[-1]


def has_ipv6() -> bool:
    """Return True if this machine has IPv6."""
    with socket.socket(socket.AF_INET6) as probe:
        try:
            probe.bind(("::1", 0))
        except OSError:
            return False
    return True


def tone(seconds: float, rate: int, frequency: float = 440.0) -> bytes:
    """PCM of a tone."""
    count = round(seconds * rate)
    angles = (2 * math.pi * frequency * index / rate for index in range(count))
    return struct.pack(f"<{count}h", *(round(8000 * math.sin(angle)) for angle in angles))


def loudness(pcm: bytes) -> float:
    """The root mean square of samples."""
    samples = struct.unpack(f"<{len(pcm) // 2}h", pcm)
    return math.sqrt(sum(sample * sample for sample in samples) / max(len(samples), 1))


def frequency(pcm: bytes, rate: int) -> float:
    """The frequency of a tone, by the time between two crossings of zero.

    It is the median, because a packet that is late leaves a gap.
    """
    samples = struct.unpack(f"<{len(pcm) // 2}h", pcm)
    crossings = [n for n, pair in enumerate(pairwise(samples)) if pair[0] < 0 <= pair[1]]
    return rate / median(after - before for before, after in pairwise(crossings))
