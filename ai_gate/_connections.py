"""A client's way to the gate: an injected httpx client, or connections of its own.

Connections of its own belong to one process and, async, to one event loop: after a fork and in
another loop new ones are opened.
"""

import os
from abc import ABC, abstractmethod
from typing import Generic, TypeAlias, TypeVar
from urllib.request import getproxies, proxy_bypass

import httpx
from anyio.lowlevel import current_token

from ai_gate._sender import (
    DEFAULT_HEADERS,
    AsyncHttpxClient,
    AsyncOwnConnections,
    HttpxClient,
    OwnConnections,
)
from ai_gate._tls import shared_context
from ai_gate._transport import AsyncTransport, Transport
from ai_gate.errors import AIGateError

Own = TypeVar("Own", bound=OwnConnections | AsyncOwnConnections)
Client = TypeVar("Client", bound=HttpxClient | AsyncHttpxClient)


Owner: TypeAlias = tuple[int, object]
"""A process and, async, an event loop of it."""


class _Connections(ABC, Generic[Own, Client]):
    """What the ways of both clients have in common."""

    def __init__(self, base_url: httpx.URL, injected: Client | None) -> None:
        self._base_url = base_url
        self._injected = injected
        self._own: dict[Owner, Own | Client] = {}
        self.closed = False

    def sender(self) -> Own | Client:
        """Who sends the next request.

        Raises:
            AIGateError: The client is closed, or its connections can't be set up.
        """
        self.check_open()
        if self._injected is not None:
            return self._injected
        owner = self._owner()
        own = self._own.get(owner)
        if own is None:
            self._forget_others()
            own = self._own.setdefault(owner, self._opened())
            # Another thread may have closed the client meanwhile.
            self.check_open()
        return own

    def check_open(self) -> None:
        """Raise where the client, or the one that was injected, is closed.

        Raises:
            AIGateError: It is.
        """
        if self.closed or (self._injected is not None and self._injected.client.is_closed):
            raise AIGateError("The client is closed: make a new one.")

    @property
    def idle(self) -> int:
        """The number of idle connections of its own."""
        own = list(self._own.items())
        return sum(one.idle for (process, _), one in own if process == os.getpid())

    def _opened(self) -> Own | Client:
        try:
            if self._base_url.scheme == "https":
                shared_context()
            return self._open()
        except Exception as error:
            raise AIGateError(
                "Connections can't be set up: check the proxy and CA settings of the environment "
                f"(HTTPS_PROXY, ALL_PROXY, SSL_CERT_FILE, SSL_CERT_DIR): {error}"
            ) from error

    def _proxied(self) -> bool:
        """Whether the environment names a proxy for the gate, as httpx would read it."""
        proxies, url = getproxies(), self._base_url
        return (url.scheme in proxies or "all" in proxies) and not proxy_bypass(url.host)

    @abstractmethod
    def _owner(self) -> Owner:
        """Whom the connections of this moment belong to."""

    @abstractmethod
    def _forget_others(self) -> None:
        """Let go of connections whose owner is gone."""

    @abstractmethod
    def _open(self) -> Own | Client:
        """Make the way that the environment asks for."""


class Connections(_Connections[OwnConnections, HttpxClient]):
    """The way to the gate for a sync client."""

    def __init__(self, base_url: httpx.URL, http_client: httpx.Client | None) -> None:
        if http_client is not None and not isinstance(http_client, httpx.Client):
            raise AIGateError(
                f"http_client must be an httpx.Client, not {type(http_client).__name__}."
            )
        super().__init__(base_url, HttpxClient(http_client) if http_client else None)

    def close(self) -> None:
        """Close the connections of its own."""
        self.closed = True
        own = self._own.pop(self._owner(), None)
        self._forget_others()
        if own is not None:
            own.close()

    def _owner(self) -> Owner:
        return os.getpid(), None

    def _forget_others(self) -> None:
        """Close the child's copies of its parent's sockets; the parent's stay open."""
        for owner in set(self._own) - {self._owner()}:
            self._own.pop(owner).leave()

    def _open(self) -> OwnConnections | HttpxClient:
        if self._proxied():
            return HttpxClient(httpx.Client(verify=shared_context(), headers=DEFAULT_HEADERS))
        return OwnConnections(Transport(self._base_url))


class AsyncConnections(_Connections[AsyncOwnConnections, AsyncHttpxClient]):
    """The way to the gate for an async client."""

    def __init__(self, base_url: httpx.URL, http_client: httpx.AsyncClient | None) -> None:
        if http_client is not None and not isinstance(http_client, httpx.AsyncClient):
            raise AIGateError(
                f"http_client must be an httpx.AsyncClient, not {type(http_client).__name__}."
            )
        super().__init__(base_url, AsyncHttpxClient(http_client) if http_client else None)

    async def aclose(self) -> None:
        """Close the connections of its own in this event loop."""
        self.closed = True
        own = self._own.pop(self._owner(), None)
        self._own.clear()
        if own is not None:
            await own.aclose()

    def _owner(self) -> Owner:
        return os.getpid(), current_token()

    def _forget_others(self) -> None:
        """Drop what belongs to ended loops or to the parent; no loop is left to close it in."""
        for owner in list(self._own):
            process, loop = owner
            if process != os.getpid() or _has_ended(loop):
                self._own.pop(owner, None)

    def _open(self) -> AsyncOwnConnections | AsyncHttpxClient:
        if self._proxied():
            return AsyncHttpxClient(
                httpx.AsyncClient(verify=shared_context(), headers=DEFAULT_HEADERS)
            )
        return AsyncOwnConnections(AsyncTransport(self._base_url))


def _has_ended(loop: object) -> bool:
    """Whether an event loop has ended; trio doesn't tell, so its other loops count as ended."""
    native = getattr(loop, "native_token", loop)
    is_closed = getattr(native, "is_closed", None)
    return is_closed is None or bool(is_closed())
