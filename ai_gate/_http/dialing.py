"""Connecting to a host: its addresses side by side, each a moment after the one before (RFC 8305).

Left to itself, the standard library tries one address after another, and one that swallows what is
sent to it takes all the time.
"""

import os
import selectors
import socket
import time
from collections.abc import Callable
from contextlib import suppress
from itertools import chain, zip_longest
from math import inf
from types import TracebackType
from typing import Any, NamedTuple, Self

import anyio
import anyio.to_thread
import httpcore
from anyio.lowlevel import RunVar

from ai_gate._fork import unforked
from ai_gate._signals import is_of_the_app

LOOK_UP = 0.2
"""How long a fork waits for a name to be looked up, in seconds."""

HEAD_START = 0.25
"""How long an attempt runs before the next address is tried besides, in seconds (RFC 8305, 5)."""


class Address(NamedTuple):
    """An address of a host."""

    family: int
    location: tuple[Any, ...]

    def __str__(self) -> str:
        host, port = self.location[:2]
        return f"{host} port {port}"


def dial(host: str, port: int, left: Callable[[], float]) -> socket.socket:
    """Connect to a host.

    Args:
        host: Its name or address.
        port: The port.
        left: Returns the seconds that are left, and raises if none are.

    Raises:
        httpcore.ConnectError: No address can be connected to.
    """
    with Race(_resolve(host, port)) as race:
        while (winner := race.winner()) is None:
            _wait_for_any(race.attempts, min(race.pause(), left()))
        return winner


def _wait_for_any(attempts: list[socket.socket], seconds: float) -> None:
    try:
        with selectors.DefaultSelector() as selector:
            for attempt in attempts:
                selector.register(attempt, selectors.EVENT_WRITE)
            selector.select(seconds)
    except OSError as failure:
        if is_of_the_app(failure):
            raise
        raise httpcore.ConnectError(str(failure)) from failure


async def dial_async(host: str, port: int) -> socket.socket:
    """Connect to a host.

    Args:
        host: Its name or address.
        port: The port.

    Raises:
        httpcore.ConnectError: No address can be connected to.
    """
    with Race(await resolve_async(host, port)) as race:
        while (winner := race.winner()) is None:
            with anyio.move_on_after(race.pause()):
                async with anyio.create_task_group() as group:
                    for attempt in race.attempts:
                        group.start_soon(_wait_for, attempt, group.cancel_scope)
        return winner


async def _wait_for(attempt: socket.socket, scope: "anyio.CancelScope") -> None:
    await anyio.wait_writable(attempt)
    scope.cancel()


class Race:
    """Attempts to connect, side by side, started and judged here; the waiting is left to others.

    Args:
        addresses: The host's addresses.
    """

    def __init__(self, addresses: list[Address]) -> None:
        self._waiting = iter(addresses)
        self._running: dict[socket.socket, Address] = {}
        self._failures: list[str] = []
        self._cause: OSError | None = None
        self._next_start = 0.0

    @property
    def attempts(self) -> list[socket.socket]:
        """The attempts that are under way."""
        return list(self._running)

    def pause(self) -> float:
        """Return the seconds until the next address is tried."""
        return max(0.0, self._next_start - time.monotonic())

    def winner(self) -> socket.socket | None:
        """Return the first socket that is connected, or None if none is yet.

        Raises:
            httpcore.ConnectError: No address is left.
        """
        for attempt in self.attempts:
            if self._is_connected(attempt):
                del self._running[attempt]
                return attempt
        while not self._running or self.pause() == 0:
            address = next(self._waiting, None)
            if address is not None:
                self._start(address)
            elif self._running:
                self._next_start = inf
            else:
                raise httpcore.ConnectError("; ".join(self._failures)) from self._cause
        return None

    def _start(self, address: Address) -> None:
        self._next_start = time.monotonic() + HEAD_START
        try:
            attempt = socket.socket(address.family, socket.SOCK_STREAM)
        except OSError as failure:
            if is_of_the_app(failure):
                raise
            # The machine can lack a family of addresses that the name server knows, or descriptors.
            self._note(address, failure)
            return
        self._running[attempt] = address
        attempt.setblocking(False)
        try:
            attempt.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            # Not connect_ex, which what blocks the network in tests doesn't wrap.
            attempt.connect(address.location)
        except BlockingIOError:
            return
        except OSError as failure:
            if is_of_the_app(failure):
                raise
            self._fail(attempt, failure)

    def _is_connected(self, attempt: socket.socket) -> bool:
        if code := attempt.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR):
            self._fail(attempt, OSError(code, os.strerror(code)))
            return False
        try:
            attempt.getpeername()
        except OSError as failure:
            if is_of_the_app(failure):
                raise
            return False
        return True

    def _fail(self, attempt: socket.socket, failure: OSError) -> None:
        self._note(self._running.pop(attempt), failure)
        attempt.close()

    def _note(self, address: Address, failure: OSError) -> None:
        self._failures.append(f"{address}: {failure}")
        self._cause = failure
        # RFC 8305, 5: the next one is tried at once.
        self._next_start = 0.0

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        exc_type: type[BaseException] | None,
        exc_value: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        for attempt in self._running:
            attempt.close()


def _resolve(host: str, port: int, flags: int = 0) -> list[Address]:
    try:
        # The C library takes locks too, for a moment: not while it waits for a name server.
        found = unforked(
            lambda: socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=flags),
            longest=LOOK_UP,
        )
    except (OSError, UnicodeError) as error:
        if is_of_the_app(error):
            raise
        raise httpcore.ConnectError(f"{host}: {error}") from error
    if not found:
        raise httpcore.ConnectError(f"{host} has no address")
    return _interleaved([Address(family, location) for family, _, _, _, location in found])


def _interleaved(addresses: list[Address]) -> list[Address]:
    """Return the addresses with the families in turns, beginning with the first's (RFC 8305, 4)."""
    unique = list(dict.fromkeys(addresses))
    first = [address for address in unique if address.family == unique[0].family]
    others = [address for address in unique if address.family != unique[0].family]
    turns = chain.from_iterable(zip_longest(first, others))
    return [address for address in turns if address is not None]


class LookUp:
    """The look-up of one name, which all who ask for it meanwhile share."""

    def __init__(self) -> None:
        self._turn = anyio.Lock()
        self._ended = -inf
        self._found: list[Address] | httpcore.ConnectError = []

    async def result(self, host: str, port: int) -> list[Address]:
        """Return the addresses of the host, from a look-up that ends after this was asked.

        Raises:
            httpcore.ConnectError: It has none.
        """
        asked = time.monotonic()
        async with self._turn:
            if self._ended < asked:
                self._found = await _looked_up(host, port)
                self._ended = time.monotonic()
            found = self._found
        if isinstance(found, httpcore.ConnectError):
            raise httpcore.ConnectError(str(found)) from found.__cause__
        return found


_look_ups: RunVar[dict[tuple[str, int], LookUp]] = RunVar("ai_gate_look_ups")
"""The look-ups of an event loop."""


async def resolve_async(host: str, port: int) -> list[Address]:
    """Return the addresses of a host, in the order in which to try them.

    Raises:
        httpcore.ConnectError: It has none. Its cause is why.
    """
    with suppress(httpcore.ConnectError):
        return _resolve(host, port, socket.AI_NUMERICHOST)
    try:
        shared = _look_ups.get()
    except LookupError:
        _look_ups.set(shared := {})
    return await shared.setdefault((host, port), LookUp()).result(host, port)


async def _looked_up(host: str, port: int) -> list[Address] | httpcore.ConnectError:
    """Look a name up in a thread of its own, which is left behind if the call is cancelled.

    The event loop's own look-up shares its few threads with all that the app does in them, and
    keeps `asyncio.run` from returning.
    """
    try:
        return await anyio.to_thread.run_sync(
            _resolve, host, port, abandon_on_cancel=True, limiter=anyio.CapacityLimiter(1)
        )
    except httpcore.ConnectError as error:
        return error
    except RuntimeError as error:
        # No thread could be started, because there are too many or the interpreter shuts down.
        return httpcore.ConnectError(f"{host} can't be looked up: {error}")
