"""Which own address leads to another one."""

from __future__ import annotations

import socket

import pytest

from ai_gate.webrtc._peer import own_address_to


def test_the_way_to_oneself() -> None:
    assert own_address_to("127.0.0.1") == "127.0.0.1"


@pytest.mark.parametrize("host", ["media.peer.example", "1.2.3", "fe80::1%nowhere", "a\0b"])
def test_nothing_is_looked_up(monkeypatch: pytest.MonkeyPatch, host: str) -> None:
    # The system looks names up within `connect`, while the event loop stands still.
    asked: list[object] = []
    monkeypatch.setattr(socket.socket, "connect", lambda self, address: asked.append(address))
    assert own_address_to(host) is None
    assert asked == []
