"""One way to use the sync client and the async one under both event loops."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Coroutine
from dataclasses import dataclass
from typing import Any, Literal, Protocol, TypeVar, get_args

import anyio

from ai_gate import AIGateClient, AsyncAIGateClient, RateLimit

T = TypeVar("T")
Flavour = Literal["sync", "asyncio", "trio"]
FLAVOURS: tuple[Flavour, ...] = get_args(Flavour)
PROJECT = "proj_abc123xyz"


class Client(Protocol):
    """What both clients can do, as the async one does it."""

    @property
    def rate_limit(self) -> RateLimit | None:
        """What the gate reported last."""
        ...

    async def create_session(self, *args: Any, **kwargs: Any) -> Any:
        """POST /session."""
        ...

    async def get_turn_credentials(self) -> Any:
        """GET /turn-credentials."""
        ...


class _SyncClient:
    """The sync client as a `Client` that never waits for an event loop."""

    def __init__(self, client: AIGateClient) -> None:
        self._client = client

    @property
    def rate_limit(self) -> RateLimit | None:
        return self._client.rate_limit

    async def create_session(self, *args: Any, **kwargs: Any) -> Any:
        return self._client.create_session(*args, **kwargs)

    async def get_turn_credentials(self) -> Any:
        return self._client.get_turn_credentials()


def _run_without_loop(coroutine: Coroutine[Any, Any, T]) -> T:
    try:
        coroutine.send(None)
    except StopIteration as stop:
        result: T = stop.value
        return result
    raise AssertionError("a test body for the sync client awaited something of an event loop's")


@dataclass(frozen=True)
class Caller:
    """Runs a test body with one of the clients, under one of the event loops."""

    flavour: Flavour

    def run(
        self,
        url: str,
        body: Callable[[Client], Coroutine[Any, Any, T]],
        *,
        project_id: str = PROJECT,
        max_retries: int = 2,
    ) -> T:
        """Open a client, hand it to the body, close it."""
        if self.flavour == "sync":
            with AIGateClient(project_id, url, max_retries=max_retries) as client:
                return _run_without_loop(body(_SyncClient(client)))

        async def run() -> T:
            async with AsyncAIGateClient(project_id, url, max_retries=max_retries) as client:
                return await body(client)

        return anyio.run(run, backend=self.flavour)

    def call(
        self, operation: str, url: str, *, project_id: str = PROJECT, **arguments: Any
    ) -> dict[str, Any]:
        """Call an operation once, with a client of its own that doesn't repeat it."""

        async def body(client: Client) -> dict[str, Any]:
            method: Callable[..., Awaitable[dict[str, Any]]] = getattr(client, operation)
            return await method(**arguments)

        return self.run(url, body, project_id=project_id, max_retries=0)
