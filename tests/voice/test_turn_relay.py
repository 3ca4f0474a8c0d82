"""Calls and their TURN servers: what waits for them, what goes through them, what they cost."""

from __future__ import annotations

import asyncio
import logging
import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from types import SimpleNamespace
from typing import Any

import pytest
import trustme

from ai_gate.testing import MockGate
from ai_gate.types import IceServer
from ai_gate.webrtc import NoPathError, probe_turn
from ai_gate.webrtc.turn import _allocation
from ai_gate.webrtc.turn import _relay as relay_module
from ai_gate.webrtc.turn._race import Race
from ai_gate.webrtc.turn._relay import Relay
from tests.voice.calling import answered, calling, run, say
from tests.voice.conftest import StartCoturn, missing
from tests.voice.coturn import CREDENTIAL, HOST, TRANSPORTS, USERNAME, Coturn, Transport
from tests.voice.dead_ends import silent, url
from tests.voice.gate_process import GateProcess
from tests.voice.lossy_path import CANDIDATE, is_relay, is_signed_request, lossy_path, over
from tests.voice.running import finished

pytestmark = pytest.mark.usefixtures("on_loopback")

NAME = "turn.test"
BINDING = b"\x00\x01"


def gate_with(*urls: str) -> MockGate:
    """A mock gate that hands out TURN URLs."""
    servers = [{"urls": list(urls), "username": USERNAME, "credential": CREDENTIAL}]
    return MockGate(realtime=True, requests=None, concurrent=None, quota=None, ice_servers=servers)


class Receiver(asyncio.DatagramProtocol):
    """Takes what comes through a socket or a relay."""

    def __init__(self) -> None:
        self.packets: asyncio.Queue[tuple[bytes, Any]] = asyncio.Queue()
        self.is_closed = False

    def datagram_received(self, data: bytes, addr: Any) -> None:
        self.packets.put_nowait((data, addr))

    def connection_lost(self, exc: Exception | None) -> None:
        self.is_closed = True


@pytest.fixture
def patient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Give TURN servers so much time that no test waits for its end."""
    monkeypatch.setattr(relay_module, "Race", partial(Race, timeout=60.0))


def test_a_call_with_a_path_waits_for_no_turn_server() -> None:
    async def main(gate: MockGate) -> None:
        async with calling(gate) as call:
            assert call.turn_results == ()
            assert await say(call, "hello") == "You said: hello"

    with (
        silent("udp") as datagrams,
        silent("tcp") as stream,
        silent("tls") as encrypted,
        gate_with(datagrams, stream, encrypted) as gate,
    ):
        run(main(gate))


@pytest.mark.usefixtures("patient")
def test_a_server_that_works_too_late_is_told_and_not_kept(coturn: Coturn) -> None:
    before = coturn.allocations()

    async def main() -> None:
        async with lossy_path(coturn.port, held=is_signed_request) as path:
            with gate_with(path.url) as gate:
                async with calling(gate) as call:
                    assert not call.turn_results
                    path.let_go()
                    assert await finished(10.0)
                    (result,) = call.turn_results
                    assert result.works
                    assert coturn.wait_for(lambda: coturn.allocations() == before + 1)
                    assert coturn.all_given_back()

    run(main())


@pytest.mark.usefixtures("patient")
@pytest.mark.parametrize("is_ice_lite", [False, True])
def test_a_relay_that_comes_after_the_offer(coturn: Coturn, is_ice_lite: bool) -> None:
    offers: list[str] = []

    async def main() -> None:
        async with (
            lossy_path(coturn.port, held=is_signed_request) as way_to_turn,
            lossy_path(sender=is_relay) as way_to_peer,
        ):

            def answer(sdp: str) -> str:
                way_to_turn.let_go()
                return over(way_to_peer, sdp)

            def offer(sdp: str) -> str:
                offers.append(sdp)
                # What the peer sends doesn't get here.
                return CANDIDATE.sub(r"\g<1>9 ", sdp)

            with gate_with(way_to_turn.url) as gate:
                gate.voice.ice_lite(is_ice_lite)
                async with answered(gate, answer, offer) as call:
                    pair = call.selected_candidate_pair
                    assert pair is not None
                    assert (pair.local.type, is_relay((0, pair.local.port))) == ("relay", True)
                    assert await say(call, "hello") == "You said: hello"

    run(main())
    assert "typ relay" not in offers[0]
    assert coturn.all_given_back()


@pytest.mark.parametrize("transport", TRANSPORTS)
@pytest.mark.usefixtures("trusted")
def test_no_check_is_lost_for_want_of_a_permission(coturn: Coturn, transport: Transport) -> None:
    checks: list[bytes] = []

    def noted(data: bytes) -> bool:
        if data[:2] == BINDING:
            checks.append(data[8:20])
        return False

    async def main(gate: MockGate) -> None:
        async with (
            lossy_path(late=noted) as path,
            answered(gate, lambda answer: over(path, answer), relay_only=True) as call,
        ):
            seen = len(checks)
            assert seen == len(set(checks))
            assert call.selected_candidate_pair is not None

    with gate_with(coturn.url(transport)) as gate:
        run(main(gate))


def test_a_server_with_room_for_one_allocation_of_a_user(start_coturn: StartCoturn) -> None:
    server = start_coturn(options=["user-quota=1"])

    async def main(gate: MockGate) -> None:
        async with calling(gate, relay_only=True) as call:
            assert await say(call, "hello") == "You said: hello"
            # There is no more room, and it is told as that.
            with pytest.raises(NoPathError, match="486 Allocation Quota Reached"):
                async with calling(gate, relay_only=True):
                    pass
        # The server counts what was given back for up to a second more.
        async with calling(gate, relay_only=True) as call:
            assert await say(call, "hello") == "You said: hello"

    with gate_with(server.url("udp")) as gate:
        run(main(gate))
    assert server.all_given_back()


@contextmanager
def named(monkeypatch: pytest.MonkeyPatch, transport: Transport, port: int) -> Iterator[str]:
    """Yield a URL with a name of two addresses, of which the first swallows what it is sent."""
    asked = socket.getaddrinfo

    def found(host: Any, *args: Any, **options: Any) -> Any:
        if host != NAME:
            return asked(host, *args, **options)
        return [*asked("::1", *args, **options), *asked(HOST, *args, **options)]

    kind = socket.SOCK_DGRAM if transport == "udp" else socket.SOCK_STREAM
    with socket.socket(socket.AF_INET6, kind) as swallowing, monkeypatch.context() as patch:
        try:
            swallowing.bind(("::1", port))
        except OSError:
            missing("IPv6 on loopback")
        if transport != "udp":
            swallowing.listen()
        patch.setattr(socket, "getaddrinfo", found)
        scheme, _, rest = url(transport, port).partition(HOST)
        yield f"{scheme}{NAME}{rest}"


@pytest.mark.usefixtures("trusted")
@pytest.mark.parametrize("transport", TRANSPORTS)
def test_a_name_whose_first_address_swallows_packets(
    start_coturn: StartCoturn,
    authority: trustme.CA,
    transport: Transport,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    server = start_coturn(certificate=authority.issue_cert(NAME))

    async def main(gate: MockGate) -> None:
        async with calling(gate, relay_only=True) as call:
            assert await say(call, "hello") == "You said: hello"

    port = server.tls_port if transport == "tls" else server.port
    with named(monkeypatch, transport, port) as name, gate_with(name) as gate:
        run(main(gate))
    assert server.allocations() == 1
    assert server.all_given_back()


def test_addresses_of_a_name_that_fail_for_different_reasons(
    start_coturn: StartCoturn, monkeypatch: pytest.MonkeyPatch
) -> None:
    server = start_coturn()
    wrong: IceServer = {"urls": [], "username": USERNAME, "credential": "wrong"}
    with named(monkeypatch, "udp", server.port) as name:
        (result,) = run(probe_turn([{**wrong, "urls": [name]}], timeout=1.0)).results
    assert result.reason == "timed out after 1.0 s (::1), 401 Unauthorized (127.0.0.1)"


def test_what_is_sent_before_a_server_is_known(coturn: Coturn) -> None:
    async def main() -> None:
        loop = asyncio.get_running_loop()
        peer, heard = await loop.create_datagram_endpoint(Receiver, local_addr=(HOST, 0))
        relay, receiver = Relay([coturn.ice_server("udp")]), Receiver()
        relay.receive(receiver)
        address = peer.get_extra_info("sockname")
        for packet in (b"replaced", b"waited"):
            relay.sendto(packet, address)
        relay.begin()
        packet, way_back = await heard.packets.get()
        assert (packet, way_back[1]) == (b"waited", relay.candidate.port)
        peer.sendto(b"answer", way_back)
        assert await receiver.packets.get() == (b"answer", address)
        assert heard.packets.empty()
        await relay.released(5.0)
        assert receiver.is_closed
        peer.close()

    run(main())
    assert coturn.all_given_back()


@pytest.mark.parametrize("set_back", [0, 3600])
def test_what_is_sent_keeps_the_permission(
    coturn: Coturn, monkeypatch: pytest.MonkeyPatch, set_back: int
) -> None:
    start, log = time.time(), len(coturn.log)

    def has_bound(times: int) -> bool:
        return coturn.log[log:].count("CHANNEL_BIND processed, success") == times

    async def main() -> None:
        loop = asyncio.get_running_loop()
        peer, heard = await loop.create_datagram_endpoint(Receiver, local_addr=(HOST, 0))
        relay = Relay([coturn.ice_server("udp")])
        relay.receive(Receiver())
        relay.begin()
        # It ends after 300 s, and aioice asks for 40 s at most whether the server is still there.
        for age, bindings in [(0, 1), (200, 1), (260, 2), (460, 2), (520, 3)]:
            clock = SimpleNamespace(time=partial(float, start + age - (set_back if age else 0)))
            monkeypatch.setattr("aioice.turn.time", clock)
            monkeypatch.setattr(_allocation, "monotonic", partial(float, age))
            relay.sendto(b"hello", peer.get_extra_info("sockname"))
            await heard.packets.get()
            assert await asyncio.to_thread(coturn.wait_for, partial(has_bound, bindings))
        await relay.released(5.0)
        peer.close()

    run(main())


def test_closing_waits_for_no_server(start_coturn: StartCoturn) -> None:
    server = start_coturn()

    async def main() -> None:
        relay, receiver = Relay([server.ice_server("udp")]), Receiver()
        relay.receive(receiver)
        relay.begin()
        await relay.decided()
        server.freeze()
        # It waits for a server that doesn't answer any more.
        relay.sendto(b"lost", (HOST, 9))
        relay.close()
        assert receiver.is_closed
        relay.sendto(b"too late", (HOST, 9))
        await relay.released(5.0)

    run(main())


def test_own_addresses_that_lead_elsewhere_are_tried_last(
    gate_process: GateProcess, monkeypatch: pytest.MonkeyPatch
) -> None:
    own = [f"127.0.0.{number}" for number in range(20, 1, -1)] + [HOST]
    monkeypatch.setattr("aioice.ice.get_host_addresses", lambda use_ipv4, use_ipv6: own)

    async def main() -> None:
        async with (
            lossy_path() as path,
            answered(gate_process, lambda answer: over(path, answer)),
        ):
            assert path.came_from[0][0] == HOST

    run(main())


def test_log_lines_have_no_secrets(coturn: Coturn, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    sdp: list[str] = []

    def noted(one: str) -> str:
        sdp.append(one)
        return one

    async def main(gate: MockGate) -> None:
        async with answered(gate, noted, noted, relay_only=True):
            pass

    with gate_with(coturn.url("udp")) as gate:
        run(main(gate))
    passwords = [one.partition("a=ice-pwd:")[2].split()[0] for one in sdp]
    assert "setLocalDescription" in caplog.text
    for secret in (CREDENTIAL, USERNAME, *passwords, "a=fingerprint"):
        assert secret not in caplog.text
