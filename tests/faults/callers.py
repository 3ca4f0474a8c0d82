"""One way to call the sync and the async client, so that a test is written once for both."""

from __future__ import annotations

import itertools
import ssl
import time
from collections.abc import Callable, Coroutine, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractAsyncContextManager, AbstractContextManager, nullcontext
from dataclasses import dataclass
from typing import Literal, Protocol, TypedDict, TypeVar, Unpack, get_args

import anyio
import httpx

from ai_gate import AIGateClient, AIGateError, AsyncAIGateClient

T = TypeVar("T")
Flavour = Literal["sync", "asyncio", "trio"]
Operation = Literal["create_session", "get_turn_credentials"]
FLAVOURS: tuple[Flavour, ...] = get_args(Flavour)
POST: Operation = "create_session"
GET: Operation = "get_turn_credentials"
OPERATIONS = (POST, GET)

# Reading the certificates of the system for each httpx client would take most of the time.
NO_TLS = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
# Errors mustn't show it.
PROJECT = "proj_fault9secret"


class Options(TypedDict, total=False):
    """The client's options that tests set."""

    timeout: float
    max_retries: int


class Client(Protocol):
    """What both clients can do, as the async one does it."""

    async def create_session(self, *, instructions: str) -> Mapping[str, object]:
        """POST /session."""
        ...

    async def get_turn_credentials(self) -> Mapping[str, object]:
        """GET /turn-credentials."""
        ...


class _SyncClient:
    """The sync client as a `Client` that never waits for an event loop."""

    def __init__(self, client: AIGateClient) -> None:
        self._client = client

    async def create_session(self, *, instructions: str) -> Mapping[str, object]:
        return self._client.create_session(instructions=instructions)

    async def get_turn_credentials(self) -> Mapping[str, object]:
        return self._client.get_turn_credentials()


def _run_without_loop(coroutine: Coroutine[object, None, T]) -> T:
    try:
        coroutine.send(None)
    except StopIteration as stop:
        result: T = stop.value
        return result
    raise AssertionError("a sync test body awaited something of an event loop's")


@dataclass(frozen=True)
class Outcome:
    """What a call came to: a result or an error, and after how long."""

    value: Mapping[str, object] | AIGateError
    seconds: float

    @property
    def error(self) -> AIGateError:
        """The error, where there must be one."""
        if not isinstance(self.value, AIGateError):
            raise AssertionError("the call succeeded")
        return self.value


async def attempt(client: Client, operation: Operation, instructions: str = "Be brief") -> Outcome:
    """Make a call. Whatever isn't an `AIGateError` passes through, and fails the test."""
    started = time.monotonic()
    value: Mapping[str, object] | AIGateError
    try:
        if operation == POST:
            value = await client.create_session(instructions=instructions)
        else:
            value = await client.get_turn_credentials()
    except AIGateError as error:
        value = error
    return Outcome(value, time.monotonic() - started)


@dataclass(frozen=True)
class Caller:
    """Runs a test body with one of the clients, under one of the event loops."""

    flavour: Flavour
    injected: bool = False  # whether the client sends through an httpx client of the test's

    def run(
        self,
        url: str,
        body: Callable[[Client], Coroutine[object, None, T]],
        **options: Unpack[Options],
    ) -> T:
        """Open a client, hand it to the body, close it."""
        if self.flavour == "sync":
            with (
                self._http() as http,
                AIGateClient(PROJECT, url, http_client=http, **options) as client,
            ):
                return _run_without_loop(body(_SyncClient(client)))

        async def run() -> T:
            async with (
                self._async_http() as http,
                AsyncAIGateClient(PROJECT, url, http_client=http, **options) as client,
            ):
                return await body(client)

        return anyio.run(run, backend=self.flavour)

    def _http(self) -> AbstractContextManager[httpx.Client | None]:
        return httpx.Client(verify=NO_TLS) if self.injected else nullcontext()

    def _async_http(self) -> AbstractAsyncContextManager[httpx.AsyncClient | None]:
        return httpx.AsyncClient(verify=NO_TLS) if self.injected else nullcontext()

    def call(
        self,
        operation: Operation,
        url: str,
        *,
        instructions: str = "Be brief",
        **options: Unpack[Options],
    ) -> Outcome:
        """Make one call with a client of its own."""

        async def body(client: Client) -> Outcome:
            return await attempt(client, operation, instructions)

        return self.run(url, body, **options)


CALLERS = tuple(map(Caller, FLAVOURS))


def all_at_once(
    test: Callable[[Caller, Operation], None],
    operations: Sequence[Operation] = OPERATIONS,
    callers: Sequence[Caller] = CALLERS,
) -> None:
    """Run a test that mostly waits with each client and call side by side."""
    ways = list(itertools.product(callers, operations))
    with ThreadPoolExecutor(len(ways)) as pool:
        runs = [pool.submit(test, *way) for way in ways]
    failures: list[BaseException] = []
    for (caller, operation), run in zip(ways, runs, strict=True):
        if failure := run.exception():
            failure.add_note(f"{caller.flavour} {operation}")
            failures.append(failure)
    if failures:
        raise BaseExceptionGroup("not with each client and call", failures)
