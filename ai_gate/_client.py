"""What both clients have in common: all that does no I/O."""

import warnings
from typing import Generic, TypeVar

from ai_gate._call import Call, call
from ai_gate._config import Config
from ai_gate._connections import AsyncConnections, Connections
from ai_gate._logging import enable_debug
from ai_gate._operations import Operation
from ai_gate._rate_limit import RateLimit

C = TypeVar("C", bound=Connections | AsyncConnections)


class Client(Generic[C]):
    """The base of both clients."""

    def __init__(self, config: Config, connections: C) -> None:
        self._config = config
        self._connections = connections
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

    def __del__(self) -> None:
        connections = getattr(self, "_connections", None)
        if connections is not None and not connections.closed and connections.idle:
            warnings.warn(f"unclosed {self!r}", ResourceWarning, source=self, stacklevel=1)

    def _call(self, operation: Operation) -> Call:
        return call(operation, self._config, self._note_rate_limit)

    def _note_rate_limit(self, reported: RateLimit) -> None:
        self._rate_limit = reported
