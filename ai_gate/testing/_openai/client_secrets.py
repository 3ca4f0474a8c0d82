"""The client secrets that the gate created, and when each of them expires."""

import json
from dataclasses import dataclass
from enum import Enum
from typing import Any

from ai_gate.testing._state import Newest


class Rejection(Enum):
    """Why a client secret is rejected, in the words of the error."""

    UNKNOWN = "The client secret is none that this gate has minted"
    EXPIRED = "The client secret has expired"


@dataclass
class _ClientSecret:
    value: str
    expires_at: float
    session: bytes


class ClientSecrets:
    """The newest sessions that the gate created, by their client secret."""

    def __init__(self) -> None:
        self.forget()

    def forget(self) -> None:
        """Forget every session."""
        self._kept: Newest[_ClientSecret] = Newest()

    def add(self, session: bytes) -> None:
        """Keep the JSON of a new session."""
        secret = json.loads(session)["client_secret"]
        self._kept.add(_ClientSecret(**secret, session=session), len(session))

    def find(self, secret: str, now: float) -> dict[str, Any] | Rejection:
        """Return the session that a client secret belongs to, or why it is rejected."""
        found = next((it for it in self._kept.all() if it.value == secret), None)
        if found is None:
            return Rejection.UNKNOWN
        if now >= found.expires_at:
            return Rejection.EXPIRED
        session: dict[str, Any] = json.loads(found.session)
        return session

    def expire(self) -> None:
        """Make every client secret created so far expire now."""
        for secret in self._kept.all():
            secret.expires_at = 0
