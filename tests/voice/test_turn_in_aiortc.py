"""TURN servers within aiortc, and what is reached behind its surface for them."""

from __future__ import annotations

import asyncio
import logging
from types import SimpleNamespace
from typing import Any, cast

import pytest
from aiortc import (
    RTCBundlePolicy,
    RTCConfiguration,
    RTCIceServer,
    RTCIceTransportPolicy,
    RTCPeerConnection,
)

from ai_gate.webrtc import _aiortc_internals as internals
from ai_gate.webrtc._types import TurnServer
from ai_gate.webrtc.turn._allocation import tls_context
from ai_gate.webrtc.turn._urls import turn_servers
from tests.voice.conftest import StartCoturn
from tests.voice.coturn import CREDENTIAL, HOST, TRANSPORTS, USERNAME, Coturn, Transport
from tests.voice.running import run


def server(coturn: Coturn, transport: Transport) -> TurnServer:
    (found,), unusable = turn_servers([coturn.ice_server(transport)])
    assert unusable == []
    return found


def peer(*ice_servers: RTCIceServer) -> RTCPeerConnection:
    """A peer connection that goes through a TURN server or nowhere."""
    return RTCPeerConnection(
        RTCConfiguration(
            iceServers=list(ice_servers),
            iceTransportPolicy=RTCIceTransportPolicy.RELAY,
            bundlePolicy=RTCBundlePolicy.MAX_BUNDLE,
        )
    )


async def offer(pc: RTCPeerConnection) -> str:
    await pc.setLocalDescription(await pc.createOffer())
    return pc.localDescription.sdp


async def close(pc: RTCPeerConnection) -> None:
    await pc.close()
    assert await internals.turn_released(2.0)


async def connected(one: RTCPeerConnection, other: RTCPeerConnection) -> None:
    """Connect two peers, and wait until both know it."""
    channel = one.createDataChannel("test")
    opened = asyncio.Event()
    channel.on("open", opened.set)
    await offer(one)
    await other.setRemoteDescription(one.localDescription)
    await other.setLocalDescription(await other.createAnswer())
    await one.setRemoteDescription(other.localDescription)
    async with asyncio.timeout(10.0):
        await opened.wait()


@pytest.mark.usefixtures("trusted")
@pytest.mark.parametrize("transport", TRANSPORTS)
def test_aiortc_takes_the_servers_as_they_are_given_to_it(
    coturn: Coturn, transport: Transport
) -> None:
    async def gathered() -> str:
        pc = peer(RTCIceServer(**server(coturn, transport).ice_server()))
        pc.createDataChannel("test")
        sdp = await offer(pc)
        await close(pc)
        return sdp

    assert "typ relay" in run(gathered())
    assert coturn.all_given_back()


async def gathered_without_a_url(found: TurnServer) -> str:
    pc = peer()
    pc.createDataChannel("test")
    pc.addTransceiver("audio")
    assert internals.use_turn_server(pc, found, tls_context(found))
    sdp = await offer(pc)
    await close(pc)
    return sdp


@pytest.mark.usefixtures("trusted")
@pytest.mark.parametrize("transport", TRANSPORTS)
def test_a_server_told_without_a_url(coturn: Coturn, transport: Transport) -> None:
    assert "typ relay" in run(gathered_without_a_url(server(coturn, transport)))
    assert coturn.all_given_back()


def test_a_server_told_without_a_url_is_verified(coturn: Coturn) -> None:
    # coturn answers on its TLS port without TLS too, so this also tells whether TLS is used.
    assert "typ relay" not in run(gathered_without_a_url(server(coturn, "tls")))


def test_a_server_at_an_ipv6_address() -> None:
    async def told() -> None:
        (found,), _ = turn_servers(
            [{"urls": "turns:[::1]:443", "username": "u", "credential": "c"}]
        )
        pc = peer()
        pc.createDataChannel("test")
        assert internals.use_turn_server(pc, found, tls_context(found))
        assert pc.sctp is not None
        connection = cast(Any, pc.sctp.transport.transport)._connection
        assert connection.turn_server == ("::1", 443)
        await close(pc)

    run(told())


@pytest.mark.usefixtures("trusted")
def test_the_selected_pair(coturn: Coturn) -> None:
    async def call() -> None:
        one, other = (
            peer(RTCIceServer(**server(coturn, transport).ice_server()))
            for transport in ("udp", "tls")
        )
        assert internals.selected_pair(one) is None
        await connected(one, other)
        pair = internals.selected_pair(one)
        assert pair is not None
        assert (pair.local.type, pair.local.address, pair.local.protocol) == ("relay", HOST, "udp")
        assert pair.remote.type in ("relay", "prflx")
        assert pair.local.port != pair.remote.port
        await close(one)
        await close(other)
        assert internals.selected_pair(one) is None

    before = coturn.relayed_packets()
    run(call())
    assert coturn.all_given_back()
    assert coturn.wait_for(lambda: coturn.relayed_packets() > before)


async def frozen_behind(coturn: Coturn) -> RTCPeerConnection:
    """A peer with an allocation on a TURN server that has fallen silent since."""
    pc = peer(RTCIceServer(**server(coturn, "udp").ice_server()))
    pc.createDataChannel("test")
    await offer(pc)
    coturn.freeze()
    return pc


def test_closing_while_the_server_is_silent(start_coturn: StartCoturn) -> None:
    coturn = start_coturn()

    async def call() -> None:
        pc = await frozen_behind(coturn)
        closing = asyncio.create_task(pc.close())
        done, _ = await asyncio.wait([closing], timeout=0.3)
        assert not done
        internals.cut(pc)
        async with asyncio.timeout(1.0):
            await closing
        assert await internals.turn_released(1.0)

    run(call())


def test_cutting_before_closing(start_coturn: StartCoturn) -> None:
    coturn = start_coturn()

    async def call() -> None:
        pc = await frozen_behind(coturn)
        internals.cut(pc)
        async with asyncio.timeout(1.0):
            await close(pc)

    run(call())


def test_waiting_for_a_release_that_does_not_come(start_coturn: StartCoturn) -> None:
    coturn = start_coturn()

    async def call() -> None:
        pc = await frozen_behind(coturn)
        closing = asyncio.create_task(pc.close())
        while not internals.turn_releases():
            await asyncio.sleep(0)
        assert not await internals.turn_released(0.1)
        coturn.thaw()
        assert await internals.turn_released(5.0)
        await closing

    run(call())
    assert coturn.all_given_back()


@pytest.mark.parametrize("connection", [None, object(), SimpleNamespace(_protocols=[object()])])
def test_other_releases_of_aiortc(connection: object) -> None:
    ice = SimpleNamespace() if connection is None else SimpleNamespace(_connection=connection)
    sctp = SimpleNamespace(transport=SimpleNamespace(transport=ice))
    pc = cast(
        RTCPeerConnection,
        SimpleNamespace(sctp=sctp, getTransceivers=lambda: [SimpleNamespace(receiver=None)]),
    )
    (found,), _ = turn_servers([{"urls": "turn:h", "username": "u", "credential": "c"}])
    assert internals.selected_pair(pc) is None
    assert internals.use_turn_server(pc, found, tls_context(found)) is False
    internals.cut(pc)


def test_log_lines_have_no_secrets(coturn: Coturn, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    internals.mask_logs()

    async def call() -> str:
        one, other = (peer(RTCIceServer(**server(coturn, "udp").ice_server())) for _ in range(2))
        await connected(one, other)
        sdp = one.localDescription.sdp
        await close(one)
        await close(other)
        return sdp

    password = run(call()).partition("a=ice-pwd:")[2].split()[0]
    assert "setLocalDescription" in caplog.text
    for secret in (CREDENTIAL, USERNAME, password, "a=fingerprint"):
        assert secret not in caplog.text
