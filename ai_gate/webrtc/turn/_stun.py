"""STUN servers beside TURN servers: a binding says whether UDP leaves this network.

It needs no aiortc.
"""

import asyncio
import os
import re
import socket
import struct
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from typing import Any, cast

from ai_gate._http.tls import plain_context
from ai_gate.types import IceServer
from ai_gate.webrtc._types import TurnResult
from ai_gate.webrtc.errors import MissingDependencyError
from ai_gate.webrtc.turn import probe_turn
from ai_gate.webrtc.turn._reasons import TIMED_OUT, reason_of
from ai_gate.webrtc.turn._urls import read_servers

URL = re.compile(r"(stuns?):(?:\[([^\]]+)\]|([^\s:?\[]+))(?::(\d{1,5}))?", re.IGNORECASE | re.ASCII)
"""A URL of RFC 7064, for a server that is asked over UDP, or over TLS."""
UNTRIED = "not tried, because it needs aiortc"
NO_NAME, SLOW_NAME = "name not found", "name not looked up in time"
UDP = "Calls go over TCP or TLS then, with more delay: allow UDP to port 3478."
NAMES = "Check that this machine can look up the names of the servers."
RELAYS = {
    r"\b(401|403|441)\b|missing": (
        "The servers refuse what the gate handed out: tell support@ai-gate.dev."
    ),
    r"\b(486|508)\b": "The servers are full: try again in a moment.",
    "certificate|TLS": (
        "TLS to the servers is read or refused on the way: ask whoever runs the network."
    ),
    f"{SLOW_NAME}|^(?!.*{TIMED_OUT}).*{NO_NAME}": NAMES,
    "": "Allow UDP to port 3478, or TCP to port 443, of these servers: calls may need a relay.",
}
"""What a person can do if no relay works, by a pattern of the reasons."""
PORTS = {"stun": 3478, "stuns": 5349}
REQUEST, RESPONSE, MAGIC = 0x0001, 0x0101, 0x2112A442
"""A binding request and its success, and the magic cookie (RFC 8489, sections 5 and 18.2)."""
RESEND_SECONDS = 0.5
"""How long a response is waited for before the request is sent again: packets can be lost."""


async def probe_all(credentials: Mapping[str, Any], *, timeout: float) -> list[TurnResult]:
    """Try every STUN and every TURN URL of credentials, side by side, the STUN ones first.

    Without aiortc, which TURN needs, that is the reason for each TURN URL.

    Args:
        credentials: What `get_turn_credentials()` returned.
        timeout: The time for each URL, in seconds.
    """
    turn = _probe_turn(credentials, timeout)
    stun = (_try(url, timeout) for url in _urls(credentials))
    relays, *bindings = await asyncio.gather(turn, *stun)
    return [*bindings, *relays]


async def _probe_turn(credentials: Mapping[str, Any], timeout: float) -> Any:
    servers: Any = credentials.get("iceServers")
    try:
        return (await probe_turn(servers, timeout=timeout)).results
    except MissingDependencyError:
        read = read_servers(servers)
        return [TurnResult(one.url, one.transport, False, UNTRIED, None) for one in read]


def is_untried(result: TurnResult) -> bool:
    """Return True if it can't be told whether a server works, because aiortc isn't installed."""
    return result.reason == UNTRIED


def udp_verdict(results: Sequence[TurnResult]) -> tuple[str, str, str | None]:
    """Return whether UDP leaves this network: `ok`, `warning` or `skipped`, and how that shows.

    The third is what a person can do, if there is something.
    """
    udp = [one for one in results if one.transport == "udp" and one.seconds is not None]
    # A server's refusal is an answer: its code is the reason.
    if any(one.works or (one.reason or "")[:1].isdigit() for one in udp):
        return "ok", "leaves this network, and answers come", None
    reasons = dict.fromkeys(one.reason or "" for one in udp)
    if not reasons:
        return "skipped", "no server was asked", None
    was_sent = reasons.keys() - {NO_NAME} and SLOW_NAME not in reasons
    return "warning", f"no answer came: {', '.join(reasons)}", UDP if was_sent else NAMES


def relays_work(results: Sequence[TurnResult]) -> bool:
    """Return True if a TURN server works, or there is none and a STUN server does."""
    relays = [result for result in results if not is_stun(result.url)]
    return any(result.works for result in relays or results)


def advice_on(results: Sequence[TurnResult]) -> str:
    """Return a sentence on what a person can do if no relay is known to work."""
    if any(map(is_untried, results)):
        return 'To try them takes aiortc: pip install "ai-gate[webrtc]"'
    if not results:
        return "The gate handed out no servers."
    relays = [result for result in results if not is_stun(result.url)]
    if relays and not any(result.transport for result in relays):
        return "What the gate handed out can't be read: tell support@ai-gate.dev."
    slow = [result for result in results if result.reason == SLOW_NAME]
    reasons = " ".join(result.reason or "" for result in (*relays, *slow))
    return next(advice for pattern, advice in RELAYS.items() if re.search(pattern, reasons))


def ice_servers(credentials: Mapping[str, Any]) -> list[IceServer]:
    """Return the ICE servers of credentials, whatever the gate has put there."""
    found = credentials.get("iceServers")
    servers = found if isinstance(found, list) else []
    return [cast(IceServer, server) for server in servers if isinstance(server, dict)]


def is_stun(url: str) -> bool:
    """Return True if a URL is a STUN server's."""
    return url.strip().lower().startswith(("stun:", "stuns:"))


def _urls(credentials: Mapping[str, Any]) -> Iterator[str]:
    for server in ice_servers(credentials):
        urls = server.get("urls")
        for url in urls if isinstance(urls, list) else [urls]:
            if isinstance(url, str) and is_stun(url):
                yield url.strip()


async def _try(url: str, timeout: float) -> TurnResult:
    match = URL.fullmatch(url)
    if match is None:
        return TurnResult(url, None, False, "it should be like stun:host:3478", None)
    scheme, host, port = match[1].lower(), match[2] or match[3], int(match[4] or 0)
    port, start, reason, found = port or PORTS[scheme], time.monotonic(), None, []
    try:
        async with asyncio.timeout(timeout):
            look_up = asyncio.get_running_loop().getaddrinfo
            found = await look_up(host, port, type=socket.SOCK_DGRAM)
            await (_bind(found[0]) if scheme == "stun" else _bind_over_tls(host, port))
    except TimeoutError:
        reason = f"{TIMED_OUT} after {timeout:.1f} s" if found else SLOW_NAME
    except Exception as error:
        reason = reason_of(error)
    seconds = time.monotonic() - start
    return TurnResult(url, "udp" if scheme == "stun" else "tls", reason is None, reason, seconds)


def _request() -> tuple[bytes, bytes]:
    """Return a binding request, and what its response has in common with it."""
    transaction = struct.pack("!I12s", MAGIC, os.urandom(12))
    return struct.pack("!HH", REQUEST, 0) + transaction, transaction


async def _bind(found: tuple[Any, ...]) -> None:
    """Send a request until it is answered."""
    loop, (family, _, _, _, address) = asyncio.get_running_loop(), found
    request, transaction = _request()
    with socket.socket(family, socket.SOCK_DGRAM) as server:
        server.setblocking(False)
        await loop.sock_connect(server, address)
        while True:
            await loop.sock_sendall(server, request)
            with suppress(TimeoutError):
                async with asyncio.timeout(RESEND_SECONDS):
                    while not _answers(await loop.sock_recv(server, 2048), transaction):
                        pass
                    return


async def _bind_over_tls(host: str, port: int) -> None:
    """Send a request, and wait for the head of its response."""
    reader, writer = await asyncio.open_connection(host, port, ssl=plain_context())
    try:
        request, transaction = _request()
        writer.write(request)
        if not _answers(await reader.readexactly(len(request)), transaction):
            raise ConnectionError("no STUN")
    finally:
        # Closing would wait for the other side to say goodbye.
        writer.transport.abort()


def _answers(message: bytes, transaction: bytes) -> bool:
    return message[:2] == RESPONSE.to_bytes(2, "big") and message[4:20] == transaction
