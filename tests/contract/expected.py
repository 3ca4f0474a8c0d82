"""Which error a documented answer must become, from the table of errors in the API's description.

Nothing here asks the SDK: the classes are named, and every value comes from the example itself.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from ai_gate import (
    AIGateError,
    AuthenticationError,
    BadRequestError,
    ConcurrentLimitError,
    QuotaExceededError,
    RateLimitError,
    ServerError,
)

from .spec import Answer

BY_CODE: dict[str, type[AIGateError]] = {
    "quota_exceeded": QuotaExceededError,
    "concurrent_limit_exceeded": ConcurrentLimitError,
}
BY_STATUS: dict[int, type[AIGateError]] = {
    400: BadRequestError,
    401: AuthenticationError,
    402: QuotaExceededError,
    429: RateLimitError,
}
PREFIXES: dict[type[AIGateError], str] = {
    QuotaExceededError: "Quota exceeded: ",
    RateLimitError: "Rate limit exceeded: ",
    ConcurrentLimitError: "Concurrent limit exceeded: ",
}


@dataclass(frozen=True)
class Expected:
    """An error as a caller must see it."""

    kind: type[AIGateError]
    message: str | None
    """The whole message, or None where the answer has none of its own."""
    attributes: dict[str, Any]
    """The attributes that only this class has."""


def expected_error(answer: Answer) -> Expected:
    """Derive the error from an answer's status and body."""
    kind = _kind(answer.status, answer.body)
    stated = answer.body.get("message")
    message = None if stated is None else PREFIXES.get(kind, "") + stated
    return Expected(kind, message, _attributes(kind, answer.body))


def _kind(status: int, body: dict[str, Any]) -> type[AIGateError]:
    if body.get("error") in BY_CODE:
        return BY_CODE[body["error"]]
    return BY_STATUS.get(status, ServerError if status >= 500 else AIGateError)


def _attributes(kind: type[AIGateError], body: dict[str, Any]) -> dict[str, Any]:
    if kind is QuotaExceededError:
        return {name: body.get(name) for name in ("usage", "upgrade_url")}
    if kind is ConcurrentLimitError:
        return {name: body.get(name) for name in ("current", "max", "hint")}
    if kind is RateLimitError:
        reset_at = datetime.fromisoformat(body["resetAt"]) if "resetAt" in body else None
        return {"limit": body.get("limit"), "window": body.get("window"), "reset_at": reset_at}
    return {}
