"""`ai_gate_api` by itself, as its own users call it."""

from __future__ import annotations

import asyncio
import subprocess
import sys
from collections.abc import Callable
from importlib import import_module
from inspect import signature
from typing import Any, get_type_hints

import pytest
from ai_gate_api import Client, api
from ai_gate_api.api.health import get_health
from ai_gate_api.api.sessions import create_session
from ai_gate_api.api.turn import get_turn_credentials
from ai_gate_api.models import (
    CreateSessionRequest,
    HealthResponse,
    QuotaExceededResponse,
    SessionResponse,
    TurnCredentials,
)
from ai_gate_api.types import UNSET

from ai_gate.testing import MockGate

from .spec import ANSWERS, DOCUMENT, Answer, Operation, operations, requests

HEALTHY = [answer for answer in ANSWERS if answer.schema == "HealthResponse"]


@pytest.mark.parametrize("answer", HEALTHY, ids=str)
def test_health(answer: Answer, gate: MockGate) -> None:
    gate.respond_next(answer.status, answer.example)
    with Client(base_url=gate.url) as client:
        health = get_health.sync(client=client)
    assert isinstance(health, HealthResponse)
    assert health.to_dict() == answer.value
    assert gate.violations == []


def test_a_session(gate: MockGate) -> None:
    wanted = CreateSessionRequest(project_id="proj_abc123xyz", voice="marin")
    with Client(base_url=gate.url) as client:
        session = create_session.sync(client=client, body=wanted)
        turn = get_turn_credentials.sync(client=client, identifier="proj_abc123xyz")
    assert isinstance(session, SessionResponse)
    assert session.metadata.voice == "marin"
    # Defaults of the spec are those of the low-level client too.
    assert session.model == "gpt-4o-realtime-preview-2024-10-01"
    assert isinstance(turn, TurnCredentials)
    assert len(turn.ice_servers) == 6
    assert gate.violations == []


def test_a_session_async(gate: MockGate) -> None:
    async def main() -> object:
        async with Client(base_url=gate.url) as client:
            return await create_session.asyncio(
                client=client, body=CreateSessionRequest(project_id="proj_abc123xyz")
            )

    assert isinstance(asyncio.run(main()), SessionResponse)
    assert gate.violations == []


def test_an_error(gate: MockGate) -> None:
    gate.respond_next(402, example="quota_exceeded")
    with Client(base_url=gate.url) as client:
        answer = create_session.sync_detailed(
            client=client, body=CreateSessionRequest(project_id="proj_abc123xyz")
        )
    assert answer.status_code == 402
    assert isinstance(answer.parsed, QuotaExceededResponse)
    assert answer.parsed.usage.plan == "free"


def generators_own(operation: Operation) -> Callable[..., dict[str, Any]]:
    """Give the builder that the generator makes by itself, which takes a body as a model."""
    module = import_module(f"ai_gate_api.api.{operation.node['tags'][0]}.{operation.name}")
    builder: Callable[..., dict[str, Any]] = module._get_kwargs
    return builder


def built_by(builder: Callable[..., dict[str, Any]], values: dict[str, Any]) -> dict[str, Any]:
    """Call the generator's own builder: what isn't one of its parameters goes into the body."""
    hints = get_type_hints(builder)
    parameters = {name: value for name, value in values.items() if name in hints}
    if "body" in hints:
        body = {name: value for name, value in values.items() if name not in hints}
        parameters["body"] = hints["body"](**body)
    return builder(**parameters)


FLAT = [one for one in operations(DOCUMENT) if getattr(api, one.name) is not generators_own(one)]
"""The operations with a builder that takes the body's fields by name; see `api_init.py.jinja`."""


@pytest.mark.parametrize("operation", FLAT, ids=str)
def test_a_flat_builder_gives_what_the_generators_own_does(operation: Operation) -> None:
    flat, own = getattr(api, operation.name), generators_own(operation)
    optional = {
        name for name, one in signature(flat).parameters.items() if one.default is not one.empty
    }
    examples = [one.values for one in requests(DOCUMENT) if one.operation == operation]
    for example in examples or [{}]:
        required = {name: value for name, value in example.items() if name not in optional}
        assert flat(**example) == built_by(own, dict(example))
        assert flat(**required) == built_by(own, required)
        unset = dict.fromkeys(optional, UNSET)
        assert flat(**required, **dict.fromkeys(optional)) == built_by(own, required | unset)


LOADED = """\
import sys
from ai_gate_api import api
api.create_session, api.get_turn_credentials
print(*(name for name in sys.modules if name.partition(".")[0] in {"ai_gate_api", "attr", "httpx"}))
"""


def test_the_flat_builders_need_no_models_and_no_attrs() -> None:
    command = [sys.executable, "-c", LOADED]
    loaded = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    assert loaded.split() == ["ai_gate_api", "ai_gate_api.api"]
