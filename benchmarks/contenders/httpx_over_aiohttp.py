"""What the SDK over aiohttp can't go below: plain httpx that sends through aiohttp."""

from importlib import import_module

import httpx

from benchmarks.contenders import AsyncContender
from benchmarks.request import BODY, TIMEOUT


class Async(AsyncContender):
    """`httpx.AsyncClient` over `httpx_aiohttp.AiohttpTransport`."""

    def __init__(self, url: str) -> None:
        self._url = f"{url}/session"
        transport: httpx.AsyncBaseTransport = import_module("httpx_aiohttp").AiohttpTransport()
        self._client = httpx.AsyncClient(transport=transport, timeout=TIMEOUT)

    async def call(self) -> object:
        answer: object = (await self._client.post(self._url, json=BODY)).json()
        return answer

    async def aclose(self) -> None:
        await self._client.aclose()
