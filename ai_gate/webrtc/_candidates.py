"""The addresses between which a call travels."""

from dataclasses import dataclass


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
    """This side's end. Its type is `relay` where the call goes through the TURN server."""
    remote: Candidate
    """The peer's end."""
