"""`ai_gate_api` by itself, as its own users call it."""

from __future__ import annotations

import asyncio

import pytest
from ai_gate_api import Client
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

from ai_gate.testing import MockGate

from .spec import ANSWERS, Answer

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
