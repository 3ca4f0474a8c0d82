"""A client's way to the gate: an injected httpx client, or connections of its own.

Connections of its own belong to one process and, async, to one event loop: after a fork and in
another loop new ones are opened.
"""

import os
from urllib.request import getproxies, proxy_bypass

import httpx
from anyio.lowlevel import current_token

from ai_gate._sender import AsyncHttpxClient, AsyncOwnConnections, HttpxClient, OwnConnections
from ai_gate._tls import shared_context
from ai_gate._transport import AsyncTransport, Transport
from ai_gate.errors import AIGateError

CLOSED = "The client is closed: make a new one."


def _proxied(url: httpx.URL) -> bool:
    """Whether the environment names a proxy for a URL, as httpx would read it."""
    proxies = getproxies()
    return (url.scheme in proxies or "all" in proxies) and not proxy_bypass(url.host)


def _cannot_open(error: Exception) -> AIGateError:
    return AIGateError(
        "Connections can't be set up: check the proxy and CA settings of the environment "
        f"(HTTPS_PROXY, ALL_PROXY, SSL_CERT_FILE, SSL_CERT_DIR): {error}"
    )


class Connections:
    """The way to the gate for a sync client."""

    def __init__(self, base_url: httpx.URL, http_client: httpx.Client | None) -> None:
        if http_client is not None and not isinstance(http_client, httpx.Client):
            raise AIGateError(
                f"http_client must be an httpx.Client, not {type(http_client).__name__}."
            )
        self._base_url = base_url
        self._injected = http_client
        self._own: OwnConnections | HttpxClient | None = None
        self._process = os.getpid()
        self.closed = False

    def sender(self) -> OwnConnections | HttpxClient:
        """Who sends the next request.

        Raises:
            AIGateError: The client is closed, or its connections can't be set up.
        """
        self.check_open()
        if self._injected is not None:
            return HttpxClient(self._injected)
        if self._process != os.getpid():
            self._leave_to_parent()
        if self._own is None:
            self._own = self._open()
        return self._own

    def check_open(self) -> None:
        """Raise where the client, or the one that was injected, is closed.

        Raises:
            AIGateError: It is.
        """
        if self.closed or (self._injected is not None and self._injected.is_closed):
            raise AIGateError(CLOSED)

    @property
    def idle(self) -> int:
        """The number of idle connections of its own."""
        return self._own.transport.idle if isinstance(self._own, OwnConnections) else 0

    def close(self) -> None:
        """Close the connections of its own."""
        self.closed = True
        if isinstance(self._own, OwnConnections):
            self._own.transport.close()
        elif self._own is not None:
            self._own.client.close()

    def _open(self) -> OwnConnections | HttpxClient:
        try:
            if _proxied(self._base_url):
                return HttpxClient(httpx.Client(verify=shared_context()))
            return OwnConnections(Transport(self._base_url))
        except Exception as error:
            raise _cannot_open(error) from error

    def _leave_to_parent(self) -> None:
        if isinstance(self._own, OwnConnections):
            self._own.transport.close()
        self._own = None
        self._process = os.getpid()


class AsyncConnections:
    """The way to the gate for an async client."""

    def __init__(self, base_url: httpx.URL, http_client: httpx.AsyncClient | None) -> None:
        if http_client is not None and not isinstance(http_client, httpx.AsyncClient):
            raise AIGateError(
                f"http_client must be an httpx.AsyncClient, not {type(http_client).__name__}."
            )
        self._base_url = base_url
        self._injected = http_client
        self._own: dict[object, AsyncOwnConnections | AsyncHttpxClient] = {}
        self.closed = False

    def sender(self) -> AsyncOwnConnections | AsyncHttpxClient:
        """Who sends the next request.

        Raises:
            AIGateError: The client is closed, or its connections can't be set up.
        """
        self.check_open()
        if self._injected is not None:
            return AsyncHttpxClient(self._injected)
        loop = current_token()
        if loop not in self._own:
            self._forget_ended_loops()
            self._own[loop] = self._open()
        return self._own[loop]

    def check_open(self) -> None:
        """Raise where the client, or the one that was injected, is closed.

        Raises:
            AIGateError: It is.
        """
        if self.closed or (self._injected is not None and self._injected.is_closed):
            raise AIGateError(CLOSED)

    @property
    def idle(self) -> int:
        """The number of idle connections of its own."""
        own = list(self._own.values())
        return sum(one.transport.idle for one in own if isinstance(one, AsyncOwnConnections))

    async def aclose(self) -> None:
        """Close the connections of its own in this event loop."""
        self.closed = True
        own = self._own.pop(current_token(), None)
        self._own.clear()
        if isinstance(own, AsyncOwnConnections):
            await own.transport.aclose()
        elif own is not None:
            await own.client.aclose()

    def _open(self) -> AsyncOwnConnections | AsyncHttpxClient:
        try:
            if _proxied(self._base_url):
                return AsyncHttpxClient(httpx.AsyncClient(verify=shared_context()))
            return AsyncOwnConnections(AsyncTransport(self._base_url))
        except Exception as error:
            raise _cannot_open(error) from error

    def _forget_ended_loops(self) -> None:
        self._own = {loop: own for loop, own in self._own.items() if not _has_ended(loop)}


def _has_ended(loop: object) -> bool:
    """Whether an event loop has ended; trio doesn't tell, so its other loops count as ended."""
    native = getattr(loop, "native_token", loop)
    is_closed = getattr(native, "is_closed", None)
    return is_closed is None or bool(is_closed())
