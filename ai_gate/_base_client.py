"""What both clients share, and the two loops that carry out a call."""

import warnings
from copy import copy
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from ai_gate._call import Call, call
from ai_gate._call.exchange import Order
from ai_gate._call.operations import Operation
from ai_gate._call.rate_limit import RateLimit
from ai_gate._config import Config, full_name
from ai_gate._http import AsyncClients, Clients, exchange, exchange_async
from ai_gate._lazy import LazyModule
from ai_gate._logging import enable_debug
from ai_gate._redaction import HiddenInLogs
from ai_gate.errors import AIGateError

if TYPE_CHECKING:
    from ai_gate import limits
    from ai_gate._http import look as looks
else:
    # Who makes a limiter has imported them.
    limits = LazyModule("ai_gate.limits")
    looks = LazyModule("ai_gate._http.look")

C = TypeVar("C", bound=Clients | AsyncClients)


class BaseClient(Generic[C]):
    """The base of both clients: all that does no I/O."""

    def __init__(self, config: Config, clients: C, limiter: "limits.Limiter | None") -> None:
        self._config = config
        self._clients = clients
        self._limiter = _checked(limiter)
        self._rate_limit: RateLimit | None = None
        if config.debug:
            enable_debug()

    @property
    def rate_limit(self) -> RateLimit | None:
        """The rate limit that the gate reported last, or None before it reported one."""
        return self._rate_limit

    def __repr__(self) -> str:
        settings = f"base_url={str(self._config.base_url)!r}, timeout={self._config.timeout!r}"
        return f"{type(self).__name__}({settings})"

    def __getstate__(self) -> dict[str, Any]:
        """Return what a copy has, in this process or another: the settings, no connections."""
        return {**vars(self), "_clients": copy(self._clients), "_rate_limit": None}

    def __setstate__(self, state: dict[str, Any]) -> None:
        vars(self).update(state)
        if self._config.debug:
            enable_debug()

    def __del__(self) -> None:
        clients = getattr(self, "_clients", None)
        if clients is not None and not clients.closed and clients.idle:
            warnings.warn(f"unclosed {self!r}", ResourceWarning, source=self, stacklevel=1)
            clients.drop()

    def _call(self, operation: Operation) -> Call:
        desk = None if self._limiter is None else self._limiter._desk
        return call(operation, self._config, self._note_rate_limit, desk)

    def _note_rate_limit(self, reported: RateLimit) -> None:
        self._rate_limit = reported


def run(call: Call, clients: Clients, config: Config) -> dict[str, Any]:
    """Carry out a call and return the JSON object of its response."""
    clients.check_open()
    order = next(call)
    try:
        while True:
            with HiddenInLogs(config.project_id):
                result = exchange(order, clients) if isinstance(order, Order) else looks.look(order)
            try:
                order = call.send(result)
            except StopIteration as finished:
                return _returned(finished)
    finally:
        # What ends it here ends the call at once, whoever keeps the traceback.
        call.close()


async def run_async(call: Call, clients: AsyncClients, config: Config) -> dict[str, Any]:
    """Carry out a call and return the JSON object of its response."""
    clients.check_open()
    order = next(call)
    try:
        while True:
            with HiddenInLogs(config.project_id):
                result = (
                    await exchange_async(order, clients)
                    if isinstance(order, Order)
                    else await looks.look_async(order)
                )
            try:
                order = call.send(result)
            except StopIteration as finished:
                return _returned(finished)
    finally:
        # What ends it here ends the call at once, whoever keeps the traceback.
        call.close()


def _returned(finished: StopIteration) -> dict[str, Any]:
    value: dict[str, Any] = finished.value
    return value


def _checked(limiter: "limits.Limiter | None") -> "limits.Limiter | None":
    if limiter is None or isinstance(limiter, limits.Limiter):
        return limiter
    raise AIGateError(f"limiter must be a Limiter of ai_gate.limits, not {full_name(limiter)}.")
