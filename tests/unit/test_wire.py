"""The SDK's own connections: addresses, time, and the coding of bodies."""

from __future__ import annotations

import gzip
import socket
import zlib
from collections.abc import Callable
from typing import Any

import httpx
import pytest

from ai_gate import APIConnectionError, APITimeoutError, InvalidResponseError, ServerError

from .callers import PROJECT, Call, Caller, failure, get, post
from .conftest import Serve
from .server import TURN, Received, Reply, Server, json_reply, replay

pytestmark = pytest.mark.usefixtures("no_backoff")
Resolve = Callable[..., list[Any]]


def test_there_is_no_time_to_connect(caller: Caller, serve: Serve, call: Call) -> None:
    server = serve(replay(TURN))

    async def body() -> None:
        async with caller.client(PROJECT, server.url, timeout=1e-9) as client:
            error = await failure(client, call)
            assert type(error) is APITimeoutError
            assert str(error) == "The gate could not be reached in time."

    caller.run(body)
    assert server.requests == []


def test_there_is_no_time_to_wait_for_the_answer(caller: Caller, serve: Serve, call: Call) -> None:
    server: Server

    def answer(_: Received) -> None:
        server.stopping.wait()

    server = serve(answer)

    async def body() -> None:
        async with caller.client(PROJECT, server.url, timeout=0.1) as client:
            error = await failure(client, call)
            assert type(error) is APITimeoutError
            assert ("billed" in str(error)) == (call is post)

    caller.run(body)
    assert len(server.requests) == 1


def resolving(monkeypatch: pytest.MonkeyPatch, resolve: Resolve) -> None:
    monkeypatch.setattr("socket.getaddrinfo", resolve)


def tcp(*addresses: str) -> Resolve:
    """A name server that knows these addresses of every host."""

    def resolve(host: object, port: object, *_: object, **__: object) -> list[Any]:
        known = [str(host)] if str(host)[:1].isdigit() else addresses
        kind = (socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP, "")
        return [(*kind, (address, int(str(port)))) for address in known]

    return resolve


def test_the_next_address_is_tried(
    caller: Caller, serve: Serve, monkeypatch: pytest.MonkeyPatch
) -> None:
    server = serve(replay(TURN))
    resolving(monkeypatch, tcp("127.0.0.2", "127.0.0.1"))

    async def body() -> None:
        url = server.url.replace("127.0.0.1", "gate.test")
        async with caller.client(PROJECT, url, max_retries=0) as client:
            assert await post(client) == {"iceServers": []}

    caller.run(body)
    assert server.requests[0].headers["host"] == server.url.replace("http://127.0.0.1", "gate.test")


def unknown(*_: object, **__: object) -> list[Any]:
    raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")


def unspeakable(*_: object, **__: object) -> list[Any]:
    raise UnicodeError("label empty or too long")


@pytest.mark.parametrize("resolve", [unknown, unspeakable, tcp()])
def test_a_host_without_an_address(
    resolve: Resolve, caller: Caller, monkeypatch: pytest.MonkeyPatch, call: Call
) -> None:
    resolving(monkeypatch, resolve)

    async def body() -> None:
        async with caller.client(PROJECT, "http://gate.test", max_retries=1) as client:
            error = await failure(client, call)
            assert type(error) is APIConnectionError
            assert "could not be reached" in str(error)
            assert "billed" not in str(error)

    caller.run(body)


def test_all_addresses_refuse(caller: Caller, serve: Serve, call: Call) -> None:
    with serve(replay(TURN)) as gone:
        url = gone.url

    async def body() -> None:
        async with caller.client(PROJECT, url) as client:
            error = await failure(client, call)
            assert type(error) is APIConnectionError
            assert "could not be reached" in str(error)

    caller.run(body)


CODINGS: dict[str, Callable[[bytes], bytes]] = {"gzip": gzip.compress, "deflate": zlib.compress}


@pytest.mark.parametrize("coding", CODINGS)
def test_a_compressed_body(coding: str, caller: Caller, serve: Serve) -> None:
    body_sent = CODINGS[coding](TURN.body)
    server = serve(replay(Reply(200, body_sent, {"Content-Encoding": coding})))

    async def body() -> None:
        async with caller.client(PROJECT, server.url) as client:
            assert await get(client) == {"iceServers": []}
            await get(client)

    caller.run(body)
    assert "gzip" in server.requests[0].headers["accept-encoding"]
    assert server.opened == 1


@pytest.mark.parametrize(("status", "kind"), [(200, InvalidResponseError), (500, ServerError)])
def test_a_compressed_body_that_is_broken(
    status: int, kind: type[Exception], caller: Caller, serve: Serve
) -> None:
    server = serve(replay(Reply(status, b"no gzip", {"Content-Encoding": "gzip"})))

    async def body() -> None:
        async with caller.client(PROJECT, server.url) as client:
            error = await failure(client, post)
            assert type(error) is kind
            assert error.body == b"no gzip"
            if status == 200:
                assert "can't be decoded" in str(error)
                assert "7 bytes" in str(error)
                assert isinstance(error.__cause__, httpx.DecodingError)

    caller.run(body)
    assert len(server.requests) == 1


@pytest.mark.parametrize("size", [60_000, 300_000])
def test_a_large_answer(size: int, caller: Caller, serve: Serve) -> None:
    large = {"text": "x" * size}
    server = serve(replay(json_reply(large), TURN))

    async def body() -> None:
        async with caller.client(PROJECT, server.url) as client:
            assert await post(client) == large
            assert await get(client) == {"iceServers": []}

    caller.run(body)


@pytest.mark.parametrize("size", [20_000, 3_000_000])
def test_a_large_request(size: int, caller: Caller, serve: Serve) -> None:
    server = serve(replay(TURN))

    async def body() -> None:
        async with caller.client(PROJECT, server.url) as client:
            await client.create_session(instructions="x" * size)

    caller.run(body)
    assert len(server.requests[0].json["instructions"]) == size


def test_what_follows_an_answer_is_not_the_next_one(caller: Caller, serve: Serve) -> None:
    stray = b'HTTP/1.1 200 OK\r\nContent-Length: 13\r\n\r\n{"stray": 1} '
    server = serve(replay(Reply(200, TURN.body + stray, {"Content-Length": str(len(TURN.body))})))

    async def body() -> None:
        async with caller.client(PROJECT, server.url) as client:
            for _ in range(3):
                assert await post(client) == {"iceServers": []}

    caller.run(body)
    assert server.opened == 3


def test_an_ipv6_gate(caller: Caller, monkeypatch: pytest.MonkeyPatch) -> None:
    dialled: list[object] = []

    def resolve(host: object, port: object, *_: object, **__: object) -> list[Any]:
        dialled.append((host, port))
        raise socket.gaierror(socket.EAI_NONAME, "no IPv6 here")

    resolving(monkeypatch, resolve)

    async def body() -> None:
        async with caller.client(PROJECT, "http://[::1]:9", max_retries=0) as client:
            assert type(await failure(client, get)) is APIConnectionError

    caller.run(body)
    assert all(address in {("::1", 9), (b"::1", 9)} for address in dialled)
