"""What a call orders, and what happened to a request, without I/O."""

import math
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import httpx

MAX_BODY = 8 * 1024 * 1024
"""The bytes of a response's body that are read, and that it may unfold to. The gate's have 2 KB."""


class Deadline:
    """The moment at which a call must have ended, by the monotonic clock.

    Args:
        seconds: How far it lies ahead.
    """

    __slots__ = ("_moment",)

    def __init__(self, seconds: float) -> None:
        self._moment = time.monotonic() + seconds

    def left(self) -> float:
        """Return the seconds that are left, negative once the moment has passed."""
        return self._moment - time.monotonic()


@dataclass(slots=True, eq=False)
class Order:
    """The order to send a request."""

    request: dict[str, Any] = field(repr=False)
    """What goes on the wire, as the keyword arguments of `httpx.Client.build_request`."""
    deadline: Deadline
    """When the whole response must be there."""
    delay: float = 0.0
    """How long to wait before, in seconds."""
    may_be_repeated: bool = False
    """Whether another attempt can follow if this one gets no response."""
    is_after_a_loss: bool = False
    """Whether the attempt before got no response."""
    auth: Any = httpx.USE_CLIENT_DEFAULT
    """What `httpx.Client.send` takes: None if the request itself proves who sends it."""
    sent: bool = False
    """Whether anything of the request can have been sent, once it has ended."""


@dataclass(slots=True, eq=False)
class Look:
    """The order to look at the store of a limiter."""

    action: Callable[[], Any] = field(repr=False)
    """Looks, and returns what is sent back to who ordered it."""
    delay: float
    """How long to wait before, in seconds."""
    blocks: bool
    """Whether it blocks, and so is done in a thread."""
    longest: float = math.inf
    """How long it can take after that, in seconds, waiting for a thread included."""


@dataclass(slots=True, eq=False)
class Exchange:
    """What happened to a request: a response, as far as it came, or a failure, or both."""

    status: int | None = None
    """The status of the response, or None if no response began."""
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    """The headers of the response, as they came."""
    body: bytearray = field(default_factory=bytearray, repr=False)
    """The body of the response, as far as it came."""
    is_whole: bool = False
    """Whether all of the response came."""
    is_unreadable: bool = False
    """Whether what came is no response that can be read."""
    is_too_large: bool = False
    """Whether more than `MAX_BODY` came; `body` is its beginning."""
    failure: Exception | None = None
    """What ended the exchange before the response was whole."""
    undecodable: Exception | None = None
    """Why the body of a whole response is as it came, with its content encoding."""
    sent: bool = True
    """Whether anything of the request can have reached the server."""
    timed_out: bool = False
    """Whether it was the time that ended the exchange."""
    proxy: str = ""
    """The proxy that it went through, for a person: host, port, and the variable that names it."""

    @property
    def refused(self) -> bool:
        """Whether the response's status is no success, whatever became of its body."""
        return self.status is not None and not 200 <= self.status < 300

    @property
    def is_of_limiter(self) -> bool:
        """Whether a limiter refused the request in the place of the gate."""
        return self.status is not None and not self.sent
