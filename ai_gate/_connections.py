"""A client's way to the gate: an injected httpx client, or connections of its own.

Connections of its own belong to one process and, async, to one event loop: after a fork and in
another loop new ones are opened.
"""

import os
from abc import ABC, abstractmethod
from typing import Any, Generic, TypeAlias, TypeVar

import httpcore
import httpx
from anyio.lowlevel import current_token

from ai_gate._proxy import environment_proxy
from ai_gate._sender import AsyncHttpxClient, AsyncOwnConnections, HttpxClient, OwnConnections
from ai_gate._tls import shared_context
from ai_gate._transport import AsyncTransport, Transport
from ai_gate.errors import AIGateError

Owner: TypeAlias = tuple[int, object]
"""A process and, async, an event loop of it."""
Own = TypeVar("Own", bound=OwnConnections | AsyncOwnConnections)
Injected = TypeVar("Injected", bound=HttpxClient | AsyncHttpxClient)


class _Connections(ABC, Generic[Own, Injected]):
    """What the ways of both clients have in common."""

    def __init__(self, base_url: httpx.URL, injected: Injected | None) -> None:
        self._base_url = base_url
        self._injected = injected
        self._own: dict[Owner, Own] = {}
        self.closed = False

    def sender(self) -> Own | Injected:
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
        """Raise where the client is closed.

        Raises:
            AIGateError: It is.
        """
        if self.closed:
            raise AIGateError("The client is closed: make a new one.")
        if self._injected is not None:
            self._injected.check_open()

    @property
    def idle(self) -> int:
        """The number of idle connections of its own in this process."""
        own = list(self._own.items())
        return sum(one.transport.idle for (process, _), one in own if process == os.getpid())

    def _opened(self) -> Own:
        try:
            if self._base_url.scheme == "https":
                shared_context()
            return self._open(environment_proxy(self._base_url))
        except (OSError, ValueError) as error:
            raise AIGateError(
                "Connections can't be set up: check the proxy and CA settings of the environment "
                f"(HTTPS_PROXY, ALL_PROXY, SSL_CERT_FILE, SSL_CERT_DIR): {error}"
            ) from error

    @abstractmethod
    def _owner(self) -> Owner:
        """Whom the connections of this moment belong to."""

    @abstractmethod
    def _forget_others(self) -> None:
        """Let go of connections whose owner is gone."""

    @abstractmethod
    def _open(self, proxy: httpcore.Proxy | None) -> Own:
        """Make connections, through a proxy where there is one."""


class Connections(_Connections[OwnConnections, HttpxClient]):
    """The way to the gate for a sync client."""

    def __init__(self, base_url: httpx.URL, http_client: httpx.Client | None) -> None:
        if http_client is not None and not isinstance(http_client, httpx.Client):
            raise AIGateError(
                f"http_client must be an httpx.Client, not {type(http_client).__name__}."
            )
        super().__init__(base_url, None if http_client is None else HttpxClient(http_client))

    def close(self) -> None:
        """Close the connections of its own."""
        self.closed = True
        own = self._own.pop(self._owner(), None)
        self._forget_others()
        if own is not None:
            own.transport.close()

    def _owner(self) -> Owner:
        return os.getpid(), None

    def _forget_others(self) -> None:
        """Close the child's copies of its parent's sockets; the parent's stay open."""
        for owner in set(self._own) - {self._owner()}:
            self._own.pop(owner).transport.close()

    def _open(self, proxy: httpcore.Proxy | None) -> OwnConnections:
        return OwnConnections(Transport(self._base_url, proxy))


class AsyncConnections(_Connections[AsyncOwnConnections, AsyncHttpxClient]):
    """The way to the gate for an async client."""

    def __init__(self, base_url: httpx.URL, http_client: httpx.AsyncClient | None) -> None:
        if http_client is not None and not isinstance(http_client, httpx.AsyncClient):
            raise AIGateError(
                f"http_client must be an httpx.AsyncClient, not {type(http_client).__name__}."
            )
        super().__init__(base_url, None if http_client is None else AsyncHttpxClient(http_client))

    async def aclose(self) -> None:
        """Close the connections of its own in this event loop."""
        self.closed = True
        own = self._own.pop(self._owner(), None)
        self._own.clear()
        if own is not None:
            await own.transport.aclose()

    def _owner(self) -> Owner:
        return os.getpid(), current_token()

    def _forget_others(self) -> None:
        """Drop what belongs to ended loops or to the parent; no loop is left to close it in."""
        for owner in list(self._own):
            process, loop = owner
            if process != os.getpid() or _has_ended(loop):
                self._own.pop(owner, None)

    def _open(self, proxy: httpcore.Proxy | None) -> AsyncOwnConnections:
        return AsyncOwnConnections(AsyncTransport(self._base_url, proxy))


def _has_ended(loop: object) -> bool:
    """Whether an event loop has ended: asyncio tells, trio refuses work."""
    native: Any = getattr(loop, "native_token", loop)
    if hasattr(native, "is_closed"):
        return bool(native.is_closed())
    try:
        native.run_sync_soon(_do_nothing)
    except RuntimeError:
        return True
    return False


def _do_nothing() -> None:
    """Do nothing."""
