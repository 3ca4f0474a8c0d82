"""The client secrets that the gate created, and when each of them expires."""

import copy
from collections.abc import Mapping
from enum import Enum
from threading import Lock
from typing import Any

_MOST_KEPT = 1_000


class Rejection(Enum):
    """Why a client secret is rejected, in the words of the error."""

    UNKNOWN = "The client secret is none that this gate has minted"
    EXPIRED = "The client secret has expired"


class ClientSecrets:
    """The newest 1,000 sessions that the gate created, by their client secret."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._sessions: dict[str, dict[str, Any]] = {}

    def add(self, session: Mapping[str, Any]) -> None:
        """Keep a new session."""
        with self._lock:
            self._sessions[session["client_secret"]["value"]] = copy.deepcopy(dict(session))
            if len(self._sessions) > _MOST_KEPT:
                del self._sessions[next(iter(self._sessions))]

    def find(self, secret: str, now: float) -> dict[str, Any] | Rejection:
        """Return a copy of the session that a client secret belongs to, or why it is rejected."""
        with self._lock:
            session = self._sessions.get(secret)
            if session is None:
                return Rejection.UNKNOWN
            if now >= session["client_secret"]["expires_at"]:
                return Rejection.EXPIRED
            return copy.deepcopy(session)

    def expire(self) -> None:
        """Make every client secret created so far expire now."""
        with self._lock:
            for session in self._sessions.values():
                session["client_secret"]["expires_at"] = 0

    def forget(self) -> None:
        """Forget every session."""
        with self._lock:
            self._sessions.clear()
