"""What a caller gets wrong is an `AIGateError`, and nothing is sent."""

from __future__ import annotations

import math
from collections.abc import Callable
from datetime import datetime
from decimal import Decimal
from typing import Any

import pytest

from ai_gate import AIGateError

from .callers import PROJECT, Call, Caller, Client, failure
from .conftest import Serve
from .server import TURN, Server, replay


def contains_itself() -> list[object]:
    endless: list[object] = []
    endless.append(endless)
    return endless


def deep() -> list[object]:
    nested: list[object] = []
    for _ in range(100_000):
        nested = [nested]
    return nested


MISTAKES: dict[str, dict[str, Any]] = {
    "NaN": {"temperature": math.nan},
    "infinity": {"temperature": math.inf},
    "minus infinity": {"temperature": -math.inf},
    "5,000 digits": {"temperature": 10**5_000},
    "decimal": {"temperature": Decimal("0.7")},
    "complex": {"temperature": 1j},
    "lone surrogate": {"instructions": "Be \ud800 brief"},
    "lone surrogate in model": {"model": "\udfff"},
    "set": {"instructions": {"Be brief"}},
    "bytes": {"voice": b"echo"},
    "object": {"model": object()},
    "date": {"model": datetime(2025, 10, 3)},
    "key that is no string": {"instructions": {(1, 2): "x"}},
    "list that contains itself": {"instructions": contains_itself()},
    "deep nesting": {"instructions": deep()},
    "NaN inside": {"instructions": [{"x": [math.nan]}]},
}


@pytest.fixture
def server(serve: Serve) -> Server:
    return serve(replay(TURN))


def check_nothing_was_sent(error: AIGateError, server: Server) -> None:
    assert type(error) is AIGateError
    assert PROJECT not in str(error)
    assert (error.status_code, error.response) == (None, {})
    assert (server.opened, server.requests) == (0, [])


@pytest.mark.parametrize("arguments", MISTAKES.values(), ids=MISTAKES)
def test_a_value_that_json_cannot_hold(
    arguments: dict[str, Any], caller: Caller, server: Server
) -> None:
    async def wrong(client: Client) -> dict[str, Any]:
        return await client.create_session(**arguments)

    async def body() -> None:
        async with caller.client(PROJECT, server.url) as client:
            error = await failure(client, wrong)
            assert "nothing was sent" in str(error)
            check_nothing_was_sent(error, server)
            assert await client.get_turn_credentials()

    caller.run(body)


@pytest.mark.parametrize("arguments", MISTAKES.values(), ids=MISTAKES)
def test_the_same_with_an_injected_client(
    arguments: dict[str, Any], caller: Caller, server: Server
) -> None:
    async def wrong(client: Client) -> dict[str, Any]:
        return await client.create_session(**arguments)

    async def body() -> None:
        async with caller.httpx_client(verify=False) as injected:
            client = caller.client(PROJECT, server.url, http_client=injected.client)
            check_nothing_was_sent(await failure(client, wrong), server)

    caller.run(body)


def test_a_project_id_too_long_for_a_url(caller: Caller, server: Server) -> None:
    async def body() -> None:
        async with caller.client("p" * 70_000, server.url) as client:
            error = await failure(client, Client.get_turn_credentials)
            check_nothing_was_sent(error, server)

    caller.run(body)


async def close(client: Client) -> None:
    await client.close()


async def close_twice(client: Client) -> None:
    await client.close()
    await client.close()


async def leave(client: Client) -> None:
    async with client:
        pass


@pytest.mark.parametrize("end", [close, close_twice, leave])
def test_use_after_close(
    end: Callable[[Client], Any], caller: Caller, server: Server, call: Call
) -> None:
    async def body() -> None:
        client = caller.client(PROJECT, server.url)
        await end(client)
        error = await failure(client, call)
        assert "closed" in str(error)
        check_nothing_was_sent(error, server)

    caller.run(body)


def test_use_after_close_of_a_client_that_was_used(caller: Caller, server: Server) -> None:
    async def body() -> None:
        client = caller.client(PROJECT, server.url)
        await client.get_turn_credentials()
        await close_twice(client)
        assert "closed" in str(await failure(client, Client.get_turn_credentials))
        assert len(server.requests) == 1

    caller.run(body)


def test_use_of_a_closed_injected_client(caller: Caller, server: Server, call: Call) -> None:
    async def body() -> None:
        injected = caller.httpx_client(verify=False)
        client = caller.client(PROJECT, server.url, http_client=injected.client)
        await injected.close()
        error = await failure(client, call)
        assert "closed" in str(error)
        check_nothing_was_sent(error, server)

    caller.run(body)


def test_a_closed_client_cannot_be_entered(caller: Caller) -> None:
    async def body() -> None:
        client = caller.client()
        await client.close()
        with pytest.raises(AIGateError, match="closed"):
            await client.__aenter__()

    caller.run(body)


def test_a_client_with_a_closed_injected_client_cannot_be_entered(caller: Caller) -> None:
    async def body() -> None:
        injected = caller.httpx_client(verify=False)
        await injected.close()
        with pytest.raises(AIGateError, match="closed"):
            await caller.client(http_client=injected.client).__aenter__()

    caller.run(body)


def test_the_block_of_a_with_statement_closes_on_an_error(caller: Caller) -> None:
    async def body() -> None:
        client = caller.client()
        with pytest.raises(ZeroDivisionError):
            async with client:
                raise ZeroDivisionError
        assert "closed" in str(await failure(client, Client.get_turn_credentials))

    caller.run(body)
