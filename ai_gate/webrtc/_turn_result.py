"""What became of the TURN URLs that were tried."""

from dataclasses import dataclass
from typing import Literal, TypeAlias

Transport: TypeAlias = Literal["udp", "tcp", "tls"]
"""How a TURN server is reached; `tls` is TLS over TCP."""


@dataclass(frozen=True, slots=True)
class TurnResult:
    """What became of one TURN URL.

    Example:
        >>> from ai_gate.webrtc import TurnResult
        >>> result = TurnResult("turn:turn.test:80", "udp", False, "401 Unauthorized", 0.04)
        >>> f"{result.url}: {'works' if result.works else result.reason}"
        'turn:turn.test:80: 401 Unauthorized'
    """

    url: str
    """The URL as it was given. A name or password in it is masked."""
    transport: Transport | None
    """How the server is reached, or None where the URL can't be read."""
    works: bool
    """Whether the server gave an address to relay through."""
    reason: str | None
    """Why it doesn't work, for a person: `401 Unauthorized`, `timed out after 2.0 s` and the like;
    None where it works."""
    seconds: float | None
    """The time until it worked or failed, in seconds, or None where it wasn't tried."""


@dataclass(frozen=True, slots=True)
class TurnProbe:
    """What became of all TURN URLs of the credentials.

    Example:
        >>> from ai_gate.webrtc import TurnProbe, TurnResult
        >>> probe = TurnProbe((TurnResult("turn:turn.test:80", "udp", True, None, 0.04),))
        >>> probe.works, probe.first.url
        (True, 'turn:turn.test:80')
    """

    results: tuple[TurnResult, ...]
    """A result for each TURN URL, in the order in which they were given."""

    @property
    def first(self) -> TurnResult | None:
        """The first URL, in the order in which they were given, that works, or None."""
        return next((result for result in self.results if result.works), None)

    @property
    def works(self) -> bool:
        """Whether at least one URL works."""
        return self.first is not None
