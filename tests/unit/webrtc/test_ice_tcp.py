"""ICE over TCP: the packets of a stream."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import pytest

from ai_gate.webrtc._ice_tcp import TCPWay

HOST = "127.0.0.1"
PACKETS = [b"one", b"", b"x" * 1200]

Serve = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


class Receiver(asyncio.DatagramProtocol):
    """Takes what comes."""

    def __init__(self) -> None:
        self.packets: asyncio.Queue[bytes] = asyncio.Queue()
        self.closed = asyncio.Event()

    def datagram_received(self, data: bytes, addr: Any) -> None:
        self.packets.put_nowait(data)

    def connection_lost(self, exc: Exception | None) -> None:
        self.closed.set()


@contextlib.asynccontextmanager
async def serving(serve: Serve, port: int = 0) -> AsyncIterator[int]:
    """Serve one connection, and yield the port. What is done with it is waited for."""
    ended = asyncio.Event()

    async def served(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(ConnectionError):
            await serve(reader, writer)
        writer.close()
        with contextlib.suppress(ConnectionError):
            await writer.wait_closed()
        ended.set()

    async with await asyncio.start_server(served, HOST, port) as server:
        yield server.sockets[0].getsockname()[1]
        await ended.wait()


def open_way() -> tuple[TCPWay, Receiver]:
    way, receiver = TCPWay(), Receiver()
    way.receive(receiver)
    return way, receiver


@pytest.mark.parametrize("piece", [1, 2, 3, 10_000])
def test_packets_arrive_whole_in_whatever_pieces(piece: int) -> None:
    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        assert await reader.readexactly(7) == b"\x00\x05hello"
        framed = b"".join(len(packet).to_bytes(2) + packet for packet in PACKETS)
        for start in range(0, len(framed), piece):
            writer.write(framed[start : start + piece])
            await writer.drain()
        await reader.read()

    async def main() -> None:
        async with serving(serve) as port:
            way, receiver = open_way()
            # Of what waits for the connection, the last one is sent.
            way.sendto(b"replaced", (HOST, port))
            way.sendto(b"hello", (HOST, port))
            assert [await receiver.packets.get() for _ in PACKETS] == PACKETS
            way.close()
            assert receiver.closed.is_set()

    asyncio.run(main())


def test_a_connection_that_ends_while_it_is_used() -> None:
    async def hang_up(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readexactly(7)

    async def main() -> None:
        async with serving(hang_up) as port:
            way, receiver = open_way()
            way.sendto(b"hello", (HOST, port))
            await receiver.closed.wait()
            way.close()

    asyncio.run(main())


def test_a_connection_that_ends_before_it_is_used_is_made_again() -> None:
    check = b"\x00\x01" + bytes(18)

    async def hang_up(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readexactly(2 + len(check))

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(await reader.readexactly(2 + len(check)))
        await reader.read()

    async def main() -> None:
        way, receiver = open_way()
        async with serving(hang_up) as port:
            way.sendto(check, (HOST, port))
        async with serving(serve, port):
            # As ICE sends its checks again.
            while receiver.packets.empty():
                way.sendto(check, (HOST, port))
                await asyncio.sleep(0.01)
            assert await receiver.packets.get() == check
            assert not receiver.closed.is_set()
            way.close()

    asyncio.run(main())


def test_a_refused_connection_is_tried_again() -> None:
    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(await reader.readexactly(7))
        await reader.read()

    async def main() -> None:
        async with await asyncio.start_server(lambda reader, writer: None, HOST, 0) as server:
            port = server.sockets[0].getsockname()[1]
        way, receiver = open_way()
        way.sendto(b"early", (HOST, port))
        async with serving(serve, port):
            # As ICE sends its checks again.
            while receiver.packets.empty():
                way.sendto(b"hello", (HOST, port))
                await asyncio.sleep(0.01)
            assert await receiver.packets.get() == b"hello"
            way.close()

    asyncio.run(main())
