"""The way from https://api.ai-gate.dev and https://api.openai.com to the mock gate.

The names resolve to an address that belongs to no host (TEST-NET-3, RFC 5737), and connections to
it are led to the mock gate, as a router translates addresses. Everything else is real: sockets, TLS
with the certificate of the name, HTTP. A connection to any other address than loopback is refused.
"""

from __future__ import annotations

import socket
from typing import Any

import pytest

NAME = "api.ai-gate.dev"
NAMES = (NAME, "api.openai.com")
ADDRESS = ("203.0.113.7", 443)
LOOPBACK = ("127.0.0.1", "::1", "localhost")


def lead_to(port: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Lead connections for the gate and for OpenAI to a port on loopback."""
    look_up, connect = socket.getaddrinfo, socket.socket.connect

    def look_up_here(host: str | bytes | None, *rest: Any, **options: Any) -> Any:
        text = host.decode() if isinstance(host, bytes) else host
        return look_up(ADDRESS[0] if text in NAMES else host, *rest, **options)

    def connect_here(self: socket.socket, address: Any) -> None:
        if isinstance(address, tuple) and address[:2] == ADDRESS:
            address = ("127.0.0.1", port)
        elif isinstance(address, tuple) and address[0] not in LOOPBACK:
            raise ConnectionRefusedError(f"not a loopback address: {address}")
        connect(self, address)

    monkeypatch.setattr(socket, "getaddrinfo", look_up_here)
    monkeypatch.setattr(socket.socket, "connect", connect_here)
