"""FastAPI, and pydantic beneath it: the clients as dependencies, the bodies as models."""

from __future__ import annotations

import asyncio
from functools import cache
from typing import Annotated, Any

import httpx
import pytest
from fastapi import Depends, FastAPI
from pydantic import TypeAdapter, ValidationError

import ai_gate.types
from ai_gate import AIGateClient, AsyncAIGateClient
from ai_gate.testing import MockGate
from ai_gate.types import SessionResponse

app = FastAPI()
ELSEWHERE = "http://127.0.0.1:9"
ATTEMPTS: list[dict[str, str]] = [
    {},
    {"base_url": ELSEWHERE},
    {"options": ELSEWHERE},
    {"options": f'{{"base_url": "{ELSEWHERE}"}}'},
]
shared = cache(AIGateClient.from_env)


@app.post("/sync")
def post_sync(
    client: Annotated[AIGateClient, Depends(AIGateClient.from_env)],
) -> SessionResponse:
    with client:
        return client.create_session(voice="marin")


@app.post("/async")
async def post_async(
    client: Annotated[AsyncAIGateClient, Depends(AsyncAIGateClient.from_env)],
) -> SessionResponse:
    async with client:
        return await client.create_session(voice="marin")


@app.post("/shared")
def post_shared(client: Annotated[AIGateClient, Depends(shared)]) -> SessionResponse:
    return client.create_session(voice="marin")


async def post(path: str, parameters: dict[str, str]) -> httpx.Response:
    transport = httpx.ASGITransport(app)
    async with httpx.AsyncClient(transport=transport, base_url="http://app.test") as browser:
        return await browser.post(path, params=parameters, json=parameters)


@pytest.mark.parametrize("path", ["/sync", "/async", "/shared"])
def test_clients_are_dependencies(
    path: str, mock_gate: MockGate, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AI_GATE_PROJECT_ID", "proj_demo")
    monkeypatch.setenv("AI_GATE_BASE_URL", mock_gate.url)
    shared.cache_clear()
    for parameters in ATTEMPTS:
        response = asyncio.run(post(path, parameters))
        assert response.status_code == 200
        assert response.json()["metadata"]["voice"] == "marin"
        # FastAPI filters what it sends by the model. These keys start with an underscore.
        assert response.json()["turn_credentials"]["_turn_enabled"] is True
    # Each request reached the gate of the environment, whoever named another one.
    assert len(mock_gate.received) == len(ATTEMPTS)
    if path == "/shared":
        assert shared.cache_info().misses == 1
        shared().close()


def test_a_dependency_can_be_overridden(
    mock_gate: MockGate, monkeypatch: pytest.MonkeyPatch
) -> None:
    def override() -> AIGateClient:
        return AIGateClient("proj_other", mock_gate.url)

    monkeypatch.setitem(app.dependency_overrides, AIGateClient.from_env, override)
    assert asyncio.run(post("/sync", {})).status_code == 200
    assert len(mock_gate.received) == 1


def test_no_option_is_a_parameter_of_the_app() -> None:
    for operations in app.openapi()["paths"].values():
        assert operations["post"].keys().isdisjoint({"parameters", "requestBody"})


@pytest.mark.parametrize("name", ai_gate.types.__all__)
def test_pydantic_reads_every_body(name: str) -> None:
    kind: Any = getattr(ai_gate.types, name)
    adapter = TypeAdapter(kind)
    if getattr(kind, "__required_keys__", None):
        with pytest.raises(ValidationError, match="Field required"):
            adapter.validate_python({})
