"""What type checkers must refuse: each line names the error of mypy and that of pyright. Never run.

The comments keep these lines from failing the project's own checks; test_types.py takes them away
and expects just these errors.
"""

import httpx

from ai_gate import AIGateClient, AIGateError, AsyncAIGateClient, QuotaExceededError
from ai_gate.types import IceServer, SessionResponse, TurnCredentials


def constructors() -> None:
    AIGateClient()  # type: ignore[call-arg]  # pyright: ignore[reportCallIssue]
    AIGateClient(1)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    AIGateClient("p", "u", 1, True, 2)  # type: ignore[call-arg]  # pyright: ignore[reportCallIssue]
    AIGateClient("p", timeout=None)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    AIGateClient("p", api_key="k")  # type: ignore[call-arg]  # pyright: ignore[reportCallIssue]
    AIGateClient.from_env(project="p")  # type: ignore[call-arg]  # pyright: ignore[reportCallIssue]


def http_clients(sync: httpx.Client, other: httpx.AsyncClient) -> None:
    AIGateClient("p", http_client=other)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    AsyncAIGateClient("p", http_client=sync)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    AIGateClient.from_env(http_client=other)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]


def arguments(client: AIGateClient) -> None:
    client.create_session(voice=1)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    client.create_session(extra_body=["tools"])  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    client.create_session(temperature="1")  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    client.create_session(speed=1)  # type: ignore[call-arg]  # pyright: ignore[reportCallIssue]
    client.get_turn_credentials("p")  # type: ignore[call-arg]  # pyright: ignore[reportCallIssue]
    client.rate_limit = None  # type: ignore[misc]  # pyright: ignore[reportAttributeAccessIssue]


async def sync_is_not_async(client: AIGateClient, other: AsyncAIGateClient) -> None:
    await client.create_session()  # type: ignore[misc]  # pyright: ignore[reportGeneralTypeIssues]
    other.create_session()  # type: ignore[unused-coroutine]  # pyright: ignore[reportUnusedCoroutine]
    _ = other.create_session()["id"]  # type: ignore[index]  # pyright: ignore[reportIndexIssue]


def results(client: AIGateClient, session: SessionResponse, turn: TurnCredentials) -> None:
    _ = session["secret"]  # type: ignore[typeddict-item]  # pyright: ignore[reportGeneralTypeIssues]
    _ = session.id  # type: ignore[attr-defined]  # pyright: ignore[reportAttributeAccessIssue]
    _ = client.rate_limit.limit  # type: ignore[union-attr]  # pyright: ignore[reportOptionalMemberAccess]
    server: IceServer = {"username": "u"}  # type: ignore[typeddict-item]  # pyright: ignore[reportAssignmentType]
    turn["iceServers"].append(server["urls"])  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]


def errors(error: AIGateError, quota: QuotaExceededError) -> None:
    _ = error.usage  # type: ignore[attr-defined]  # pyright: ignore[reportAttributeAccessIssue]
    _ = error.status_code + 1  # type: ignore[operator]  # pyright: ignore[reportOptionalOperand]
    _ = quota.usage["plan"]  # type: ignore[index]  # pyright: ignore[reportOptionalSubscript]
    _ = error.response.plan  # type: ignore[attr-defined]  # pyright: ignore[reportAttributeAccessIssue]
