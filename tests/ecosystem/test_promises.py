"""What the SDK promises holds under the tools too: a call ends in time, and is sent once."""

from __future__ import annotations

import itertools
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

import anyio
import httpx
import pook
import pytest
import respx
import vcr
from opentelemetry.instrumentation.httpx import HTTPXClientInstrumentor
from pytest_httpx import HTTPXMock

from ai_gate import APITimeoutError

from .calling import SESSION, TURN, Client, Mode, call, with_client
from .slow import GAP, slow_server

SECONDS = 0.3
ROOM = 10.0
"""How late a busy machine may be. The servers here would go on for ever."""


class Drip(httpx.SyncByteStream, httpx.AsyncByteStream):
    """A body that has no end."""

    def __init__(self) -> None:
        self.closed = False

    def __iter__(self) -> Iterator[bytes]:
        for _ in itertools.count():
            yield b" "
            time.sleep(GAP)

    async def __aiter__(self) -> AsyncIterator[bytes]:
        for _ in itertools.count():
            yield b" "
            await anyio.sleep(GAP)

    def close(self) -> None:
        self.closed = True

    async def aclose(self) -> None:
        self.closed = True


class Traced(AbstractContextManager["Traced"]):
    """OpenTelemetry's instrumentation for a while."""

    def __enter__(self) -> Traced:
        HTTPXClientInstrumentor().instrument()
        return self

    def __exit__(self, *exc_info: object) -> None:
        HTTPXClientInstrumentor().uninstrument()


def wrapper(tool: str, folder: Path) -> AbstractContextManager[Any]:
    """A tool that is told to let requests through to the network."""
    if tool == "vcrpy":
        recorder: AbstractContextManager[Any] = vcr.use_cassette(str(folder / "slow.yaml"))
        return recorder
    if tool == "OpenTelemetry":
        return Traced()
    if tool == "pook":
        network: AbstractContextManager[Any] = pook.use(network=True)
        return network
    router = respx.mock(using="httpx" if tool == "respx-httpx" else "httpcore")
    router.route().pass_through()
    return router


@pytest.mark.parametrize("operation", [SESSION, TURN])
@pytest.mark.parametrize("tool", ["vcrpy", "OpenTelemetry", "pook", "respx", "respx-httpx"])
def test_a_slow_answer_ends_in_time_and_is_asked_for_once(
    tool: str, operation: str, mode: Mode, tmp_path: Path
) -> None:
    with slow_server() as server, wrapper(tool, tmp_path):
        began = time.monotonic()
        with pytest.raises(APITimeoutError):
            call(mode, server.url, operation, timeout=SECONDS)
        assert SECONDS * 0.9 < time.monotonic() - began < ROOM
        assert server.requests == 1


def test_a_slow_mock_ends_in_time(httpx_mock: HTTPXMock, mode: Mode) -> None:
    body = Drip()
    httpx_mock.add_response(stream=body)
    with pytest.raises(APITimeoutError, match="not whole in time"):
        call(mode, "http://gate", timeout=SECONDS)
    assert body.closed


def test_a_slow_transport_ends_in_time(mode: Mode) -> None:
    body = Drip()
    transport = httpx.MockTransport(lambda request: httpx.Response(200, stream=body))
    with pytest.raises(APITimeoutError, match="not whole in time"):
        call(mode, "http://gate", transport=transport, timeout=SECONDS)
    assert body.closed


def test_cookies_are_neither_kept_nor_sent(httpx_mock: HTTPXMock, mode: Mode) -> None:
    for _ in range(2):
        httpx_mock.add_response(json={}, headers={"Set-Cookie": "caller=1; Path=/"})

    async def work(client: Client) -> None:
        await client.create_session()
        await client.get_turn_credentials()

    with_client(mode, "http://gate", work)
    assert ["cookie" in request.headers for request in httpx_mock.get_requests()] == [False] * 2
