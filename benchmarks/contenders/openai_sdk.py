"""openai's SDK, asking OpenAI itself for such a session."""

from importlib import import_module
from typing import Any

from benchmarks.contenders import AsyncContender, SyncContender
from benchmarks.request import TIMEOUT, WANTED

# openai need not be installed, so nothing here can be typed.
openai: Any = import_module("openai")


class Sync(SyncContender):
    """`OpenAI`."""

    def __init__(self, url: str) -> None:
        self._client = openai.OpenAI(api_key="sk-none", base_url=f"{url}/v1", timeout=TIMEOUT)

    def call(self) -> object:
        answer: object = self._client.beta.realtime.sessions.create(**WANTED)
        return answer

    def close(self) -> None:
        self._client.close()


class Async(AsyncContender):
    """`AsyncOpenAI`."""

    def __init__(self, url: str) -> None:
        self._client = openai.AsyncOpenAI(api_key="sk-none", base_url=f"{url}/v1", timeout=TIMEOUT)

    async def call(self) -> object:
        answer: object = await self._client.beta.realtime.sessions.create(**WANTED)
        return answer

    async def aclose(self) -> None:
        await self._client.close()
