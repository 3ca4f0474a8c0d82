"""STUN servers beside TURN servers: a binding says whether UDP leaves this network.

It needs no aiortc.
"""

import asyncio
import os
import re
import socket
import struct
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from typing import Any, cast

from ai_gate.types import IceServer
from ai_gate.webrtc._types import TurnResult
from ai_gate.webrtc.turn import probe_turn

URL = re.compile(r"stun:(?:\[([^\]]+)\]|([^\s:?\[]+))(?::(\d{1,5}))?", re.IGNORECASE | re.ASCII)
"""A URL of RFC 7064, for a server that is asked over UDP."""
PORT = 3478
REQUEST, RESPONSE, MAGIC = 0x0001, 0x0101, 0x2112A442
"""A binding request and its success, and the magic cookie (RFC 8489, sections 5 and 18.2)."""
RESEND_SECONDS = 0.5
"""How long a response is waited for before the request is sent again: packets can be lost."""


async def probe_all(credentials: Mapping[str, Any], *, timeout: float) -> list[TurnResult]:
    """Try every STUN and every TURN URL of credentials, side by side, the STUN ones first.

    Args:
        credentials: What `get_turn_credentials()` returned.
        timeout: The time for each URL, in seconds.

    Raises:
        MissingDependencyError: aiortc isn't installed, which TURN needs.
    """
    turn = probe_turn(credentials.get("iceServers"), timeout=timeout)  # type: ignore[arg-type]
    bindings, probe = await asyncio.gather(probe_stun(credentials, timeout=timeout), turn)
    return [*bindings, *probe.results]


async def probe_stun(credentials: Mapping[str, Any], *, timeout: float) -> list[TurnResult]:
    """Ask every STUN server, side by side, how it sees us, and return what became of each."""
    return list(await asyncio.gather(*(_try(url, timeout) for url in _urls(credentials))))


def relays_work(results: Sequence[TurnResult]) -> bool:
    """Return True if a TURN server works, or there is none and a STUN server does."""
    relays = [result for result in results if not _is_stun(result.url)]
    return any(result.works for result in relays or results)


def ice_servers(credentials: Mapping[str, Any]) -> list[IceServer]:
    """Return the ICE servers of credentials, whatever the gate has put there."""
    found = credentials.get("iceServers")
    servers = found if isinstance(found, list) else []
    return [cast(IceServer, server) for server in servers if isinstance(server, dict)]


def _is_stun(url: str) -> bool:
    return url.strip().lower().startswith(("stun:", "stuns:"))


def _urls(credentials: Mapping[str, Any]) -> Iterator[str]:
    for server in ice_servers(credentials):
        urls = server.get("urls")
        for url in urls if isinstance(urls, list) else [urls]:
            if isinstance(url, str) and _is_stun(url):
                yield url.strip()


async def _try(url: str, timeout: float) -> TurnResult:
    match = URL.fullmatch(url)
    if match is None:
        return TurnResult(url, None, False, "it should be like stun:host:3478", None)
    loop = asyncio.get_running_loop()
    start = loop.time()
    reason = None
    try:
        async with asyncio.timeout(timeout):
            await _bind(match[1] or match[2], int(match[3] or PORT))
    except TimeoutError:
        reason = f"timed out after {timeout:.1f} s"
    except (socket.gaierror, UnicodeError):
        reason = "name not found"
    except (OSError, OverflowError) as error:
        reason = (getattr(error, "strerror", None) or str(error)).lower()
    return TurnResult(url, "udp", reason is None, reason, loop.time() - start)


async def _bind(host: str, port: int) -> None:
    """Send a request until it is answered."""
    loop = asyncio.get_running_loop()
    (family, _, _, _, address), *_ = await loop.getaddrinfo(host, port, type=socket.SOCK_DGRAM)
    transaction = struct.pack("!I12s", MAGIC, os.urandom(12))
    with socket.socket(family, socket.SOCK_DGRAM) as server:
        server.setblocking(False)
        await loop.sock_connect(server, address)
        while True:
            await loop.sock_sendall(server, struct.pack("!HH", REQUEST, 0) + transaction)
            with suppress(TimeoutError):
                async with asyncio.timeout(RESEND_SECONDS):
                    while not _answers(await loop.sock_recv(server, 2048), transaction):
                        pass
                    return


def _answers(message: bytes, transaction: bytes) -> bool:
    return message[:2] == RESPONSE.to_bytes(2, "big") and message[4:20] == transaction
