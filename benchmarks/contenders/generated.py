"""The generated client alone."""

import httpx
from ai_gate_api import Client
from ai_gate_api.api.sessions import create_session
from ai_gate_api.models import CreateSessionRequest, SessionResponse

from benchmarks.contenders import AsyncContender, SyncContender
from benchmarks.request import PROJECT_ID, TIMEOUT, WANTED


def _request() -> CreateSessionRequest:
    return CreateSessionRequest(project_id=PROJECT_ID, **WANTED)


def _json(parsed: object) -> object:
    if not isinstance(parsed, SessionResponse):
        raise TypeError("the answer is no session")
    return parsed.to_dict()


class Sync(SyncContender):
    """`sync_detailed` and `to_dict`."""

    def __init__(self, url: str) -> None:
        self._client = Client(base_url=url, timeout=httpx.Timeout(TIMEOUT))

    def call(self) -> object:
        response = create_session.sync_detailed(client=self._client, body=_request())
        return _json(response.parsed)

    def close(self) -> None:
        self._client.get_httpx_client().close()


class Async(AsyncContender):
    """`asyncio_detailed` and `to_dict`."""

    def __init__(self, url: str) -> None:
        self._client = Client(base_url=url, timeout=httpx.Timeout(TIMEOUT))

    async def call(self) -> object:
        response = await create_session.asyncio_detailed(client=self._client, body=_request())
        return _json(response.parsed)

    async def aclose(self) -> None:
        await self._client.get_async_httpx_client().aclose()
