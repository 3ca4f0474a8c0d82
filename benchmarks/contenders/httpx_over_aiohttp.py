"""Plain httpx over aiohttp."""

from importlib import import_module

import httpx

from benchmarks.contenders import AsyncContender
from benchmarks.request import BODY, TIMEOUT


class Async(AsyncContender):
    """`HttpxAiohttpClient`."""

    def __init__(self, url: str) -> None:
        self._url = f"{url}/session"
        make: type[httpx.AsyncClient] = import_module("httpx_aiohttp").HttpxAiohttpClient
        self._client = make(timeout=TIMEOUT)

    async def call(self) -> object:
        answer: object = (await self._client.post(self._url, json=BODY)).json()
        return answer

    async def aclose(self) -> None:
        await self._client.aclose()
