"""Calls through a real TURN server, and what they do without one."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterable

import pytest

from ai_gate.testing import MockGate
from ai_gate.types import IceServer
from ai_gate.webrtc import ConnectionLostError, NoPathError
from tests.voice.calling import calling, minted, open_for_long, run, say, see, wait_for
from tests.voice.conftest import StartCoturn
from tests.voice.coturn import TRANSPORTS, Coturn, Transport
from tests.voice.dead_ends import refusing, silent
from tests.voice.gate_process import GateProcess
from tests.voice.running import finished
from tests.voice.running import run as run_alone

pytestmark = pytest.mark.usefixtures("on_loopback")


def gate_with(*servers: IceServer) -> MockGate:
    """A mock gate that hands out ICE servers."""
    return MockGate(realtime=True, requests=None, concurrent=None, quota=None, ice_servers=servers)


def with_urls(server: IceServer, urls: Iterable[str]) -> IceServer:
    return {**server, "urls": list(urls)}


@pytest.mark.usefixtures("trusted")
@pytest.mark.parametrize("transport", TRANSPORTS)
def test_a_call_goes_through_the_relay(coturn: Coturn, transport: Transport) -> None:
    with gate_with(coturn.ice_server(transport)) as gate:

        async def main() -> None:
            async with calling(gate, relay_only=True) as call:
                pair = call.selected_candidate_pair
                assert pair is not None
                assert pair.local.type == "relay"
                assert [one.works for one in call.turn_results] == [True]
                assert await say(call, "hello") == "You said: hello"
                seen = await see(gate, lambda one: one.frames_heard > 10)
                assert seen.selected_pair == ("host", "relay")

        packets = coturn.relayed_packets()
        run(main())
    assert coturn.all_given_back()
    assert coturn.wait_for(lambda: coturn.relayed_packets() > packets)


def test_a_relay_that_lets_nothing_through_to_the_peer(start_coturn: StartCoturn) -> None:
    server = start_coturn(options=["denied-peer-ip=127.0.0.1"])
    with gate_with(server.ice_server("udp")) as gate:

        async def main() -> None:
            with pytest.raises(NoPathError, match="nothing through to the peer: 403 Forbidden"):
                async with calling(gate, relay_only=True, open_timeout=1.0, close_timeout=0.2):
                    pass

        run(main())
    assert server.all_given_back()


@pytest.mark.parametrize("transport", ["udp", "tcp"])
def test_a_server_that_sends_us_on_to_another(
    start_coturn: StartCoturn, transport: Transport
) -> None:
    back = start_coturn()
    front = start_coturn(options=[f"alternate-server=127.0.0.1:{back.port}"])
    with gate_with(front.ice_server(transport)) as gate:

        async def main() -> None:
            async with calling(gate, relay_only=True) as call:
                assert await say(call, "hello") == "You said: hello"
                (result,) = call.turn_results
                assert (result.url, result.works) == (front.url(transport), True)

        run(main())
    assert back.allocations() > 0
    assert back.all_given_back()


def test_a_server_that_sends_us_on_and_on(start_coturn: StartCoturn) -> None:
    back = start_coturn()
    middle = start_coturn(options=[f"alternate-server=127.0.0.1:{back.port}"])
    front = start_coturn(options=[f"alternate-server=127.0.0.1:{middle.port}"])
    with gate_with(front.ice_server("udp")) as gate:

        async def main() -> None:
            with pytest.raises(NoPathError, match="300 Try Alternate"):
                async with calling(gate, relay_only=True):
                    pass

        run(main())
    assert back.allocations() == 0


def test_time_limited_credentials(rest_coturn: Coturn) -> None:
    with gate_with(rest_coturn.ice_server("udp")) as gate:

        async def main() -> None:
            async with calling(gate, relay_only=True) as call:
                assert await say(call, "hello") == "You said: hello"

        run(main())
    assert rest_coturn.all_given_back()


@pytest.mark.usefixtures("trusted")
def test_six_servers_of_which_the_first_is_dead(coturn: Coturn) -> None:
    good = coturn.ice_server("udp", "tcp", "tls")
    with silent("udp") as dead:
        urls = ["stun:stun.invalid:3478", dead, refusing("tcp"), *good["urls"]]

        with gate_with(with_urls(good, urls)) as gate:

            async def main() -> None:
                async with calling(gate, relay_only=True) as call:
                    assert (call.timings.gathered or 9) < 1.5
                    assert await say(call, "hello") == "You said: hello"
                    reasons = {one.url: one.reason for one in call.turn_results}
                    assert reasons[coturn.url("udp")] is None
                    assert reasons[urls[2]] == "connection refused"
                    # The dead one is still being tried when another one works.
                    assert dead not in reasons
                    assert await finished(4)
                    reasons = {one.url: one.reason for one in call.turn_results}
                    assert reasons[dead] == "timed out after 2.0 s"

            run(main())
    assert coturn.all_given_back()


def test_expired_credentials(rest_coturn: Coturn) -> None:
    with gate_with(rest_coturn.ice_server("udp", "tcp", seconds=-60.0)) as gate:

        async def main() -> None:
            with pytest.raises(NoPathError, match="401 Unauthorized") as caught:
                async with calling(gate, relay_only=True):
                    pass
            assert [one.reason for one in caught.value.turn_results] == ["401 Unauthorized"] * 2

        start = time.monotonic()
        run(main())
        assert time.monotonic() - start < 4.0


def test_a_turn_server_that_falls_silent_is_noticed(start_coturn: StartCoturn) -> None:
    turn = start_coturn()
    with gate_with(turn.ice_server("udp")) as gate:

        async def main() -> None:
            async with calling(gate, relay_only=True) as call:
                await wait_for(call, "session.created")
                await see(gate, lambda one: one.frames_heard > 10)
                turn.freeze()
                start = time.monotonic()
                with pytest.raises(ConnectionLostError, match="nothing came from the peer"):
                    await call.recv()
                assert time.monotonic() - start < 16.0
                start = time.monotonic()
            assert time.monotonic() - start < 3.0
            # What closing left to the reaper gives up some time too.
            assert await finished(20.0)

        run(main(), limit=50.0)


def test_a_turn_server_that_ends_is_noticed_at_once(start_coturn: StartCoturn) -> None:
    turn = start_coturn()
    with gate_with(turn.ice_server("tcp")) as gate:

        async def main() -> None:
            async with calling(gate, relay_only=True) as call:
                await wait_for(call, "session.created")
                turn.kill()
                async with asyncio.timeout(5.0):
                    with pytest.raises(ConnectionLostError, match="the transport failed"):
                        await call.recv()

        run(main())


@pytest.mark.parametrize("milliseconds", [3, 8, 15, 25, 60, 120])
def test_cancelled_it_leaves_no_allocation(
    gate_process: GateProcess, coturn: Coturn, milliseconds: int
) -> None:
    async def main() -> None:
        session = await minted(gate_process)
        session["turn_credentials"] = {"iceServers": [coturn.ice_server("udp", "tcp")]}
        opening = asyncio.create_task(open_for_long(session, gate_process, relay_only=True))
        await asyncio.sleep(milliseconds / 1000)
        opening.cancel()
        with pytest.raises(asyncio.CancelledError):
            await opening
        assert await finished(15.0)

    run_alone(main())
    assert coturn.all_given_back()
