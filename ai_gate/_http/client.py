"""Whose httpx client sends: the app's, or one of ours for each process and event loop."""

import re
from abc import ABC, abstractmethod
from contextlib import suppress
from copy import copy
from dataclasses import dataclass
from typing import Any, Generic, Self, TypeAlias, TypeVar

import anyio
import anyio.to_thread
import httpx
from anyio.lowlevel import RunVar, current_token

from ai_gate._config import full_name
from ai_gate._fork import process
from ai_gate._http.pool import AsyncPool, Pool
from ai_gate._http.proxy import environment_proxy
from ai_gate._http.tls import shared_context
from ai_gate._http.transport import own_async_client, own_client
from ai_gate._signals import is_of_the_app
from ai_gate.errors import AIGateError

Owner: TypeAlias = tuple[tuple[int, int], object]
"""A process and, async, an event loop of it."""
C = TypeVar("C", bound=httpx.Client | httpx.AsyncClient)
P = TypeVar("P", bound=Pool | AsyncPool)

_turn: "RunVar[anyio.Lock]" = RunVar("ai_gate_certificates")
"""Whose turn it is to read certificates, in an event loop."""

LOOP = "event loop|different loop|async context"
"""What asyncio and trio say of a connection that belongs to another event loop."""


@dataclass(slots=True, eq=False)
class _Own(Generic[C, P]):
    """A client of ours and its pool."""

    client: C
    pool: P
    proxy: str
    """What the proxy is called in errors, or nothing if there is none."""


class _Clients(ABC, Generic[C, P]):
    """What the sync and the async side have in common."""

    def __init__(self, base_url: httpx.URL, injected: C | None) -> None:
        self._base_url = base_url
        self._injected = injected
        self._own: dict[Owner, _Own[C, P]] = {}
        self.closed = False

    def __copy__(self) -> Self:
        return type(self)(self._base_url, self._injected)

    def __deepcopy__(self, memo: object) -> Self:
        # An app's client goes on being the app's: it isn't copied.
        return copy(self)

    def __reduce__(self) -> tuple[type[Self], tuple[httpx.URL, None]]:
        if self._injected is not None:
            raise TypeError(
                "A client with an http_client can't be pickled, because connections can't: make it "
                "in the process that uses it."
            )
        return type(self), (self._base_url, None)

    def get(self) -> C:
        """Return the httpx client that sends the next request.

        Raises:
            AIGateError: The client is closed, or a connection can't be set up.
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
        return own.client

    def check_open(self) -> None:
        """Raise if the client is closed.

        Raises:
            AIGateError: It is.
        """
        if self.closed:
            raise AIGateError("The client is closed: make a new one.")
        if self._injected is not None and self._injected.is_closed:
            raise AIGateError("The http_client is closed: pass an open one.")

    @property
    def proxy(self) -> str:
        """The proxy that requests go through, for a person; nothing if there is none of ours."""
        own = None if self._injected is not None else self._own.get(self._owner())
        return own.proxy if own else ""

    @property
    def are_ours(self) -> bool:
        """Whether the httpx clients are ours, with no hook, transport or auth of the app's."""
        return self._injected is None

    def has_response_hooks(self) -> bool:
        """Return True if hooks of the app's are called with responses."""
        return self._injected is not None and bool(self._injected.event_hooks["response"])

    def is_unusable(self, failure: RuntimeError) -> bool:
        """Return True if an exception comes of a client that is closed, or another event loop's."""
        return self.closed or (self._injected is not None and self._injected.is_closed)

    @property
    def idle(self) -> int:
        """The number of idle connections of ours in this process."""
        own = list(self._own.items())
        return sum(one.pool.idle for (number, _), one in own if number == process())

    def drop(self) -> None:
        """Close the idle connections of all clients of ours, whatever their event loop does."""
        for owner in list(self._own):
            self._drop(owner)

    def _drop(self, owner: Owner) -> None:
        if own := self._own.pop(owner, None):
            own.pool.close_idle()

    def _opened(self) -> _Own[C, P]:
        try:
            if self._base_url.scheme == "https":
                shared_context()
            return self._open()
        except (OSError, ValueError) as error:
            if is_of_the_app(error):
                raise
            raise AIGateError(
                "Connections can't be set up: check the proxy and CA settings of the environment "
                f"(HTTPS_PROXY, ALL_PROXY, SSL_CERT_FILE, SSL_CERT_DIR): {error}"
            ) from error

    @abstractmethod
    def _owner(self) -> Owner:
        """Return the process and, async, the event loop that the caller is in."""

    @abstractmethod
    def _forget_others(self) -> None:
        """Let go of clients of other processes and of event loops that have ended."""

    @abstractmethod
    def _open(self) -> _Own[C, P]:
        """Make a client of ours."""


class Clients(_Clients[httpx.Client, Pool]):
    """The httpx clients of a sync client."""

    def __init__(self, base_url: httpx.URL, http_client: httpx.Client | None) -> None:
        if http_client is not None and not isinstance(http_client, httpx.Client):
            raise AIGateError(f"http_client must be an httpx.Client, not {full_name(http_client)}.")
        super().__init__(base_url, http_client)

    def close(self) -> None:
        """Close the client of ours."""
        self.closed = True
        own = self._own.pop(self._owner(), None)
        self._forget_others()
        if own is not None:
            own.client.close()

    def _owner(self) -> Owner:
        return process(), None

    def _forget_others(self) -> None:
        """Close the child's copies of its parent's sockets; the parent's stay open."""
        for owner in set(self._own) - {self._owner()}:
            self._drop(owner)

    def _open(self) -> _Own[httpx.Client, Pool]:
        proxy = environment_proxy(self._base_url)
        pool = Pool(proxy and proxy.server)
        return _Own(own_client(pool), pool, proxy.name if proxy else "")


class AsyncClients(_Clients[httpx.AsyncClient, AsyncPool]):
    """The httpx clients of an async client."""

    def __init__(self, base_url: httpx.URL, http_client: httpx.AsyncClient | None) -> None:
        if http_client is not None and not isinstance(http_client, httpx.AsyncClient):
            raise AIGateError(
                f"http_client must be an httpx.AsyncClient, not {full_name(http_client)}."
            )
        super().__init__(base_url, http_client)
        self._injected_loop: object = None

    def get(self) -> httpx.AsyncClient:
        """Return the httpx client that sends the next request.

        Raises:
            AIGateError: The client is closed, or a connection can't be set up.
        """
        if self._injected is not None:
            self._injected_loop = self._injected_loop or current_token()
        return super().get()

    @property
    def is_unprepared(self) -> bool:
        """Whether certificates may still have to be read before a client of ours is made."""
        is_first = self._injected is None and self._owner() not in self._own
        return is_first and self._base_url.scheme == "https"

    async def prepare(self) -> None:
        """Read the certificates in a thread, once for all calls that wait: it takes some 40 ms."""
        try:
            turn = _turn.get()
        except LookupError:
            _turn.set(turn := anyio.Lock())
        async with turn:
            if self.is_unprepared:
                # `get` tells what is wrong, and reads them itself if no thread can be had.
                with suppress(OSError, RuntimeError):
                    await anyio.to_thread.run_sync(
                        shared_context, abandon_on_cancel=True, limiter=anyio.CapacityLimiter(1)
                    )

    def is_unusable(self, failure: RuntimeError) -> bool:
        """Return True if an exception comes of a client that is closed, or another event loop's."""
        is_elsewhere = self._injected is not None and self._injected_loop != current_token()
        return super().is_unusable(failure) or (is_elsewhere and tells_of_a_loop(failure))

    async def aclose(self) -> None:
        """Close the client of ours that belongs to this event loop."""
        self.closed = True
        own = self._own.pop(self._owner(), None)
        self.drop()
        if own is not None:
            await own.client.aclose()

    def _owner(self) -> Owner:
        return process(), current_token()

    def _forget_others(self) -> None:
        """Close what belongs to ended loops, and the child's copies of its parent's sockets."""
        for owner in list(self._own):
            number, loop = owner
            if number != process() or _has_ended(loop):
                self._drop(owner)

    def _open(self) -> _Own[httpx.AsyncClient, AsyncPool]:
        proxy = environment_proxy(self._base_url)
        pool = AsyncPool(proxy and proxy.server)
        return _Own(own_async_client(pool), pool, proxy.name if proxy else "")


def tells_of_a_loop(failure: RuntimeError) -> bool:
    """Return True if connections belong to another event loop, which only an exception's text says.

    The app's own code beneath an injected client can raise a RuntimeError too.
    """
    return re.search(LOOP, str(failure), re.IGNORECASE) is not None


def _has_ended(loop: object) -> bool:
    """Return True if an event loop has ended: asyncio tells, trio refuses work."""
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
