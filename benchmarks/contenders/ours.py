"""The SDK as it comes."""

from ai_gate import AIGateClient, AsyncAIGateClient
from benchmarks.contenders import AsyncContender, SyncContender
from benchmarks.request import PROJECT_ID, WANTED


class Sync(SyncContender):
    """`AIGateClient`."""

    def __init__(self, url: str) -> None:
        self._client = AIGateClient(PROJECT_ID, url)

    def call(self) -> object:
        return self._client.create_session(**WANTED)

    def close(self) -> None:
        self._client.close()


class Async(AsyncContender):
    """`AsyncAIGateClient`."""

    def __init__(self, url: str) -> None:
        self._client = AsyncAIGateClient(PROJECT_ID, url)

    async def call(self) -> object:
        return await self._client.create_session(**WANTED)

    async def aclose(self) -> None:
        await self._client.close()
