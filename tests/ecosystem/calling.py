"""The sync and the async client called in one way, so that a test is written once for both."""

from __future__ import annotations

import ssl
from collections.abc import Awaitable, Callable, Coroutine, Mapping
from contextlib import AsyncExitStack, ExitStack
from typing import Any, Literal, Protocol, TypeVar, get_args

import anyio
import httpx

from ai_gate import AIGateClient, AsyncAIGateClient

T = TypeVar("T")
Mode = Literal["sync", "asyncio", "trio"]
MODES: tuple[Mode, ...] = get_args(Mode)
PROJECT = "proj_ecosystem"
SESSION, TURN = "create_session", "get_turn_credentials"
PATHS = {SESSION: "/session", TURN: "/turn-credentials"}

# Reading the certificates of the system for each httpx client would take most of the time.
NO_TLS = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)


class Client(Protocol):
    """What both clients can do, as the async one does it."""

    async def create_session(self) -> Mapping[str, Any]:
        """POST /session."""
        ...

    async def get_turn_credentials(self) -> Mapping[str, Any]:
        """GET /turn-credentials."""
        ...


class _SyncClient:
    """The sync client as a `Client` that never waits for an event loop."""

    def __init__(self, client: AIGateClient) -> None:
        self._client = client

    async def create_session(self) -> Mapping[str, Any]:
        return self._client.create_session()

    async def get_turn_credentials(self) -> Mapping[str, Any]:
        return self._client.get_turn_credentials()


def with_client(mode: Mode, url: str, work: Callable[[Client], Awaitable[T]], **options: Any) -> T:
    """Do some work with one client.

    Args:
        mode: Which client, and in which event loop.
        url: Where its gate is.
        work: What to do with it; sync, it may await the client alone.
        options: The client's options. An httpx transport as `transport` goes into an `http_client`.
    """

    transport = options.pop("transport", None)
    if mode == "sync":
        with ExitStack() as stack:
            if transport:
                options["http_client"] = stack.enter_context(httpx.Client(transport=transport))
            client = stack.enter_context(AIGateClient(PROJECT, base_url=url, **options))
            return _run_without_loop(work(_SyncClient(client)))

    async def main() -> T:
        async with AsyncExitStack() as stack:
            if transport:
                http_client = httpx.AsyncClient(transport=transport)
                options["http_client"] = await stack.enter_async_context(http_client)
            client = AsyncAIGateClient(PROJECT, base_url=url, **options)
            return await work(await stack.enter_async_context(client))

    return anyio.run(main, backend=mode)


def call(mode: Mode, url: str, operation: str = SESSION, **options: Any) -> Mapping[str, Any]:
    """Make one call with a client of its own."""

    async def work(client: Client) -> Mapping[str, Any]:
        answer: Mapping[str, Any] = await getattr(client, operation)()
        return answer

    return with_client(mode, url, work, **options)


def _run_without_loop(work: Awaitable[T]) -> T:
    assert isinstance(work, Coroutine)
    try:
        work.send(None)
    except StopIteration as stop:
        result: T = stop.value
        return result
    raise AssertionError("a sync test awaited something of an event loop's")
