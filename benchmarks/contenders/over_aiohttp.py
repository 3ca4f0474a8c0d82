"""The SDK over aiohttp, as the README says."""

from importlib import import_module

import httpx

from ai_gate import AsyncAIGateClient
from benchmarks.contenders import AsyncContender
from benchmarks.request import PROJECT_ID, WANTED


class Async(AsyncContender):
    """`AsyncAIGateClient` with `HttpxAiohttpClient`."""

    def __init__(self, url: str) -> None:
        make: type[httpx.AsyncClient] = import_module("httpx_aiohttp").HttpxAiohttpClient
        self._http_client = make()
        self._client = AsyncAIGateClient(PROJECT_ID, url, http_client=self._http_client)

    async def call(self) -> object:
        return await self._client.create_session(**WANTED)

    async def aclose(self) -> None:
        await self._client.close()
        await self._http_client.aclose()
