"""Connections between calls: kept, replaced, closed, and warned of when they are forgotten."""

from __future__ import annotations

import gc
import math
import socket
import weakref
from typing import Any

import httpx
import pytest

from ai_gate._call.exchange import Deadline
from ai_gate._http.idle_stack import KEEP_ALIVE
from ai_gate._http.network import Attempt, Stream, Wire
from ai_gate.testing._faults.steps import Send
from tests.support.callers import PROJECT, Caller, Client
from tests.support.fixtures import Clock, Serve
from tests.support.responses import TURN, TURN_JSON, response
from tests.support.running import recorded
from tests.support.server import Server
from tests.support.steps import ReadRequest, replay


def connections(server: Server) -> list[int]:
    return [request.connection for request in server.requests]


def test_an_idle_connection_is_kept_for_a_while(caller: Caller, serve: Serve, clock: Clock) -> None:
    server = serve(replay(TURN))

    async def body(client: Client) -> None:
        for _ in range(3):
            await client.get_turn_credentials()
            clock.now += KEEP_ALIVE - 1

    caller.use(server.url, body)
    assert connections(server) == [1, 1, 1]


@pytest.mark.parametrize(("latency", "patience"), [(0.01, 0.5), (0.2, math.inf)])
def test_a_gate_that_is_slow_anyway_has_all_the_time(
    latency: float, patience: float, clock: Clock
) -> None:
    wire = Wire(handshakes=0)
    wire.begin(Attempt(Deadline(1.0), may_be_repeated=True))
    assert wire.patience() == math.inf
    clock.now += latency
    wire.note_read(b"HTTP/1.1")
    wire.forget()
    with socket.socket() as connected:
        wire.stream = Stream(connected, wire)
        wire.begin(Attempt(Deadline(1.0), may_be_repeated=True))
    assert wire.patience() == patience


def test_an_idle_connection_is_closed_at_the_next_call_after_that(
    caller: Caller, serve: Serve, clock: Clock
) -> None:
    server = serve(replay(TURN))

    async def body(client: Client) -> None:
        await client.get_turn_credentials()
        clock.now += KEEP_ALIVE
        await client.get_turn_credentials()
        server.wait_for(lambda: server.closed == 1)
        assert server.opened == 2

    caller.use(server.url, body)
    assert connections(server) == [1, 2]


def test_close_closes_them(caller: Caller, serve: Serve) -> None:
    server = serve(replay(TURN))

    async def body() -> None:
        client = caller.client(server.url)
        await client.get_turn_credentials()
        assert server.closed == 0
        await client.close()
        server.wait_for(lambda: server.closed == 1)

    caller.run(body)


def use_and_drop(caller: Caller, url: str, *, close: bool = False) -> list[str]:
    def body() -> None:
        async def use() -> None:
            client = caller.client(url)
            await client.get_turn_credentials()
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
    server = serve((ReadRequest(), Send(response(200, TURN_JSON, "Connection: close"))))
    assert use_and_drop(caller, server.url) == []


def test_a_client_that_was_never_used_does_not_warn(caller: Caller) -> None:
    assert recorded(caller.client) == []


def test_a_client_that_could_not_be_made_does_not_warn(caller: Caller) -> None:
    def body() -> None:
        with pytest.raises(Exception, match="Project ID is required"):
            caller.client(project_id=None)

    assert recorded(body) == []


def test_a_client_with_an_injected_client_does_not_warn(caller: Caller, serve: Serve) -> None:
    server = serve(replay(TURN))

    def body() -> None:
        async def use() -> None:
            async with caller.httpx_client() as injected:
                await caller.client(server.url, http_client=injected.client).get_turn_credentials()
                gc.collect()

        caller.run(use)

    assert recorded(body) == []


def test_an_idle_connection_keeps_nothing_of_a_request(
    caller: Caller, serve: Serve, monkeypatch: pytest.MonkeyPatch
) -> None:
    server = serve(replay(TURN))
    built: list[weakref.ref[httpx.Request]] = []
    initialize = httpx.Request.__init__

    def note(request: httpx.Request, *args: Any, **kwargs: Any) -> None:
        initialize(request, *args, **kwargs)
        built.append(weakref.ref(request))

    monkeypatch.setattr(httpx.Request, "__init__", note)

    async def body(client: Client) -> None:
        await client.get_turn_credentials()
        gc.collect()
        assert [request() for request in built] == [None]
        await client.get_turn_credentials()

    caller.use(server.url, body)
    assert connections(server) == [1, 1]
