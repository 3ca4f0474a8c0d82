"""What a session and its TURN credentials look like."""

import json
import re
from collections.abc import Callable
from datetime import datetime
from importlib.resources import files
from typing import Any

import httpx
import pytest

from ai_gate.testing import MockGate
from tests.support.callers import BARE

Create = Callable[..., httpx.Response]
SERVERS: list[dict[str, Any]] = [
    {"urls": "stun:127.0.0.1:3478"},
    {"urls": ["turn:127.0.0.1:3478", "turns:127.0.0.1:5349"], "username": "u", "credential": "c"},
]


def spec() -> Any:
    return json.loads((files("ai_gate_api") / "openapi.json").read_text("utf-8"))


def test_session_echoes_what_was_requested(create_session: Create) -> None:
    wanted = {
        "model": "gpt-realtime",
        "voice": "a voice of tomorrow",
        "temperature": 0.25,
        "instructions": "Répondez en français, \N{WAVING HAND SIGN}\n",
    }
    session = create_session(**wanted).json()
    assert {name: session[name] for name in wanted} == wanted
    assert session["metadata"]["model"] == wanted["model"]
    assert session["metadata"]["voice"] == wanted["voice"]


def test_further_fields_of_openais_are_echoed(gate: MockGate, create_session: Create) -> None:
    wanted = {
        "tools": [{"type": "function", "name": "f", "parameters": {"type": "object"}}],
        "turn_detection": None,
        "modalities": ["text"],
        "a field of tomorrow": {"since": "2030-01-01"},
    }
    session = create_session(**wanted).json()
    assert {name: session[name] for name in wanted} == wanted
    assert gate.violations == []


@pytest.mark.parametrize("wanted", [{"modalities": 149}, {"tools": "f"}, {"turn_detection": {}}])
def test_what_no_session_of_openais_can_have_is_refused(
    gate: MockGate, create_session: Create, wanted: dict[str, Any]
) -> None:
    answer = create_session(**wanted)
    assert answer.status_code == 400
    assert next(iter(wanted)) in answer.json()["message"]
    # The spec allows it.
    assert gate.violations == []


@pytest.mark.parametrize("name", ["id", "object", "expires_at", "metadata", "turn_credentials"])
def test_fields_that_can_not_be_requested_are_not_echoed(
    gate: MockGate, create_session: Create, name: str
) -> None:
    answer = create_session(**{name: 149})
    assert answer.status_code == 200
    assert answer.json()[name] != 149
    assert gate.violations == []


def test_what_is_left_out_has_the_default_of_the_spec(create_session: Create) -> None:
    properties = spec()["components"]["schemas"]["CreateSessionRequest"]["properties"]
    session = create_session().json()
    for name in ("model", "voice", "temperature", "instructions"):
        assert session[name] == properties[name]["default"]


def test_session_has_the_shape_of_the_example(create_session: Create) -> None:
    example = spec()["components"]["examples"]["session"]["value"]
    session = create_session().json()
    assert list(session) == list(example)
    assert list(session["metadata"]) == list(example["metadata"])
    ours = session["turn_credentials"]["iceServers"]
    theirs = example["turn_credentials"]["iceServers"]
    assert [list(server) for server in ours] == [list(server) for server in theirs]
    assert [server["urls"] for server in ours] == [server["urls"] for server in theirs]


def test_times_follow_the_clock_of_the_gate(gate: MockGate, create_session: Create) -> None:
    before = create_session().json()
    gate.advance(5 * 86400)
    after = create_session().json()
    assert 0 <= after["expires_at"] - before["expires_at"] - 5 * 86400 < 60
    created = datetime.fromisoformat(after["metadata"]["created_at"])
    assert after["expires_at"] == int(created.timestamp()) + 3600
    assert after["client_secret"]["expires_at"] == int(created.timestamp()) + 60
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", after["metadata"]["created_at"])


def test_ids_and_secrets_are_unique(create_session: Create) -> None:
    sessions = [create_session().json() for _ in range(3)]
    patterns = {
        r"sess_\w{20,}": [session["id"] for session in sessions],
        r"aigate_session_\w{20,}": [session["session_id"] for session in sessions],
        r"ek_\w{20,}": [session["client_secret"]["value"] for session in sessions],
        r"\w{32,}": [
            session["turn_credentials"]["iceServers"][2]["credential"] for session in sessions
        ],
    }
    for pattern, values in patterns.items():
        assert len(set(values)) == 3
        assert all(re.fullmatch(pattern, value) for value in values)


def test_turn_credentials_are_new_each_time(client: httpx.Client) -> None:
    first, second = (
        client.get("/turn-credentials", params={"identifier": "p"}).json()["iceServers"]
        for _ in range(2)
    )
    assert first[0] == {"urls": "stun:stun.cloudflare.com:3478"}
    assert {server.get("username") for server in first[2:]} == {first[2]["username"]}
    assert first[2]["username"] != second[2]["username"]
    assert first[2]["credential"] != second[2]["credential"]


@pytest.mark.parametrize("text", ["\ud800", "a\ud83d", '"\\\n\0'])
def test_odd_strings_come_back(create_session: Create, gate: MockGate, text: str) -> None:
    # httpx would refuse to write a lone surrogate, JSON's own escape for it is legal.
    body = json.dumps({"project_id": "p", "instructions": text})
    answer = httpx.post(
        f"{gate.url}/session",
        content=body,
        headers={"content-type": "application/json"},
        **BARE,
    )
    assert json.loads(answer.content.decode("utf-8"))["instructions"] == text


def credentials(client: httpx.Client) -> list[dict[str, Any]]:
    session = client.post("/session", json={"project_id": "proj_demo"}).json()
    fetched = client.get("/turn-credentials?identifier=proj_demo").json()
    return [session["turn_credentials"], fetched, session["metadata"]]


def test_by_default_a_gate_with_a_voice_has_no_ice_servers() -> None:
    with (
        MockGate(realtime=True) as gate,
        httpx.Client(base_url=gate.url, **BARE) as client,
    ):
        in_session, fetched, metadata = credentials(client)
    nothing = {"iceServers": [], "_auth_method": "stun_only", "_turn_enabled": False}
    assert in_session == fetched == nothing
    assert metadata["turn_server"] == "cloudflare"
    assert gate.violations == []


@pytest.mark.parametrize("realtime", [True, False])
def test_given_ice_servers_are_handed_out(realtime: bool) -> None:
    with (
        MockGate(realtime=realtime, ice_servers=iter(SERVERS)) as gate,
        httpx.Client(base_url=gate.url, **BARE) as client,
    ):
        for _ in range(2):
            in_session, fetched, metadata = credentials(client)
            assert in_session["iceServers"] == fetched["iceServers"] == SERVERS
            assert in_session["_turn_enabled"]
            assert metadata["turn_server"] == "turn:127.0.0.1:3478"
    assert gate.violations == []


@pytest.mark.parametrize("server", [{}, {"urls": []}, {"urls": [1]}, {"urls": None}, "turn:a"])
def test_ice_servers_without_urls(server: Any) -> None:
    with pytest.raises(TypeError, match="with urls"):
        MockGate(ice_servers=[server])
