"""The client secrets that the gate minted, and until when each of them is good."""

import copy
from collections.abc import Mapping
from enum import Enum
from threading import Lock
from typing import Any


class Doubt(Enum):
    """Why a client secret isn't taken."""

    UNKNOWN = "unknown"
    EXPIRED = "expired"


class ClientSecrets:
    """The sessions that were minted, by their client secret."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._sessions: dict[str, dict[str, Any]] = {}

    def add(self, session: Mapping[str, Any]) -> None:
        """Keep a session that was just minted."""
        with self._lock:
            self._sessions[session["client_secret"]["value"]] = copy.deepcopy(dict(session))

    def find(self, secret: str, now: float) -> dict[str, Any] | Doubt:
        """Return a copy of the session that a client secret is for, or why there is none."""
        with self._lock:
            session = self._sessions.get(secret)
            if session is None:
                return Doubt.UNKNOWN
            if now >= session["client_secret"]["expires_at"]:
                return Doubt.EXPIRED
            return copy.deepcopy(session)

    def expire(self) -> None:
        """Let every client secret so far be past its time."""
        with self._lock:
            for session in self._sessions.values():
                session["client_secret"]["expires_at"] = 0

    def forget(self) -> None:
        """Forget every session."""
        with self._lock:
            self._sessions.clear()
