"""What a caller gets wrong is an `AIGateError`, and nothing is sent."""

from __future__ import annotations

import math
from collections.abc import Callable
from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from typing import Any

import pytest

from ai_gate import AIGateError
from tests.support.callers import GET, POST, PROJECT, Caller, Client, Operation
from tests.support.fixtures import Serve
from tests.support.responses import TURN
from tests.support.server import Server
from tests.support.steps import replay


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
    "NaN in a further field": {"extra_body": {"tools": [math.nan]}},
    "set in a further field": {"extra_body": {"tools": {"f"}}},
    "lone surrogate in the name of a further field": {"extra_body": {"\udfff": 1}},
}


class Name(StrEnum):
    """Compares and hashes as another text than the one that JSON has for it."""

    PROJECT = "project_id"


NO_FIELDS: dict[str, tuple[object, str]] = {
    "a list": (["hunter2"], "list"),
    "a string": ("hunter2", "str"),
    "pairs": ([("hunter2", 1)], "list"),
    "a key that is a number": ({1: "hunter2"}, "int"),
    "keys that are None and a tuple": ({None: "hunter2", ("hunter2",): 1}, "NoneType, tuple"),
    "the project ID": ({"project_id": "hunter2"}, "project_id"),
    "the project ID by an enum": ({Name.PROJECT: "hunter2"}, "project_id"),
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
    async def body(client: Client) -> None:
        error = await client.failure(POST, **arguments)
        assert "nothing was sent" in str(error)
        check_nothing_was_sent(error, server)
        assert await client.get_turn_credentials()

    caller.use(server.url, body)


@pytest.mark.parametrize(("extra_body", "said"), NO_FIELDS.values(), ids=NO_FIELDS)
def test_no_further_fields(extra_body: object, said: str, caller: Caller, server: Server) -> None:
    async def body(client: Client) -> None:
        error = await client.failure(POST, extra_body=extra_body)
        assert "extra_body" in str(error)
        assert said in str(error)
        assert "hunter2" not in str(error)
        check_nothing_was_sent(error, server)

    caller.use(server.url, body)


def test_the_same_with_an_injected_client(caller: Caller, server: Server) -> None:
    async def body() -> None:
        async with caller.httpx_client() as injected:
            client = caller.client(server.url, http_client=injected.client)
            for arguments in MISTAKES.values():
                check_nothing_was_sent(await client.failure(POST, **arguments), server)

    caller.run(body)


def test_what_json_can_hold_is_the_gates_to_judge(caller: Caller, server: Server) -> None:
    arguments = {"temperature": "warm", "instructions": {"any": ["thing"]}, "voice": None}
    caller.call(POST, server.url, arguments)
    sent = server.requests[0].json
    assert {name: sent.get(name) for name in arguments} == arguments
    assert "voice" not in sent


def test_a_project_id_too_long_for_a_url(caller: Caller, server: Server) -> None:
    async def body(client: Client) -> None:
        error = await client.failure(GET)
        check_nothing_was_sent(error, server)

    caller.use(server.url, body, project_id="p" * 70_000)


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
    end: Callable[[Client], Any], caller: Caller, server: Server, operation: Operation
) -> None:
    async def body() -> None:
        client = caller.client(server.url)
        await end(client)
        error = await client.failure(operation)
        assert "closed" in str(error)
        check_nothing_was_sent(error, server)

    caller.run(body)


def test_use_after_close_of_a_client_that_was_used(caller: Caller, server: Server) -> None:
    async def body() -> None:
        client = caller.client(server.url)
        await client.get_turn_credentials()
        await close_twice(client)
        assert "closed" in str(await client.failure(GET))
        assert len(server.requests) == 1

    caller.run(body)


def test_use_of_a_closed_injected_client(
    caller: Caller, server: Server, operation: Operation
) -> None:
    async def body() -> None:
        injected = caller.httpx_client()
        client = caller.client(server.url, http_client=injected.client)
        await injected.close()
        error = await client.failure(operation)
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
        injected = caller.httpx_client()
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
        assert "closed" in str(await client.failure(GET))

    caller.run(body)
