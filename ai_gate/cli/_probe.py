"""STUN and TURN servers tried: a binding, or an allocation, on each."""

import asyncio
import os
import re
import socket
import struct
from collections.abc import Mapping
from typing import Any

from ai_gate.cli._gate import ice_servers, is_stun, urls_of
from ai_gate.webrtc import TurnResult, probe_turn

STUN_URL = re.compile(
    r"stun:(?:\[(?P<ipv6>[^\]]+)\]|(?P<host>[^\s:?]+))(?::(?P<port>\d{1,5}))?", re.I
)
"""A STUN URL as RFC 7064 has it; such a server is asked over UDP."""
STUN_PORT = 3478
BINDING_REQUEST, BINDING_RESPONSE, MAGIC = 0x0001, 0x0101, 0x2112A442
"""RFC 8489, sections 5 and 18.2."""
RESEND_SECONDS = 0.5
"""How long an answer is waited for before the request is sent again: a packet can be lost."""


async def probe(credentials: Mapping[str, Any], timeout: float) -> list[TurnResult]:
    """Try every STUN and TURN URL, side by side.

    Raises:
        MissingDependencyError: aiortc isn't installed.
    """
    bindings, turn = await asyncio.gather(
        probe_stun(credentials, timeout), probe_turn(ice_servers(credentials), timeout=timeout)
    )
    return [*bindings, *turn.results]


async def probe_stun(credentials: Mapping[str, Any], timeout: float) -> list[TurnResult]:
    """Ask every STUN server for the address that it sees, which needs no credentials."""
    urls = filter(is_stun, urls_of(credentials))
    return list(await asyncio.gather(*(_bind(url, timeout) for url in urls)))


async def _bind(url: str, timeout: float) -> TurnResult:
    match = STUN_URL.fullmatch(url)
    if match is None:
        return TurnResult(url, None, False, "not tried: not a URL like stun:host:3478", None)
    loop = asyncio.get_running_loop()
    start, reason = loop.time(), None
    try:
        async with asyncio.timeout(timeout):
            await _binding(match["ipv6"] or match["host"], int(match["port"] or STUN_PORT))
    except TimeoutError:
        reason = f"no answer within {timeout:.1f} s"
    except (socket.gaierror, UnicodeError):
        reason = "name not found"
    except (OSError, OverflowError) as error:
        reason = getattr(error, "strerror", None) or str(error)
    return TurnResult(url, "udp", reason is None, reason, loop.time() - start)


async def _binding(host: str, port: int) -> None:
    request = struct.pack("!HHI12s", BINDING_REQUEST, 0, MAGIC, os.urandom(12))
    answered: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    class Protocol(asyncio.DatagramProtocol):
        def datagram_received(self, data: bytes, addr: object) -> None:
            is_answer = data[:2] == BINDING_RESPONSE.to_bytes(2) and data[4:20] == request[4:]
            if is_answer and not answered.done():
                answered.set_result(None)

        def error_received(self, exc: Exception) -> None:
            if not answered.done():
                answered.set_exception(exc)

    transport, _ = await asyncio.get_running_loop().create_datagram_endpoint(
        Protocol, remote_addr=(host, port)
    )
    try:
        while not answered.done():
            transport.sendto(request)
            await asyncio.wait([answered], timeout=RESEND_SECONDS)
        answered.result()
    finally:
        answered.cancel()
        transport.close()
