"""What the clients send: as the spec has it, and just what they were given."""

from __future__ import annotations

import re
from types import MappingProxyType
from typing import Any

import pytest

import ai_gate
from ai_gate import BadRequestError
from ai_gate.testing import MockGate, ReceivedRequest
from tests.support.callers import POST, PROJECT, SYNC, Caller

from .spec import DOCUMENT, Request, is_offered, operations, requests

REQUESTS = [request for request in requests(DOCUMENT) if is_offered(request.operation)]
OFFERED = [operation.name for operation in operations(DOCUMENT) if is_offered(operation)]
PROJECT_FIELDS = ("project_id", "identifier")

GIVEN: list[dict[str, Any]] = [
    {"model": "gpt-realtime-2030-01-01"},
    {"model": ""},
    {"voice": "aurora"},
    {"temperature": 0},
    {"temperature": 1},
    {"temperature": 0.123456789012345},
    {"instructions": ""},
    {"instructions": 'Réponds "en français"\n\t🎙 \\ \x7f\u2028'},
    {"instructions": "long " * 20_000},
]
TOOLS = [{"type": "function", "name": "look_up", "parameters": {"type": "object"}}]
FURTHER: list[dict[str, Any]] = [
    {"tools": TOOLS, "tool_choice": "required", "modalities": ["text"]},
    {"turn_detection": None},
    {"a field of tomorrow": {"nested": [1, 2.5, "é", None, True]}},
]
PROJECTS = ["p", "a b", "a&identifier=b", "a+b", "a%2Fb", "a/b?c#d", "é", "工程", '"', "🎙"]


def sent(request: ReceivedRequest) -> dict[str, Any]:
    """The values in a request, wherever they are."""
    query = {name: value for name, (value,) in request.query.items()}
    return query | (request.json() if request.body else {})


@pytest.mark.parametrize("request_", REQUESTS, ids=str)
def test_documented_request(request_: Request, caller: Caller, gate: MockGate) -> None:
    values = dict(request_.values)
    project = next(values.pop(name) for name in PROJECT_FIELDS if name in values)
    caller.call(request_.operation.name, gate.url, values, project_id=project)
    (received,) = gate.received
    assert (received.method, received.path) == (request_.operation.method, request_.operation.path)
    assert sent(received) == request_.values
    assert gate.violations == []


@pytest.mark.parametrize("request_", [one for one in REQUESTS if one.example == "defaults"])
def test_defaults_of_the_spec_are_sent(request_: Request, caller: Caller, gate: MockGate) -> None:
    caller.call(request_.operation.name, gate.url, project_id=request_.values["project_id"])
    (received,) = gate.received
    assert sent(received) == request_.values
    assert gate.violations == []


@pytest.mark.parametrize("operation", OFFERED)
def test_headers(operation: str, caller: Caller, gate: MockGate) -> None:
    caller.call(operation, gate.url)
    (received,) = gate.received
    assert received.headers["accept"] == "application/json"
    assert received.headers["accept-encoding"] == "identity"
    assert received.headers["user-agent"] == f"ai-gate-python/{ai_gate.__version__}"
    assert received.headers["host"] == f"127.0.0.1:{gate.port}"
    assert received.headers.get("content-type") == ("application/json" if received.body else None)
    assert received.headers.keys().isdisjoint({"authorization", "cookie"})
    # The project ID is the only credential, and stands where the spec has it alone.
    assert PROJECT not in " ".join(received.headers.values())


@pytest.mark.parametrize("arguments", GIVEN, ids=lambda given: "-".join(map(repr, given.items())))
def test_arguments_go_through_as_given(arguments: dict[str, Any], gate: MockGate) -> None:
    session = SYNC.call(POST, gate.url, arguments)
    (received,) = gate.received
    assert sent(received).items() >= arguments.items()
    assert session.items() >= arguments.items()
    assert gate.violations == []


def test_arguments_by_position(caller: Caller, gate: MockGate) -> None:
    async def body(client: Any) -> None:
        await client.create_session("gpt-realtime", "marin", 0.5, "Be brief")

    caller.use(gate.url, body)
    (received,) = gate.received
    assert sent(received) == {
        "project_id": PROJECT,
        "model": "gpt-realtime",
        "voice": "marin",
        "temperature": 0.5,
        "instructions": "Be brief",
    }


@pytest.mark.parametrize("name", ["model", "voice", "temperature", "instructions"])
def test_none_leaves_a_field_out(name: str, caller: Caller, gate: MockGate) -> None:
    caller.call(POST, gate.url, {name: None})
    caller.call(POST, gate.url)
    without, with_default = map(sent, gate.received)
    assert with_default.pop(name)
    assert without == with_default
    assert gate.violations == []


@pytest.mark.parametrize("fields", FURTHER, ids=lambda fields: next(iter(fields)))
def test_further_fields(fields: dict[str, Any], caller: Caller, gate: MockGate) -> None:
    async def body(client: Any) -> None:
        session = await client.create_session(voice="marin", extra_body=MappingProxyType(fields))
        assert session.items() >= {**fields, "voice": "marin"}.items()
        await client.create_session(voice="marin", extra_body={})

    caller.use(gate.url, body)
    further, plain = map(sent, gate.received)
    assert further == {**plain, **fields}
    assert gate.violations == []


def test_a_further_field_goes_before_an_argument(caller: Caller, gate: MockGate) -> None:
    extra_body = {"voice": "marin", "model": "gpt-realtime"}
    caller.call(POST, gate.url, {"voice": "ash", "model": None, "extra_body": extra_body})
    (received,) = gate.received
    assert sent(received).items() >= extra_body.items()
    assert extra_body == {"voice": "marin", "model": "gpt-realtime"}


@pytest.mark.parametrize("project", PROJECTS)
@pytest.mark.parametrize("operation", OFFERED)
def test_any_project_id_arrives(operation: str, project: str, gate: MockGate) -> None:
    SYNC.call(operation, gate.url, project_id=project)
    (received,) = gate.received
    assert [sent(received).get(name) for name in PROJECT_FIELDS].count(project) == 1
    assert gate.violations == []


@pytest.mark.parametrize("temperature", [-0.1, 1.1, 2])
def test_the_gate_decides_on_the_temperature(
    temperature: float, caller: Caller, gate: MockGate
) -> None:
    with pytest.raises(BadRequestError, match="temperature") as caught:
        caller.call(POST, gate.url, {"temperature": temperature})
    assert sent(gate.received[0])["temperature"] == temperature
    assert re.fullmatch("body.temperature .*|temperature .*", caught.value.response["message"])
    assert [violation.kind for violation in gate.violations] == ["request"]
