"""One POST, bounded in what it reads. The caller bounds the time."""

import re
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

import httpx

from ai_gate._call.exchange import Deadline, Exchange
from ai_gate._http.client import AsyncClients, reading_environment, tells_of_a_loop
from ai_gate._http.failure import of_the_app, record
from ai_gate._http.network import Attempt
from ai_gate._http.proxy import environment_proxy
from ai_gate._http.tls import shared_context, sni
from ai_gate._http.transport import DEFAULT_HEADERS
from ai_gate._redaction import MASK, SECRETS, HiddenInLogs, without_frames, without_quotes
from ai_gate.errors import AIGateError, APIConnectionError, APITimeoutError

MAX_ANSWER = 262_144
"""How much of an answer is read, in bytes. An SDP answer has a few thousand."""
MAY_HAVE_BEGUN = "A call may have begun all the same."
"""What errors say if the offer can have arrived."""


@dataclass(frozen=True, slots=True)
class Reply:
    """An answer."""

    status: int
    headers: Mapping[str, str] = field(repr=False)
    body: bytes = field(repr=False)
    """The body as it came, or its beginning if it is too large."""
    is_whole: bool
    """Whether that is the whole body."""


def check_open(client: httpx.AsyncClient) -> None:
    """Check that an injected client is open.

    Raises:
        AIGateError: It is closed.
    """
    if client.is_closed:
        raise AIGateError("The http_client is closed: pass an open one.")


class Poster:
    """Sends requests with a bearer token, through an httpx client.

    Args:
        client: The client. Its own authentication, timeout and redirects aren't used.
        token: The bearer token.
        proxy: What the proxy is called in errors; nothing if there is none.
    """

    def __init__(self, client: httpx.AsyncClient, token: str, proxy: str = "") -> None:
        self._client = client
        self._token = token
        self._through = f" through {proxy}" if proxy else ""

    async def post(self, url: httpx.URL, content: str, content_type: str) -> Reply:
        """Send a body and read the answer, whatever its status.

        Raises:
            APIConnectionError: No whole answer came.
            AIGateError: The client can't be used.
        """
        check_open(self._client)
        request = self._request(url, content, content_type)
        try:
            with HiddenInLogs(self._token):
                return await self._send(request)
        except AIGateError:
            raise
        except Exception as failure:
            error = self._error(failure, request)
            if not isinstance(error, AIGateError):
                raise error  # noqa: B904
            cause = without_frames(without_quotes(failure))
        # Behind `except`: else the failure as it was would be the error's context.
        raise error from cause

    def masked(self, text: str) -> str:
        """Return a text with the token, and all that looks like a secret of OpenAI's, masked."""
        return re.sub(SECRETS, MASK, text.replace(self._token, MASK))

    def _request(self, url: httpx.URL, content: str, content_type: str) -> httpx.Request:
        headers = {
            **DEFAULT_HEADERS,
            "Accept": "*/*",
            # What is compressed can't be bounded by the bytes that come.
            "Accept-Encoding": "identity",
            "Authorization": f"Bearer {self._token}",
            "Content-Type": content_type,
        }
        # Else parameters of the client's would take the place of the URL's.
        params = url.params if self._client.params else None
        return self._client.build_request(
            "POST",
            url,
            params=params,
            headers=headers,
            content=content.encode(),
            timeout=None,
            extensions=sni(url),
        )

    async def _send(self, request: httpx.Request) -> Reply:
        response = await self._client.send(request, stream=True, follow_redirects=False, auth=None)
        try:
            body, is_whole = await _read(response)
        except httpx.StreamError as failure:
            raise AIGateError(
                f"The SDP offer was answered with HTTP {response.status_code}, but a hook of the "
                f"http_client has closed the answer or read half of it. {MAY_HAVE_BEGUN}",
                response.status_code,
                headers=response.headers,
            ) from failure
        finally:
            await response.aclose()
        return Reply(response.status_code, response.headers, body, is_whole)

    def _error(self, failure: Exception, request: httpx.Request) -> Exception:
        """Return the error for a failure, or what the app's code raised in the client instead."""
        if isinstance(failure, RuntimeError):
            if self._is_unusable(failure):
                return AIGateError(
                    "The http_client was closed or belongs to another event loop: pass an open "
                    f"one of this loop. {MAY_HAVE_BEGUN}"
                )
            if any(self._client.event_hooks.values()):
                return failure
        exchange = Exchange()
        clients = AsyncClients(request.url, self._client)
        attempt = Attempt(Deadline(0.0), request)
        if passing := of_the_app(failure, attempt, clients):
            return passing
        record(failure, attempt, exchange, clients)
        reason = self.masked(str(exchange.failure).rstrip(".") or type(failure).__name__)
        kind = APITimeoutError if exchange.timed_out else APIConnectionError
        if not exchange.sent or isinstance(failure, httpx.LocalProtocolError):
            return kind(f"The SDP offer could not be sent{self._through}: {reason}.")
        return kind(
            f"The connection{self._through} was lost before the SDP offer was answered: {reason}. "
            f"{MAY_HAVE_BEGUN}"
        )

    def _is_unusable(self, failure: RuntimeError) -> bool:
        return self._client.is_closed or tells_of_a_loop(failure)


@asynccontextmanager
async def http_client(
    injected: httpx.AsyncClient | None, url: httpx.URL
) -> AsyncIterator[tuple[httpx.AsyncClient, str]]:
    """Yield what posts to a URL, and what the proxy is called in errors; nothing if there is none.

    It is the app's client, which stays open, or one of the SDK's own, which is closed then.
    """
    if injected is not None:
        yield injected, ""
        return
    with reading_environment():
        proxy = environment_proxy(url)
        own = httpx.AsyncClient(
            verify=shared_context(), proxy=proxy.settings if proxy else None, trust_env=False
        )
    async with own:
        yield own, proxy.name if proxy else ""


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
