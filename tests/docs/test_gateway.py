"""That the documentation's tests reach the mock gate the way that they say."""

from __future__ import annotations

import socket
import ssl

import anyio
import pytest

from ai_gate import AIGateClient, APIConnectionError, AsyncAIGateClient
from ai_gate.testing import MockGate

from .gateway import ADDRESS, NAME


def test_a_sync_client(gate: MockGate) -> None:
    with AIGateClient("your-project-id") as client:
        client.get_turn_credentials()
    assert gate.received[0].headers["host"] == NAME


@pytest.mark.parametrize("backend", ["asyncio", "trio"])
def test_an_async_client(gate: MockGate, backend: str) -> None:
    async def main() -> None:
        async with AsyncAIGateClient("your-project-id") as client:
            await client.get_turn_credentials()

    anyio.run(main, backend=backend)
    assert gate.received[0].headers["host"] == NAME


def test_the_certificate_is_checked(gate: MockGate, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("SSL_CERT_FILE")
    with (
        AIGateClient("your-project-id", max_retries=0) as client,
        pytest.raises(APIConnectionError, match=r"(?i)certificate"),
    ):
        client.get_turn_credentials()
    assert gate.received == []


def test_nothing_leaves_loopback(gate: MockGate) -> None:
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(("203.0.113.8", 443), timeout=5)
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection((ADDRESS[0], 80), timeout=5)
    with socket.create_connection(ADDRESS, timeout=5) as connection:
        assert connection.getpeername() == ("127.0.0.1", gate.port)


def test_the_name_is_in_the_certificate(gate: MockGate, certificates: str) -> None:
    context = ssl.create_default_context(cafile=certificates)
    with (
        socket.create_connection((NAME, 443), timeout=5) as connection,
        context.wrap_socket(connection, server_hostname=NAME) as secure,
    ):
        assert ("DNS", NAME) in secure.getpeercert()["subjectAltName"]  # type: ignore[index]
