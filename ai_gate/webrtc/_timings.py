"""How long the steps of a call's beginning took."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Timings:
    """When each step was done, in seconds since the connection was begun with a session.

    A step that isn't done yet is None. Creating the session comes before and isn't counted.
    """

    gathered: float | None = None
    """The offer was ready: a TURN server was chosen, and the own addresses gathered."""
    answered: float | None = None
    """The SDP answer was there."""
    opened: float | None = None
    """Events could travel."""
    first_audio: float | None = None
    """The first audio of the peer was there, be it silence."""
