"""Calls to peers of other makers, which answer as theirs do."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import ExitStack, asynccontextmanager
from pathlib import Path
from typing import Any, Literal, cast

import pytest
from aiortc import RTCTransportStats

from ai_gate.types import SessionResponse
from ai_gate.webrtc import (
    Call,
    CallEndedError,
    ConnectionLostError,
    EventTooLargeError,
    PCMSource,
    connect,
)
from ai_gate.webrtc._events import max_size
from ai_gate.webrtc._watchdog import LOST_AFTER
from tests.voice.calling import frequency, loudness, run, tone, wait_for
from tests.voice.coturn import HOST, TRANSPORTS, Coturn, Transport
from tests.voice.foreign.stacks import OVER_TCP, STACKS, Peer, Stack, started

pytestmark = pytest.mark.usefixtures("on_loopback", "trusted")

RATE = 24_000
OURS_HZ = 440.0
LOUD = 1000.0
EVENTS = 200
WE_TAKE = 262_144
"""The bytes of the largest message that aiortc takes."""

Way = Literal["direct"] | Transport


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder for what all peers need."""
    return tmp_path_factory.mktemp("foreign")


@pytest.fixture
def peer(stack: Stack, folder: Path, tmp_path: Path) -> Iterator[Peer]:
    """A peer of its own for each test."""
    with started(stack, folder / tmp_path.name) as peer:
        yield peer


def session_with(*servers: Any) -> SessionResponse:
    """A session, as far as a call needs one."""
    session = {
        "model": "gpt-realtime",
        "client_secret": {"value": "ek_of_a_test", "expires_at": time.time() + 60},
        "turn_credentials": {"iceServers": list(servers)},
    }
    return cast(SessionResponse, session)


@asynccontextmanager
async def calling(peer: Peer, *servers: Any, **options: Any) -> AsyncIterator[Call]:
    """Call a peer."""
    url = peer.broker.url
    async with connect(session_with(*servers), realtime_url=url, **options) as call:
        await call.send({"type": "peer.hello"})
        assert (await call.recv())["type"] == "session.created"
        yield call


async def play(source: PCMSource) -> None:
    second = tone(1.0, RATE, OURS_HZ)
    while True:
        await source.write(second)


async def hears(call: Call, hertz: float) -> None:
    """Wait until half a second of a tone of this frequency has come."""
    heard = b""
    async for chunk in call.audio(RATE):
        heard = (heard + chunk)[-RATE:]
        is_sound = len(heard) == RATE and loudness(heard) > LOUD
        if is_sound and frequency(heard, RATE) == pytest.approx(hertz, rel=0.03):
            return
    raise AssertionError("the call ended before the tone was heard")


async def is_heard(call: Call, hertz: float) -> None:
    """Wait until the peer hears a tone of this frequency."""
    heard = 0.0
    while heard != pytest.approx(hertz, rel=0.03):
        await call.send({"type": "peer.hear"})
        heard = (await wait_for(call, "peer.hear"))[-1]["hertz"]
        await asyncio.sleep(0.05)


async def exchange_events(call: Call, peer: Peer) -> None:
    """Let many events go both ways, and one that is as large as may be."""
    for index in range(EVENTS):
        await call.send({"type": "number", "index": index})
    back = [await call.recv() for _ in range(EVENTS)]
    assert [event["index"] for event in back] == list(range(EVENTS))
    stated = max_size(peer.broker.answer)
    size = peer.stack.takes or min(stated or WE_TAKE, WE_TAKE)
    largest = {"type": "large", "data": "x" * (size - len('{"type":"large","data":""}'))}
    await call.send(largest)
    assert await call.recv() == largest
    if size == stated:
        with pytest.raises(EventTooLargeError):
            await call.send({**largest, "data": largest["data"] + "x"})


async def transport_packets(call: Call) -> int:
    stats = (await call.stats()).values()
    return sum(one.packetsReceived for one in stats if isinstance(one, RTCTransportStats))


@pytest.mark.parametrize("way", ["direct", *TRANSPORTS])
@pytest.mark.parametrize("stack", STACKS, ids=str)
def test_a_call(peer: Peer, way: Way, coturn: Coturn) -> None:
    servers = [] if way == "direct" else [coturn.ice_server(way)]

    async def main() -> None:
        source = PCMSource(RATE)
        async with calling(peer, *servers, relay_only=bool(servers), audio=source) as call:
            # Not before: what nobody hears isn't waited for.
            playing = asyncio.create_task(play(source))
            pair = call.selected_candidate_pair
            assert pair is not None
            assert pair.local.type == ("relay" if servers else "host")
            await exchange_events(call, peer)
            await hears(call, peer.stack.tone or OURS_HZ)
            if peer.stack.tone is not None:
                await is_heard(call, OURS_HZ)
            playing.cancel()
            await asyncio.wait({playing})
        assert await asyncio.to_thread(peer.broker.closed.wait, 10.0)

    run(main(), limit=60.0)
    assert coturn.all_given_back()


@pytest.mark.parametrize("stack", [OVER_TCP], ids=str)
def test_a_call_over_tcp(peer: Peer) -> None:
    async def main() -> None:
        source = PCMSource(RATE)
        async with calling(peer, audio=source, ice_tcp=True) as call:
            playing = asyncio.create_task(play(source))
            pair = call.selected_candidate_pair
            assert pair is not None
            assert (pair.local.protocol, pair.remote.protocol) == ("tcp", "tcp")
            assert (pair.local.address, pair.remote.address) == (HOST, HOST)
            await call.send({"type": "number", "index": 0})
            assert await call.recv() == {"type": "number", "index": 0}
            await hears(call, OURS_HZ)
            playing.cancel()
            await asyncio.wait({playing})
        assert await asyncio.to_thread(peer.broker.closed.wait, 10.0)

    run(main(), limit=60.0)


@pytest.mark.parametrize("stack", [OVER_TCP], ids=str)
def test_a_peer_over_tcp_that_is_killed(peer: Peer) -> None:
    async def main() -> None:
        async with calling(peer, ice_tcp=True) as call:
            peer.kill()
            with pytest.raises(ConnectionLostError, match="the transport failed"):
                await call.recv()

    run(main(), limit=60.0)


@pytest.mark.parametrize("stack", STACKS, ids=str)
def test_the_peer_hangs_up(peer: Peer) -> None:
    async def main() -> None:
        async with calling(peer) as call:
            await call.send({"type": "peer.hang_up"})
            with pytest.raises(CallEndedError, match="The peer hung up"):
                await call.recv()

    run(main(), limit=60.0)


@pytest.mark.parametrize("stack", [one for one in STACKS if one.name == "pion"], ids=str)
def test_text_that_is_no_utf_8_does_not_end_a_call(peer: Peer) -> None:
    async def main() -> None:
        async with calling(peer) as call:
            # It sends back as text what it takes.
            call.data_channel.send(b'{"type": "\xff"}')
            assert await call.recv() == {"type": "\ufffd"}
            await call.send({"type": "number", "index": 0})
            assert await call.recv() == {"type": "number", "index": 0}

    run(main(), limit=60.0)


@pytest.mark.parametrize("stack", [one for one in STACKS if one.name == "pion"], ids=str)
def test_a_peer_that_sends_nothing_but_answers_is_alive(peer: Peer) -> None:
    async def main() -> None:
        async with calling(peer) as call:
            await call.send({"type": "peer.hush"})
            packets = await transport_packets(call)
            # Nothing but time can tell. It would be lost by then.
            await asyncio.sleep(LOST_AFTER + 2.0)
            assert await transport_packets(call) < packets + 20
            await call.send({"type": "number", "index": 0})
            assert await call.recv() == {"type": "number", "index": 0}

    run(main(), limit=60.0)


def test_peers_that_are_killed(folder: Path) -> None:
    async def killed(peer: Peer) -> None:
        async with calling(peer) as call:
            peer.kill()
            with pytest.raises(ConnectionLostError, match="nothing came from the peer for 14 s"):
                await call.recv()

    async def main(peers: list[Peer]) -> None:
        await asyncio.gather(*map(killed, peers))

    # All at once, because each is waited for so long.
    with ExitStack() as stack:
        peers = [stack.enter_context(started(one, folder / f"killed-{one}")) for one in STACKS]
        run(main(peers), limit=90.0)
