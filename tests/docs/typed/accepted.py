"""What type checkers must accept, and the types that they must see. Never run."""

import ssl
from collections.abc import Mapping
from datetime import datetime
from typing import Any, Self, assert_type

import httpx

import ai_gate
from ai_gate import (
    AIGateClient,
    AIGateError,
    APIConnectionError,
    APITimeoutError,
    AsyncAIGateClient,
    AuthenticationError,
    BadRequestError,
    ConcurrentLimitError,
    InvalidResponseError,
    QuotaExceededError,
    RateLimit,
    RateLimitError,
    ServerError,
)
from ai_gate.client import AIGateClient as SameClient
from ai_gate.client import AIGateError as SameError
from ai_gate.client import AsyncAIGateClient as SameAsyncClient
from ai_gate.testing import MockGate, ReceivedRequest, Violation
from ai_gate.types import (
    ClientSecret,
    IceServer,
    Model,
    SessionMetadata,
    SessionResponse,
    TurnCredentials,
    TurnDetection,
    Usage,
    Voice,
)


def sync_results(client: AIGateClient) -> None:
    assert_type(client.create_session(), SessionResponse)
    assert_type(client.get_turn_credentials(), TurnCredentials)
    client.close()
    assert_type(client.rate_limit, RateLimit | None)
    with client as same:
        assert_type(same, AIGateClient)


async def async_results(client: AsyncAIGateClient) -> None:
    assert_type(await client.create_session(), SessionResponse)
    assert_type(await client.get_turn_credentials(), TurnCredentials)
    await client.close()
    assert_type(client.rate_limit, RateLimit | None)
    async with client as same:
        assert_type(same, AsyncAIGateClient)


def optional_arguments(client: AIGateClient, voice: str | None, options: dict[str, Any]) -> None:
    client.create_session(None, voice, None, None, extra_body=None)
    client.create_session(extra_body={"turn_detection": None, "tools": []})
    client.create_session(extra_body=options)


def constructors(project_id: str | None) -> None:
    AIGateClient(project_id)
    AIGateClient(None)
    AIGateClient("p", "https://api.ai-gate.dev", 30.0, False)
    AIGateClient("p", timeout=30, max_retries=0, http_client=None)
    AIGateClient("p", http_client=httpx.Client(verify=ssl.create_default_context()))
    AsyncAIGateClient(None)
    AsyncAIGateClient("p", "https://api.ai-gate.dev", 30.0, True)
    AsyncAIGateClient("p", http_client=httpx.AsyncClient())
    assert_type(AIGateClient.from_env(), AIGateClient)
    assert_type(AIGateClient.from_env(timeout=1.5, http_client=httpx.Client()), AIGateClient)
    assert_type(AsyncAIGateClient.from_env(debug=True, max_retries=1), AsyncAIGateClient)
    assert_type(ai_gate.__version__, str)


class TracedClient(AIGateClient):
    """A client of a user's own."""

    def opened(self) -> Self:
        return self.__enter__()


def subclasses() -> None:
    assert_type(TracedClient.from_env(), TracedClient)
    assert_type(TracedClient("p").opened(), TracedClient)


def same_names() -> None:
    assert_type(SameClient("p"), AIGateClient)
    assert_type(SameAsyncClient("p"), AsyncAIGateClient)
    assert_type(SameError("m"), AIGateError)


def any_name(client: AIGateClient, name: str) -> None:
    known_voice: Voice = "marin"
    known_model: Model = "gpt-realtime"
    client.create_session(known_model, known_voice, 1, "Be brief")
    client.create_session(model=name, voice=name, temperature=0.5)


def session(answer: SessionResponse) -> None:
    assert_type(answer["id"], str)
    assert_type(answer["session_id"], str)
    assert_type(answer["client_secret"], ClientSecret)
    assert_type(answer["client_secret"]["value"], str)
    assert_type(answer["client_secret"]["expires_at"], int)
    assert_type(answer["turn_credentials"], TurnCredentials)
    assert_type(answer["metadata"], SessionMetadata)
    assert_type(answer["metadata"]["created_at"], str)
    assert_type(answer.get("turn_detection"), TurnDetection | None)
    for server in answer["turn_credentials"]["iceServers"]:
        assert_type(server, IceServer)
        assert_type(server["urls"], str | list[str])
        assert_type(server.get("credential"), str | None)


def errors(error: AIGateError) -> None:
    assert_type(error.message, str)
    assert_type(error.status_code, int | None)
    assert_type(error.response, dict[str, Any])
    assert_type(error.body, bytes)
    assert_type(error.headers, Mapping[str, str])
    assert_type(error.request_id, str | None)
    assert_type(error.retry_after, float | None)
    print(error.response["usage"]["plan"], error.response.get("resetAt"))
    if isinstance(error, QuotaExceededError):
        assert_type(error.usage, Usage | None)
        assert_type(error.upgrade_url, str | None)
    elif isinstance(error, RateLimitError):
        assert_type(error.limit, int | None)
        assert_type(error.window, str | None)
        assert_type(error.reset_at, datetime | None)
    elif isinstance(error, ConcurrentLimitError):
        assert_type(error.current, int | None)
        assert_type(error.max, int | None)
        assert_type(error.hint, str | None)


def errors_of_tests() -> list[AIGateError]:
    return [
        AIGateError("m"),
        AIGateError("m", 402, {"error": "quota_exceeded"}),
        APIConnectionError("m"),
        APITimeoutError("m", None),
        AuthenticationError("m", 401),
        BadRequestError("m", status_code=400, response={}),
        InvalidResponseError("m", 200, body=b"", headers={"cf-ray": "r"}),
        ServerError("m", 503, retry_after=1.5),
    ]


def mock_gate() -> None:
    with MockGate(requests=1, concurrent=None, quota=3, projects=["p"]) as gate:
        assert_type(gate, MockGate)
        assert_type(gate.url, str)
        assert_type(gate.received, list[ReceivedRequest])
        assert_type(gate.violations, list[Violation])
        gate.respond_next(429, example="rate_limit")
        gate.advance(900)
