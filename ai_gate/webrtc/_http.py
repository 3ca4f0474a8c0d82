"""One POST, bounded in what it reads. The caller bounds the time."""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

import httpx

from ai_gate._redaction import MASK, SECRETS, without_quotes
from ai_gate._sender import DEFAULT_HEADERS, HTTPX_NOTHING_SENT
from ai_gate._tls import shared_context
from ai_gate.errors import AIGateError, APIConnectionError, APITimeoutError

MAX_ANSWER = 262_144
"""How much of an answer is read, in bytes. An SDP answer has a few thousand."""


@dataclass(frozen=True, slots=True)
class Reply:
    """An answer."""

    status: int
    headers: Mapping[str, str] = field(repr=False)
    body: bytes = field(repr=False)
    """The body as it came, or its beginning where it is too large."""
    is_whole: bool
    """Whether that is all of it."""


class Poster:
    """Sends requests with a bearer token, through an httpx client.

    Args:
        client: The client. Its own authentication, timeout and redirects aren't used.
        token: The bearer token.
    """

    def __init__(self, client: httpx.AsyncClient, token: str) -> None:
        self._client = client
        self._token = token

    async def post(self, url: httpx.URL, content: str, content_type: str) -> Reply:
        """Send a body and read the answer, whatever its status.

        Raises:
            APIConnectionError: No whole answer came.
            AIGateError: The client is closed.
        """
        if self._client.is_closed:
            raise AIGateError("The http_client is closed: pass an open one.")
        headers = {
            **DEFAULT_HEADERS,
            "Accept": "*/*",
            # What is compressed can't be bounded by the bytes that come.
            "Accept-Encoding": "identity",
            "Authorization": f"Bearer {self._token}",
            "Content-Type": content_type,
        }
        request = self._client.build_request(
            "POST", url, headers=headers, content=content.encode(), timeout=None
        )
        try:
            return await self._send(request)
        except (httpx.RequestError, httpx.InvalidURL) as failure:
            raise self._error(failure) from without_quotes(failure)

    async def _send(self, request: httpx.Request) -> Reply:
        response = await self._client.send(request, stream=True, follow_redirects=False, auth=None)
        try:
            body, is_whole = await _read(response)
        finally:
            await response.aclose()
        return Reply(response.status_code, response.headers, body, is_whole)

    def _error(self, failure: Exception) -> APIConnectionError:
        kind = (
            APITimeoutError if isinstance(failure, httpx.TimeoutException) else (APIConnectionError)
        )
        reason = self._masked(str(without_quotes(failure)).rstrip(".") or type(failure).__name__)
        if isinstance(failure, HTTPX_NOTHING_SENT):
            return kind(f"The SDP offer could not be sent: {reason}.")
        return kind(
            f"The connection was lost before the SDP offer was answered: {reason}. A call may have "
            "begun all the same."
        )

    def _masked(self, text: str) -> str:
        return SECRETS.sub(MASK, text.replace(self._token, MASK))


@asynccontextmanager
async def http_client(injected: httpx.AsyncClient | None) -> AsyncIterator[httpx.AsyncClient]:
    """Give the caller's client, which stays open, or one of the SDK's own for a while."""
    if injected is not None:
        yield injected
        return
    try:
        own = httpx.AsyncClient(verify=shared_context())
    except (ValueError, OSError, ImportError, httpx.InvalidURL) as error:
        raise AIGateError(
            "The connection can't be set up: check the proxy and CA settings of the environment."
        ) from without_quotes(error)
    async with own:
        yield own


async def _read(response: httpx.Response) -> tuple[bytes, bool]:
    if response.is_stream_consumed:
        # A hook of the client has read it.
        return response.content[:MAX_ANSWER], len(response.content) <= MAX_ANSWER
    body = bytearray()
    async for chunk in response.aiter_raw():
        body += chunk
        if len(body) > MAX_ANSWER:
            return bytes(body[:MAX_ANSWER]), False
    return bytes(body), True
