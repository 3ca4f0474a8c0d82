"""One way to use the sync and the async client, so that a test is written once for both."""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from typing import Any, Literal, Self, TypeVar, get_args

import anyio
import httpx

from ai_gate import AIGateClient, AIGateError, AsyncAIGateClient, RateLimit

T = TypeVar("T")
Flavour = Literal["sync", "asyncio", "trio"]
FLAVOURS: tuple[Flavour, ...] = get_args(Flavour)

PROJECT = "proj_unit7secret"
NOWHERE = "http://127.0.0.1:9"
"""A base URL for tests in which nothing is sent, or a mock transport answers."""

Handler = Callable[[httpx.Request], httpx.Response]


class Client:
    """Either client, as the async one is used."""

    def __init__(self, client: AIGateClient | AsyncAIGateClient) -> None:
        self.client = client

    async def __aenter__(self) -> Self:
        if isinstance(self.client, AIGateClient):
            self.client.__enter__()
        else:
            await self.client.__aenter__()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()

    @property
    def rate_limit(self) -> RateLimit | None:
        """The client's."""
        return self.client.rate_limit

    # Any: tests pass what the types forbid.
    async def create_session(self, **arguments: Any) -> dict[str, Any]:
        """POST /session."""
        if isinstance(self.client, AIGateClient):
            return {**self.client.create_session(**arguments)}
        return {**await self.client.create_session(**arguments)}

    async def get_turn_credentials(self) -> dict[str, Any]:
        """GET /turn-credentials."""
        if isinstance(self.client, AIGateClient):
            return {**self.client.get_turn_credentials()}
        return {**await self.client.get_turn_credentials()}

    async def close(self) -> None:
        """Close the client."""
        if isinstance(self.client, AIGateClient):
            self.client.close()
        else:
            await self.client.close()


class Injected:
    """An httpx client of either kind."""

    def __init__(self, client: httpx.Client | httpx.AsyncClient) -> None:
        self.client = client

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()

    async def close(self) -> None:
        """Close it."""
        if isinstance(self.client, httpx.Client):
            self.client.close()
        else:
            await self.client.aclose()


Call = Callable[[Client], Coroutine[Any, Any, dict[str, Any]]]


async def post(client: Client) -> dict[str, Any]:
    """Create a session."""
    return await client.create_session()


async def get(client: Client) -> dict[str, Any]:
    """Get TURN credentials."""
    return await client.get_turn_credentials()


CALLS: dict[str, Call] = {"create_session": post, "get_turn_credentials": get}


async def failure(client: Client, call: Call) -> AIGateError:
    """The error of a call that must fail."""
    try:
        answer = await call(client)
    except AIGateError as error:
        return error
    raise AssertionError(f"the call succeeded: {answer}")


@dataclass(frozen=True)
class Caller:
    """Runs a test body with one kind of client, under one event loop or none."""

    flavour: Flavour

    def run(self, body: Callable[[], Coroutine[Any, Any, T]]) -> T:
        """Run a test body."""
        if self.flavour == "sync":
            return _run_without_loop(body())
        return anyio.run(body, backend=self.flavour)

    def client(self, *arguments: Any, **options: Any) -> Client:
        """Make a client; without arguments, one of a project that exists."""
        given: tuple[Any, ...] = arguments or (PROJECT, NOWHERE)
        if self.flavour == "sync":
            return Client(AIGateClient(*given, **options))
        return Client(AsyncAIGateClient(*given, **options))

    def httpx_client(self, **options: Any) -> Injected:
        """Make an httpx client of the kind that can be injected."""
        if self.flavour == "sync":
            return Injected(httpx.Client(**options))
        return Injected(httpx.AsyncClient(**options))

    def hook(self, function: Callable[[Any], None]) -> Callable[[Any], Any]:
        """Make an event hook for such a client."""
        if self.flavour == "sync":
            return function

        async def hook(argument: Any) -> None:
            function(argument)

        return hook


def _run_without_loop(coroutine: Coroutine[Any, Any, T]) -> T:
    try:
        coroutine.send(None)
    except StopIteration as stop:
        result: T = stop.value
        return result
    coroutine.close()
    raise AssertionError("a sync test body awaited something of an event loop's")
