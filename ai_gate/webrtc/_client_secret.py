"""The client secret of a session, which opens a call."""

import math
from collections.abc import Mapping
from dataclasses import dataclass, field

from ai_gate.errors import AIGateError
from ai_gate.types import SessionResponse
from ai_gate.webrtc.errors import WebRTCError

SKEW = 5.0
"""How much this machine's clock may differ from the server's, in seconds."""


@dataclass(frozen=True, slots=True)
class ClientSecret:
    """The bearer token that opens a call."""

    value: str = field(repr=False)
    expires_at: float | None
    """In Unix seconds, or None if the session doesn't say. It is by the server's clock, and this
    machine's can be minutes ahead: only the server decides whether it is too late."""

    def may_have_expired(self, now: float) -> bool:
        """Return True if it may have expired, so that a refusal can come from that."""
        return self.expires_at is not None and now > self.expires_at - SKEW


def client_secret(session: SessionResponse) -> ClientSecret:
    """Read the client secret of a session.

    Raises:
        WebRTCError: There is none that can be sent.
        AIGateError: This is no session.
    """
    if not isinstance(session, Mapping):
        raise AIGateError(f"A session is a dict, not {type(session).__name__}.")
    secret = session.get("client_secret")
    value = secret.get("value") if isinstance(secret, Mapping) else None
    if not isinstance(value, str) or not value:
        raise WebRTCError(
            "The session has no client secret, so no call can be started with it: the gate left it "
            "out. Create another one."
        )
    if not value.isascii() or not value.isprintable() or " " in value:
        raise WebRTCError("The session's client secret has characters that can't be sent.")
    return ClientSecret(value, _moment(secret.get("expires_at")))


def _moment(value: object) -> float | None:
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    try:
        seconds = float(value)
    except OverflowError:
        return None
    return seconds if math.isfinite(seconds) else None
