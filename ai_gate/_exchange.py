"""One request and what happened to it, without I/O."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from ai_gate._deadline import Deadline


@dataclass(frozen=True, slots=True)
class Send:
    """The order to send a request."""

    request: dict[str, Any] = field(repr=False)
    """What goes on the wire, as the keyword arguments of `httpx.Client.build_request`."""
    deadline: Deadline
    """When the whole answer must be there."""
    delay: float = 0.0
    """How long to wait before, in seconds."""


@dataclass(slots=True)
class Exchange:
    """What happened to a request: an answer, as far as it came, or a failure, or both."""

    status: int | None = None
    """The status of the answer, or None where no answer began."""
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    body: bytearray = field(default_factory=bytearray, repr=False)
    """The body of the answer, as far as it came."""
    is_whole: bool = False
    """Whether all of the answer came."""
    failure: Exception | None = None
    """What ended the exchange before the answer was whole."""
    undecodable: Exception | None = None
    """Why the body of a whole answer is as it came, with its content encoding."""
    sent: bool = True
    """Whether anything of the request can have reached the server."""
    timed_out: bool = False
    """Whether it was the time that ended the exchange."""

    @property
    def refused(self) -> bool:
        """Whether the answer's status is no success, whatever became of its body."""
        return self.status is not None and not 200 <= self.status < 300
