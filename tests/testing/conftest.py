import http.client
import socket
from collections.abc import Callable, Iterator

import httpx
import pytest

from ai_gate.testing import MockGate
from tests.support.callers import BARE


@pytest.fixture
def gate() -> Iterator[MockGate]:
    with MockGate() as gate:
        yield gate


@pytest.fixture
def client(gate: MockGate) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=gate.url, **BARE) as client:
        yield client


@pytest.fixture
def exchange(gate: MockGate) -> Callable[..., httpx.Response]:
    """Send bytes as they are, then read one response."""

    def send(data: bytes, *, half_close: bool = False) -> httpx.Response:
        with socket.create_connection(("127.0.0.1", gate.port), timeout=10) as connection:
            connection.sendall(data)
            if half_close:
                connection.shutdown(socket.SHUT_WR)
            with http.client.HTTPResponse(connection) as answer:
                answer.begin()
                return httpx.Response(
                    answer.status, headers=answer.getheaders(), content=answer.read()
                )

    return send


@pytest.fixture
def create_session(client: httpx.Client) -> Callable[..., httpx.Response]:
    def post(project: str = "proj_demo", **fields: object) -> httpx.Response:
        return client.post("/session", json={"project_id": project, **fields})

    return post
