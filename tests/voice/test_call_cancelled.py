"""A call that is cancelled while it is being opened leaves nothing behind."""

from __future__ import annotations

import asyncio
import re

import httpx
import pytest

from ai_gate.webrtc import connect
from ai_gate.webrtc._peer import Peer
from ai_gate.webrtc._types import SDP
from tests.voice import running
from tests.voice.calling import minted, open_for_long, shown_by
from tests.voice.dead_ends import silent
from tests.voice.gate_process import GateProcess

pytestmark = pytest.mark.usefixtures("on_loopback")

MOMENTS = [0, 1, 2, 4, 6, 8, 11, 14, 18, 22, 26, 30, 34, 38, 45, 60]
"""In milliseconds; a call is open after about 35."""


@pytest.mark.parametrize("milliseconds", MOMENTS)
def test_at_any_moment(gate_process: GateProcess, milliseconds: int) -> None:
    async def main() -> None:
        session = await minted(gate_process)
        opening = asyncio.create_task(open_for_long(session, gate_process))
        await asyncio.sleep(milliseconds / 1000)
        opening.cancel()
        start = asyncio.get_running_loop().time()
        with pytest.raises(asyncio.CancelledError) as caught:
            await opening
        assert shown_by(caught.value) == []
        # The time for closing, and something for a busy machine.
        assert asyncio.get_running_loop().time() - start < 3.0
        assert await running.finished(15.0)

    running.run(main())


@pytest.mark.parametrize("moment", ["before the offer", "after the answer"])
def test_around_the_exchange(gate_process: GateProcess, moment: str) -> None:
    async def main() -> None:
        session = await minted(gate_process)
        reached = asyncio.Event()

        async def wait(_: object) -> None:
            reached.set()
            await asyncio.get_running_loop().create_future()

        hook = "request" if moment == "before the offer" else "response"
        async with httpx.AsyncClient(event_hooks={hook: [wait]}) as http_client:
            connector = connect(
                session, realtime_url=gate_process.realtime_url, http_client=http_client
            )
            opening = asyncio.create_task(connector.__aenter__())
            await reached.wait()
            opening.cancel()
            with pytest.raises(asyncio.CancelledError):
                await opening
        assert await running.finished(15.0)

    running.run(main())


def test_at_once_while_it_connects(
    gate_process: GateProcess, monkeypatch: pytest.MonkeyPatch
) -> None:
    own = Peer._look
    checking = asyncio.Event()

    def look(peer: Peer) -> None:
        own(peer)
        if peer._dtls.transport.state == "checking":
            checking.set()

    async def main() -> None:
        session = await minted(gate_process)
        for milliseconds in range(10):
            checking.clear()
            opening = asyncio.create_task(open_for_long(session, gate_process, close_timeout=0.0))
            await checking.wait()
            await asyncio.sleep(milliseconds / 1000)
            opening.cancel()
            with pytest.raises(asyncio.CancelledError):
                await opening
        assert await running.finished(15.0)

    monkeypatch.setattr(Peer, "_look", look)
    running.run(main())


def test_a_second_cancellation_does_not_cut_the_cleaning_up(gate_process: GateProcess) -> None:
    async def main() -> None:
        session = await minted(gate_process)
        opening = asyncio.create_task(open_for_long(session, gate_process))
        await asyncio.sleep(0.012)
        opening.cancel()
        await asyncio.sleep(0)
        opening.cancel()
        with pytest.raises(asyncio.CancelledError):
            await opening
        assert await running.finished(15.0)

    running.run(main())


def test_a_failure_leaves_nothing_either(gate_process: GateProcess) -> None:
    async def main() -> None:
        session = await minted(gate_process)
        session["client_secret"]["value"] = "ek_unknown"
        with pytest.raises(Exception, match="HTTP 401"):
            await open_for_long(session, gate_process)

    running.run(main())


def test_nor_does_a_whole_call(gate_process: GateProcess) -> None:
    async def main() -> None:
        session = await minted(gate_process)
        async with connect(session, realtime_url=gate_process.realtime_url) as call:
            await call.send({"type": "response.create"})
            async for event in call:
                if event["type"] == "response.done":
                    break

    running.run(main())


def test_one_whose_peer_is_out_of_reach_is_given_up_soon(
    gate_process: GateProcess, monkeypatch: pytest.MonkeyPatch
) -> None:
    accept = Peer.accept

    async def main(port: str) -> None:
        connecting = asyncio.Event()

        async def accept_elsewhere(self: Peer, answer: SDP) -> None:
            elsewhere = re.sub(r"(a=candidate:.* udp \d+ \S+) \d+", rf"\1 {port}", answer.text)
            # Nor does what the peer sends lead back to it.
            await accept(self, SDP(re.sub(r"a=ice-ufrag:\S+", "a=ice-ufrag:nobody", elsewhere)))
            while self.pc.connectionState != "connecting":
                await asyncio.sleep(0)
            connecting.set()

        monkeypatch.setattr(Peer, "accept", accept_elsewhere)
        session = await minted(gate_process)
        opening = asyncio.create_task(open_for_long(session, gate_process, close_timeout=1.0))
        await connecting.wait()
        opening.cancel()
        await asyncio.wait({opening})
        # All is given back within the time for closing.
        assert running.tasks() == set()

    with silent("udp") as url:
        running.run(main(url.split(":")[2].split("?")[0]))
