"""Connections between calls: kept, replaced, closed, and warned of when they are forgotten."""

from __future__ import annotations

import gc

import pytest

from ai_gate._http.idle_stack import KEEP_ALIVE

from .callers import PROJECT, Call, Caller, get, post
from .clock import Clock
from .conftest import Serve
from .recording import recorded
from .server import TURN, Reply, Server, replay


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    clock = Clock()
    monkeypatch.setattr("ai_gate._http.idle_stack.time", clock)
    return clock


def connections(server: Server) -> list[int]:
    return [request.connection for request in server.requests]


def test_a_connection_is_used_again(caller: Caller, serve: Serve, call: Call) -> None:
    server = serve(replay(TURN))

    async def body() -> None:
        async with caller.client(PROJECT, server.url) as client:
            for _ in range(3):
                await call(client)

    caller.run(body)
    assert connections(server) == [1, 1, 1]


@pytest.mark.parametrize("status", [302, 402, 500])
def test_also_after_a_refusal(status: int, caller: Caller, serve: Serve) -> None:
    server = serve(replay(Reply(status, b"<html>"), TURN))

    async def body() -> None:
        async with caller.client(PROJECT, server.url) as client:
            with pytest.raises(Exception, match=r".") as caught:
                await post(client)
            assert getattr(caught.value, "status_code", None) == status
            await get(client)

    caller.run(body)
    assert connections(server) == [1, 1]


@pytest.mark.parametrize("announced", [True, False])
def test_a_connection_that_the_server_closed_is_replaced(
    announced: bool, caller: Caller, serve: Serve, call: Call
) -> None:
    headers = {"Connection": "close"} if announced else {}
    server = serve(replay(Reply(200, TURN.body, headers, keep_alive=False)))

    async def body() -> None:
        async with caller.client(PROJECT, server.url, max_retries=0) as client:
            await call(client)
            server.wait_for(lambda: server.closed == 1)
            assert await call(client) == {"iceServers": []}

    caller.run(body)
    assert connections(server) == [1, 2]


def test_a_server_that_hung_up_in_between(caller: Caller, serve: Serve, call: Call) -> None:
    server = serve(replay(TURN))

    async def body() -> None:
        async with caller.client(PROJECT, server.url, max_retries=0) as client:
            await call(client)
            server.hang_up()
            assert await call(client) == {"iceServers": []}

    caller.run(body)
    assert connections(server) == [1, 2]


def test_an_idle_connection_is_kept_for_a_while(caller: Caller, serve: Serve, clock: Clock) -> None:
    server = serve(replay(TURN))

    async def body() -> None:
        async with caller.client(PROJECT, server.url) as client:
            for _ in range(3):
                await get(client)
                clock.now += KEEP_ALIVE - 1

    caller.run(body)
    assert connections(server) == [1, 1, 1]


def test_an_idle_connection_is_closed_at_the_next_call_after_that(
    caller: Caller, serve: Serve, clock: Clock
) -> None:
    server = serve(replay(TURN))

    async def body() -> None:
        async with caller.client(PROJECT, server.url) as client:
            await get(client)
            clock.now += KEEP_ALIVE
            await get(client)
            server.wait_for(lambda: server.closed == 1)
            assert server.opened == 2

    caller.run(body)
    assert connections(server) == [1, 2]


def test_close_closes_them(caller: Caller, serve: Serve) -> None:
    server = serve(replay(TURN))

    async def body() -> None:
        client = caller.client(PROJECT, server.url)
        await get(client)
        assert server.closed == 0
        await client.close()
        server.wait_for(lambda: server.closed == 1)

    caller.run(body)


def use_and_drop(caller: Caller, url: str, *, close: bool = False) -> list[str]:
    def body() -> None:
        async def use() -> None:
            client = caller.client(PROJECT, url)
            await get(client)
            if close:
                await client.close()

        caller.run(use)

    return recorded(body)


def check_dropped(caller: Caller, messages: list[str]) -> None:
    kind = "AIGateClient" if caller.flavour == "sync" else "AsyncAIGateClient"
    ours = [message for message in messages if message.startswith(f"unclosed {kind}(")]
    assert len(ours) == 1, messages
    assert PROJECT not in ours[0]


def test_a_client_that_is_dropped_with_open_connections_warns(caller: Caller, serve: Serve) -> None:
    check_dropped(caller, use_and_drop(caller, serve(replay(TURN)).url))


def test_so_does_one_that_goes_through_a_proxy(
    caller: Caller, serve: Serve, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HTTP_PROXY", serve(replay(TURN)).url)
    check_dropped(caller, use_and_drop(caller, "http://gate.test"))


def test_a_client_that_was_closed_does_not_warn(caller: Caller, serve: Serve) -> None:
    assert use_and_drop(caller, serve(replay(TURN)).url, close=True) == []


def test_a_client_without_open_connections_does_not_warn(caller: Caller, serve: Serve) -> None:
    server = serve(replay(Reply(200, TURN.body, {"Connection": "close"}, keep_alive=False)))
    assert use_and_drop(caller, server.url) == []


def test_a_client_that_was_never_used_does_not_warn(caller: Caller) -> None:
    assert recorded(caller.client) == []


def test_a_client_that_could_not_be_made_does_not_warn(caller: Caller) -> None:
    def body() -> None:
        with pytest.raises(Exception, match="Project ID is required"):
            caller.client(None)

    assert recorded(body) == []


def test_a_client_with_an_injected_client_does_not_warn(caller: Caller, serve: Serve) -> None:
    server = serve(replay(TURN))

    def body() -> None:
        async def use() -> None:
            async with caller.httpx_client(verify=False) as injected:
                await get(caller.client(PROJECT, server.url, http_client=injected.client))
                gc.collect()

        caller.run(use)

    assert recorded(body) == []
