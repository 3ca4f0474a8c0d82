"""The plain data of live voice: what users read, and the TURN server that is passed around."""

from dataclasses import dataclass, field
from typing import Literal, TypeAlias

Transport: TypeAlias = Literal["udp", "tcp", "tls"]
"""How a TURN server is reached; `tls` is TLS over TCP."""


@dataclass(frozen=True, slots=True)
class Candidate:
    """One end of a path, as an ICE candidate names it (RFC 8445, section 5.3)."""

    type: str
    """`host`, `srflx` (seen by a server), `prflx` (seen by the peer) or `relay` (a TURN server)."""
    protocol: str
    """`udp` or `tcp`."""
    address: str
    """The IP address."""
    port: int
    """The port."""


@dataclass(frozen=True, slots=True)
class CandidatePair:
    """The path that a call takes."""

    local: Candidate
    """This side's end. Its type is `relay` if the call goes through the TURN server."""
    remote: Candidate
    """The peer's end."""


@dataclass(frozen=True, slots=True)
class Timings:
    """When each step was done, in seconds since the connection was begun with a session.

    A step that isn't done yet is None. Creating the session comes before and isn't counted.
    """

    gathered: float | None = None
    """The offer was ready: this side's addresses were gathered. Only where there is none, or with
    `relay_only`, a TURN server was waited for."""
    answered: float | None = None
    """The SDP answer was there."""
    opened: float | None = None
    """Events could travel."""
    first_audio: float | None = None
    """The first audio of the peer was there, be it silence."""


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
    """How the server is reached, or None if the URL can't be read."""
    works: bool
    """Whether the server gave an address to relay through."""
    reason: str | None
    """Why it doesn't work, for a person: `401 Unauthorized`, `timed out after 2.0 s` and the like;
    None if it works."""
    seconds: float | None
    """The time until it worked or failed, in seconds, or None if it wasn't tried."""


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


@dataclass(frozen=True, slots=True)
class SDP:
    """A session description.

    It goes around in this, because what shows the variables of a failure would show a plain string.
    """

    text: str = field(repr=False)
    """The text, with the addresses of a side and the key that guards the way to it."""


@dataclass(frozen=True, slots=True)
class TurnServer:
    """One TURN server, reached in one way."""

    url: str
    """The URL as it was given, without a name or password in it."""
    host: str
    """The host's name or address; an IPv6 address without brackets."""
    port: int
    """The port."""
    transport: Transport
    """How it is reached."""
    username: str = field(repr=False)
    """The name, which can have an expiry in it."""
    credential: str = field(repr=False)
    """The password."""

    @property
    def is_datagram(self) -> bool:
        """Whether it is reached by datagrams (UDP), not over a stream."""
        return self.transport == "udp"

    @property
    def is_tls(self) -> bool:
        """Whether the stream is encrypted."""
        return self.transport == "tls"
