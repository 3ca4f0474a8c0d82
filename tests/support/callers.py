"""One way to use the sync and the async client, so that a test is written once for both."""

from __future__ import annotations

import inspect
import ssl
import time
from collections.abc import Callable, Coroutine, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, Literal, Self, TypeVar, get_args

import anyio
import httpx

from ai_gate import AIGateClient, AIGateError, AsyncAIGateClient, RateLimit

T = TypeVar("T")
Flavour = Literal["sync", "asyncio", "trio"]
Operation = Literal["create_session", "get_turn_credentials"]
FLAVOURS: tuple[Flavour, ...] = get_args(Flavour)
OPERATIONS: tuple[Operation, ...] = get_args(Operation)
POST: Operation = "create_session"
GET: Operation = "get_turn_credentials"

PROJECT = "proj_test7secret"
"""The project of all clients that aren't given one. Errors and log lines mustn't show it."""
NOWHERE = "http://127.0.0.1:9"
"""A base URL for tests in which nothing is sent, or a mock transport answers."""
NO_ARGUMENTS: Mapping[str, Any] = MappingProxyType({})
# Reading the certificates of the system for each httpx client would take most of the time.
NO_TLS = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
BARE: Mapping[str, Any] = MappingProxyType({"verify": NO_TLS, "trust_env": False})
"""For an httpx client that speaks to a server of ours."""


@dataclass(frozen=True)
class Outcome:
    """What a call came to: a result or an error, and after how long."""

    value: dict[str, Any] | AIGateError
    seconds: float

    @property
    def error(self) -> AIGateError:
        """The error of a call that must fail."""
        if not isinstance(self.value, AIGateError):
            raise AssertionError(f"the call succeeded: {self.value}")
        return self.value


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
        """What the gate reported last."""
        return self.client.rate_limit

    # Any: tests pass what the types forbid.
    async def create_session(self, *args: Any, **kwargs: Any) -> dict[str, Any]:
        """POST /session."""
        session: dict[str, Any] = await _done(self.client.create_session(*args, **kwargs))
        return session

    async def get_turn_credentials(self) -> dict[str, Any]:
        """GET /turn-credentials."""
        turn: dict[str, Any] = await _done(self.client.get_turn_credentials())
        return turn

    async def close(self) -> None:
        """Close the client."""
        await _done(self.client.close())

    async def call(self, operation: str, **arguments: Any) -> dict[str, Any]:
        """Call an operation by its name."""
        called: dict[str, Any] = await getattr(self, operation)(**arguments)
        return called

    async def attempt(self, operation: str, **arguments: Any) -> Outcome:
        """Call an operation. Whatever isn't an `AIGateError` passes through, and fails the test."""
        started = time.monotonic()
        value: dict[str, Any] | AIGateError
        try:
            value = await self.call(operation, **arguments)
        except AIGateError as error:
            value = error
        return Outcome(value, time.monotonic() - started)

    async def failure(self, operation: str, **arguments: Any) -> AIGateError:
        """Return the error of a call that must fail."""
        return (await self.attempt(operation, **arguments)).error


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


@dataclass(frozen=True)
class Caller:
    """Runs a test body with one kind of client, under one event loop or none."""

    flavour: Flavour
    injected: bool = False
    """Whether `use` gives the client an httpx client of the test's."""

    def __str__(self) -> str:
        return f"{self.flavour}{' injected' if self.injected else ''}"

    def run(self, body: Callable[[], Coroutine[Any, Any, T]]) -> T:
        """Run a test body."""
        if self.flavour == "sync":
            return _run_without_loop(body())
        return anyio.run(body, backend=self.flavour)

    def use(self, url: str, body: Callable[[Client], Coroutine[Any, Any, T]], **options: Any) -> T:
        """Open a client, hand it to the body, close it."""

        async def run() -> T:
            if not self.injected:
                async with self.client(url, **options) as client:
                    return await body(client)
            async with (
                self.httpx_client() as http,
                self.client(url, http_client=http.client, **options) as client,
            ):
                return await body(client)

        return self.run(run)

    def attempt(
        self,
        operation: str,
        url: str,
        arguments: Mapping[str, Any] = NO_ARGUMENTS,
        **options: Any,
    ) -> Outcome:
        """Make one call with a client of its own."""
        return self.use(url, lambda client: client.attempt(operation, **arguments), **options)

    def call(
        self,
        operation: str,
        url: str,
        arguments: Mapping[str, Any] = NO_ARGUMENTS,
        **options: Any,
    ) -> dict[str, Any]:
        """Make one call with a client of its own, and let its error pass through."""
        return self.use(url, lambda client: client.call(operation, **arguments), **options)

    def client(self, url: str = NOWHERE, *, project_id: Any = PROJECT, **options: Any) -> Client:
        """Make a client."""
        if self.flavour == "sync":
            return Client(AIGateClient(project_id, url, **options))
        return Client(AsyncAIGateClient(project_id, url, **options))

    def httpx_client(self, **options: Any) -> Injected:
        """Make an httpx client of the kind that can be injected."""
        options = {"verify": NO_TLS, **options}
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


CALLERS = tuple(map(Caller, FLAVOURS))
SYNC, ASYNCIO, TRIO = CALLERS


def session_of(caller: Caller, client: AIGateClient | AsyncAIGateClient) -> str:
    """Create a session with a client that came from another process, and return its ID."""

    async def body() -> str:
        async with Client(client) as used:
            return str((await used.create_session())["id"])

    return caller.run(body)


async def _done(result: Any) -> Any:
    return await result if inspect.isawaitable(result) else result


def _run_without_loop(coroutine: Coroutine[Any, Any, T]) -> T:
    try:
        coroutine.send(None)
    except StopIteration as stop:
        result: T = stop.value
        return result
    coroutine.close()
    raise AssertionError("a sync test body awaited something of an event loop's")
