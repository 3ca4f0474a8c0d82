"""What a user without an SDK writes."""

import httpx

from benchmarks.contenders import AsyncContender, SyncContender
from benchmarks.request import BODY, TIMEOUT


class Sync(SyncContender):
    """`httpx.Client`."""

    def __init__(self, url: str) -> None:
        self._url = f"{url}/session"
        self._client = httpx.Client(timeout=TIMEOUT)

    def call(self) -> object:
        answer: object = self._client.post(self._url, json=BODY).json()
        return answer

    def close(self) -> None:
        self._client.close()


class Async(AsyncContender):
    """`httpx.AsyncClient`."""

    def __init__(self, url: str) -> None:
        self._url = f"{url}/session"
        self._client = httpx.AsyncClient(timeout=TIMEOUT)

    async def call(self) -> object:
        answer: object = (await self._client.post(self._url, json=BODY)).json()
        return answer

    async def aclose(self) -> None:
        await self._client.aclose()
