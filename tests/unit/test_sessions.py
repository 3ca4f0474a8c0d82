"""What goes over the wire in a call, and what comes back to the caller."""

from __future__ import annotations

import json
import logging

import pytest

from ai_gate import __version__

from .callers import PROJECT, Call, Caller, get
from .conftest import Serve
from .server import TURN, Reply, json_reply, replay

# Everything that a careless reader would change: order, timestamps, big integers, nulls.
ODD = (
    '{"z": 1, "session_id": "aigate_session_01", "id": "sess_01", "expires_at": '
    '123456789012345678901234567890, "metadata": null, "created_at": "2025-10-03T12:00:00.000Z", '
    '"iceServers": [], "_auth_method": "new_one", "unknown": {"b": null, "a": [1.0, 1e-07]}, '
    '"model": "größer", "client_secret": null, "turn_credentials": {}}'
)


@pytest.mark.parametrize("status", [200, 201])
def test_an_answer_is_returned_just_as_sent(
    status: int, caller: Caller, serve: Serve, call: Call, caplog: pytest.LogCaptureFixture
) -> None:
    server = serve(replay(Reply(status, ODD.encode())))

    async def body() -> None:
        async with caller.client(PROJECT, server.url) as client:
            answer = await call(client)
            assert json.dumps(answer, ensure_ascii=False) == ODD

    caller.run(body)
    assert caplog.records == []


def test_an_answer_that_lacks_keys_is_returned_all_the_same(
    caller: Caller,
    serve: Serve,
    caplog: pytest.LogCaptureFixture,
    capfd: pytest.CaptureFixture[str],
) -> None:
    server = serve(replay(json_reply({"id": "sess_01", "model": "m"})))

    async def body() -> None:
        async with caller.client(PROJECT, server.url) as client:
            assert await client.create_session() == {"id": "sess_01", "model": "m"}

    caller.run(body)
    (record,) = caplog.records
    assert (record.name, record.levelno) == ("ai_gate", logging.WARNING)
    assert record.getMessage().endswith("client_secret, metadata, session_id, turn_credentials")
    assert PROJECT not in record.getMessage()
    assert capfd.readouterr() == ("", "")


def test_a_session_request(caller: Caller, serve: Serve) -> None:
    server = serve(replay(json_reply({})))

    async def body() -> None:
        async with caller.client(PROJECT, server.url) as client:
            await client.create_session()

    caller.run(body)
    (request,) = server.requests
    assert (request.method, request.target) == ("POST", "/session")
    assert request.headers["content-type"] == "application/json"
    assert request.headers["accept"] == "application/json"
    assert request.headers["user-agent"] == f"ai-gate-python/{__version__}"
    assert request.json == {
        "project_id": PROJECT,
        "model": "gpt-4o-realtime-preview-2024-10-01",
        "voice": "echo",
        "temperature": 0.7,
        "instructions": "You are a helpful assistant",
    }


@pytest.mark.parametrize(
    "arguments",
    [
        {"model": "gpt-unheard-of", "voice": "whisper", "temperature": 1.5},
        {"temperature": -1, "instructions": ""},
        {"temperature": 0},
        {"model": None, "voice": None},
        {"voice": "", "instructions": 'größer \N{SNOWMAN} "quoted" \n\0 \N{GRINNING FACE}'},
        {"temperature": "warm", "instructions": {"any": ["thing"]}},
    ],
)
def test_arguments_go_through_as_given(
    arguments: dict[str, object], caller: Caller, serve: Serve
) -> None:
    server = serve(replay(json_reply({})))

    async def body() -> None:
        async with caller.client(PROJECT, server.url) as client:
            await client.create_session(**arguments)

    caller.run(body)
    sent = server.requests[0].json
    assert {name: sent[name] for name in arguments} == arguments


def test_a_request_for_turn_credentials(caller: Caller, serve: Serve) -> None:
    server = serve(replay(TURN))

    async def body() -> None:
        async with caller.client("a b&c=d/ö", f"{server.url}/prefix/") as client:
            assert await get(client) == {"iceServers": []}

    caller.run(body)
    (request,) = server.requests
    assert request.method == "GET"
    assert request.body == b""
    path, _, query = request.target.partition("?")
    assert path == "/prefix/turn-credentials"
    assert query.replace("+", "%20") == "identifier=a%20b%26c%3Dd%2F%C3%B6"


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_redirects_are_not_followed(status: int, caller: Caller, serve: Serve, call: Call) -> None:
    elsewhere = serve(replay(TURN))
    server = serve(replay(Reply(status, headers={"Location": elsewhere.url})))

    async def body() -> None:
        async with caller.client(PROJECT, server.url) as client:
            with pytest.raises(Exception, match="redirect") as caught:
                await call(client)
            assert getattr(caught.value, "status_code", None) == status

    caller.run(body)
    assert (len(server.requests), len(elsewhere.requests)) == (1, 0)
