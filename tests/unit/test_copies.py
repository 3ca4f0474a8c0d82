"""Copied and pickled clients: new ones with the same settings, and connections of their own."""

from __future__ import annotations

import copy
import multiprocessing
import pickle
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from typing import Any

import httpx
import pytest

from ai_gate import AIGateClient
from ai_gate.testing import MockGate
from tests.support.callers import PROJECT, Caller, Client, session_of
from tests.support.fixtures import Serve
from tests.support.responses import TURN
from tests.support.running import recorded
from tests.support.steps import replay


def pickled(client: Any) -> Any:
    """Take a client through a pickle, as multiprocessing does."""
    return pickle.loads(pickle.dumps(client))  # noqa: S301 - it is our own


COPIES: list[Callable[[Any], Any]] = [copy.copy, copy.deepcopy, pickled]
SETTINGS: dict[str, Any] = {"timeout": 7.0, "max_retries": 1}
any_copy = pytest.mark.parametrize("make", COPIES, ids=lambda make: make.__name__)


@any_copy
@pytest.mark.parametrize("state", ["new", "used", "closed"])
def test_a_copy_has_the_settings_and_connections_of_its_own(
    make: Callable[[Any], Any], state: str, caller: Caller, serve: Serve
) -> None:
    server = serve(replay(TURN))

    async def body() -> None:
        original = caller.client(f"{server.url}/eu", **SETTINGS)
        if state != "new":
            await original.get_turn_credentials()
        if state == "closed":
            await original.close()
        async with Client(make(original.client)) as other:
            assert repr(other.client) == repr(original.client)
            assert other.rate_limit is None
            await other.get_turn_credentials()
        if state == "used":
            # That its copy was closed is nothing to it.
            await original.get_turn_credentials()
        await original.close()

    assert recorded(lambda: caller.run(body)) == []
    connections = [request.connection for request in server.requests]
    assert connections == {"new": [1], "used": [1, 2, 1], "closed": [1, 2]}[state]
    assert {request.target for request in server.requests} == {
        f"/eu/turn-credentials?identifier={PROJECT}"
    }


@any_copy
def test_all_settings(make: Callable[[Any], Any], caller: Caller) -> None:
    original = caller.client("https://gate.test/eu", debug=True, **SETTINGS).client
    assert make(original)._config == original._config


@pytest.mark.parametrize("make", [copy.copy, copy.deepcopy])
def test_copies_share_the_apps_client(make: Callable[[Any], Any], caller: Caller) -> None:
    transport = httpx.MockTransport(lambda _: httpx.Response(200, json={"iceServers": []}))

    async def body() -> None:
        async with caller.httpx_client(transport=transport) as injected:
            original = caller.client(http_client=injected.client)
            other = Client(make(original.client))
            assert await other.get_turn_credentials() == {"iceServers": []}
            await other.close()
            assert await original.get_turn_credentials() == {"iceServers": []}

    caller.run(body)


def test_the_apps_client_cannot_be_pickled(caller: Caller) -> None:
    async def body() -> None:
        async with caller.httpx_client() as injected:
            with pytest.raises(TypeError, match="A client with an http_client can't be pickled"):
                pickled(caller.client(http_client=injected.client).client)

    caller.run(body)


def test_in_a_process_that_was_spawned(caller: Caller) -> None:
    async def body(gate: MockGate, pool: ProcessPoolExecutor) -> None:
        async with caller.client(gate.url) as client:
            await client.create_session()
            session = pool.submit(session_of, caller, client.client).result(60.0)
            assert session.startswith("sess_")

    with (
        MockGate() as gate,
        ProcessPoolExecutor(1, mp_context=multiprocessing.get_context("spawn")) as pool,
    ):
        caller.run(lambda: body(gate, pool))
        paths = [request.path for request in gate.received]
    assert paths == ["/session", "/session"]


def test_a_method_in_a_process_that_was_spawned() -> None:
    with (
        MockGate() as gate,
        AIGateClient(PROJECT, gate.url) as client,
        ProcessPoolExecutor(1, mp_context=multiprocessing.get_context("spawn")) as pool,
    ):
        session = pool.submit(client.create_session, "gpt-realtime").result(60.0)
    assert session["model"] == "gpt-realtime"
