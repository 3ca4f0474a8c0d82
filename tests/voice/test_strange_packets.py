"""Packets that anybody can send to a call: it goes on, and the event loop has nothing to tell."""

from __future__ import annotations

import asyncio
import contextlib
import re
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest

from ai_gate.testing import MockGate
from tests.voice.calling import answered, calling, has_ipv6, run, say
from tests.voice.coturn import HOST

COOKIE = bytes.fromhex("2112a442")
ROUNDS = 3

STRANGE = {
    "empty": b"",
    "larger than SRTP's": b"\x80\x6f" + bytes(1499),
    "STUN whose LIFETIME is cut short": (
        b"\x00\x01\x00\x08" + COOKIE + bytes(12) + b"\x00\x0d\x00\x01" + bytes(4)
    ),
}

strange = pytest.mark.parametrize("packet", STRANGE.values(), ids=STRANGE)


@strange
def test_over_udp(gate: MockGate, packet: bytes) -> None:
    async def main() -> None:
        async with calling(gate) as call:
            pair = call.selected_candidate_pair
            assert pair is not None
            with socket.socket(type=socket.SOCK_DGRAM) as stranger:
                for _ in range(ROUNDS):
                    stranger.sendto(packet, (pair.local.address, pair.local.port))
            # What is said comes through the same socket, and so after them.
            assert await say(call, "hello") == "You said: hello"

    run(main())


@pytest.mark.parametrize(
    "packet",
    [bytes.fromhex(f"{kind}fefd0000000000000000{body}") for kind, body in (
        ("15", "00020228"), ("16", "00040b000000"),
    )],
    ids=["an alert", "half a handshake"],
)  # fmt: skip
def test_of_dtls_while_a_call_opens(gate: MockGate, packet: bytes) -> None:
    with socket.socket(type=socket.SOCK_DGRAM) as stranger:

        def send(offer: str) -> str:
            found = re.search(r"a=candidate:\S+ 1 udp \d+ (\S+) (\d+)", offer)
            assert found is not None
            # It waits there for the handshake.
            stranger.sendto(packet, (found[1], int(found[2])))
            return offer

        async def main() -> None:
            async with answered(gate, str, send) as call:
                assert await say(call, "hello") == "You said: hello"

        run(main())


class Gateway:
    """A peer over TCP: hands on to the candidate over UDP what comes, and what comes back."""

    def __init__(self, host: str) -> None:
        self.host = host
        self.port = 0
        self.writer: asyncio.StreamWriter | None = None
        self._peer: Any = None

    def answer(self, sdp: str) -> str:
        """Lead to this one in place of the candidates over UDP."""
        found = re.findall(r"^a=candidate:\S+ 1 udp \d+ (\S+) (\d+) .*$", sdp, re.MULTILINE)
        self._peer = (found[0][0], int(found[0][1]))
        tcp = f"a=candidate:9 1 tcp 1671430142 {self.host} {self.port} typ host tcptype passive\r"
        return re.sub(r"^a=candidate.* udp .*$", tcp, sdp, flags=re.MULTILINE)

    def write(self, packet: bytes) -> None:
        """Send a packet to the call."""
        assert self.writer is not None
        self.writer.write(len(packet).to_bytes(2) + packet)

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Serve a connection."""
        self.writer = writer
        gateway = self

        class Back(asyncio.DatagramProtocol):
            def datagram_received(self, data: bytes, addr: Any) -> None:
                gateway.write(data)

        loop = asyncio.get_running_loop()
        transport, _ = await loop.create_datagram_endpoint(Back, remote_addr=self._peer)
        with contextlib.suppress(asyncio.IncompleteReadError, ConnectionError):
            while True:
                length = int.from_bytes(await reader.readexactly(2))
                transport.sendto(await reader.readexactly(length))
        transport.close()
        writer.close()


@asynccontextmanager
async def over_tcp(host: str) -> AsyncIterator[Gateway]:
    gateway = Gateway(host)
    async with await asyncio.start_server(gateway.serve, host, 0) as server:
        gateway.port = server.sockets[0].getsockname()[1]
        yield gateway


@pytest.mark.parametrize("host", [HOST, "::1"])
@strange
def test_over_tcp(gate: MockGate, packet: bytes, host: str) -> None:
    if host == "::1" and not has_ipv6():
        pytest.skip("this machine has no IPv6")

    async def main() -> None:
        async with over_tcp(host) as gateway, answered(gate, gateway.answer, ice_tcp=True) as call:
            pair = call.selected_candidate_pair
            assert pair is not None
            assert (pair.local.protocol, pair.local.address) == ("tcp", host)
            for _ in range(ROUNDS):
                gateway.write(packet)
            assert await say(call, "hello") == "You said: hello"

    run(main())
