"""Who is compared: the same session, asked for with the SDK and with other libraries.

A library is imported when its client is made. That happens in a process of its own, so that nobody
pays for what another one loads.
"""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from importlib import import_module
from importlib.util import find_spec
from typing import Any, TypedDict

PROJECT_ID = "proj_abc123xyz"
TIMEOUT = 30.0
"""The SDK's own, in seconds; httpx's five seconds are short for 500 calls at once."""


class Wanted(TypedDict):
    """What a session should be."""

    model: str
    voice: str
    temperature: float
    instructions: str


WANTED: Wanted = {
    "model": "gpt-realtime",
    "voice": "echo",
    "temperature": 0.7,
    "instructions": "You are a helpful assistant",
}
BODY = {"project_id": PROJECT_ID, **WANTED}
"""The body of `POST /session`."""


@dataclass(frozen=True)
class SyncClient:
    """Creates a session and returns its JSON; closes."""

    call: Callable[[], object]
    close: Callable[[], None]


@dataclass(frozen=True)
class AsyncClient:
    """The same, async."""

    call: Callable[[], Awaitable[object]]
    close: Callable[[], Awaitable[None]]


def _ours(url: str) -> SyncClient:
    from ai_gate import AIGateClient

    client = AIGateClient(PROJECT_ID, url)
    return SyncClient(lambda: client.create_session(**WANTED), client.close)


def _ours_async(url: str) -> AsyncClient:
    from ai_gate import AsyncAIGateClient

    client = AsyncAIGateClient(PROJECT_ID, url)
    return AsyncClient(lambda: client.create_session(**WANTED), client.close)


def _ours_over_aiohttp(url: str) -> AsyncClient:
    """As the README says."""
    from ai_gate import AsyncAIGateClient

    http_client = import_module("httpx_aiohttp").HttpxAiohttpClient()
    client = AsyncAIGateClient(PROJECT_ID, url, http_client=http_client)

    async def close() -> None:
        await client.close()
        await http_client.aclose()

    return AsyncClient(lambda: client.create_session(**WANTED), close)


def _httpx(url: str) -> SyncClient:
    """What a user without an SDK writes."""
    import httpx

    client = httpx.Client(timeout=TIMEOUT)
    path = f"{url}/session"
    return SyncClient(lambda: client.post(path, json=BODY).json(), client.close)


def _httpx_async(url: str) -> AsyncClient:
    import httpx

    return _posting(httpx.AsyncClient(timeout=TIMEOUT), url)


def _httpx_over_aiohttp(url: str) -> AsyncClient:
    return _posting(import_module("httpx_aiohttp").HttpxAiohttpClient(timeout=TIMEOUT), url)


def _posting(client: Any, url: str) -> AsyncClient:
    path = f"{url}/session"

    async def call() -> object:
        answer: object = (await client.post(path, json=BODY)).json()
        return answer

    return AsyncClient(call, client.aclose)


def _generated(url: str) -> SyncClient:
    import httpx
    from ai_gate_api import Client
    from ai_gate_api.api.sessions.create_session import sync_detailed
    from ai_gate_api.models import CreateSessionRequest

    client = Client(base_url=url, timeout=httpx.Timeout(TIMEOUT))

    def call() -> object:
        body = CreateSessionRequest(project_id=PROJECT_ID, **WANTED)
        return _json(sync_detailed(client=client, body=body).parsed)

    return SyncClient(call, lambda: client.get_httpx_client().close())


def _generated_async(url: str) -> AsyncClient:
    import httpx
    from ai_gate_api import Client
    from ai_gate_api.api.sessions.create_session import asyncio_detailed
    from ai_gate_api.models import CreateSessionRequest

    client = Client(base_url=url, timeout=httpx.Timeout(TIMEOUT))

    async def call() -> object:
        body = CreateSessionRequest(project_id=PROJECT_ID, **WANTED)
        return _json((await asyncio_detailed(client=client, body=body)).parsed)

    return AsyncClient(call, lambda: client.get_async_httpx_client().aclose())


def _json(parsed: Any) -> object:
    answer: object = parsed.to_dict()
    return answer


def _openai(url: str) -> SyncClient:
    """OpenAI itself asked for such a session, with its own SDK."""
    make = import_module("openai").OpenAI
    client = make(api_key="sk-none", base_url=f"{url}/v1", timeout=TIMEOUT)
    return SyncClient(lambda: client.beta.realtime.sessions.create(**WANTED), client.close)


def _openai_async(url: str) -> AsyncClient:
    make = import_module("openai").AsyncOpenAI
    client = make(api_key="sk-none", base_url=f"{url}/v1", timeout=TIMEOUT)
    return AsyncClient(lambda: client.beta.realtime.sessions.create(**WANTED), client.close)


@dataclass(frozen=True)
class Contender:
    """One of those that are compared, and what makes its clients from a URL."""

    label: str
    sync: Callable[[str], SyncClient] | None
    asynchronous: Callable[[str], AsyncClient]
    needs: str = "httpx"
    """The library that must be installed for it."""

    @property
    def is_installed(self) -> bool:
        """Whether it can take part here."""
        return find_spec(self.needs) is not None


OURS = Contender("ai-gate", _ours, _ours_async)
OVER_AIOHTTP = Contender("ai-gate over aiohttp", None, _ours_over_aiohttp, needs="httpx_aiohttp")
HTTPX = Contender("httpx", _httpx, _httpx_async)
AGAIN = Contender("httpx again (A/A)", _httpx, _httpx_async)
HTTPX_OVER_AIOHTTP = Contender(
    "httpx over aiohttp", None, _httpx_over_aiohttp, needs="httpx_aiohttp"
)
GENERATED = Contender("generated client", _generated, _generated_async)
OPENAI = Contender("openai", _openai, _openai_async, needs="openai")

ALL = (OURS, OVER_AIOHTTP, HTTPX, AGAIN, HTTPX_OVER_AIOHTTP, GENERATED, OPENAI)
