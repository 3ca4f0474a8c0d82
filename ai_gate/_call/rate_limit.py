"""The rate limit that the gate reports with its responses."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Self

from ai_gate._timestamps import parse_unix_seconds


@dataclass(frozen=True, slots=True)
class RateLimit:
    """A project's requests in the current window, as the gate last reported them.

    A part that the gate left out, or that can't be read, is None.
    """

    limit: int | None
    """The requests that the project may send in a window."""
    remaining: int | None
    """The requests that are left in the window."""
    reset_at: datetime | None
    """When the next window begins, in UTC."""

    @classmethod
    def from_headers(cls, headers: Mapping[str, str]) -> Self | None:
        """Read the `X-RateLimit-*` headers; None if the response reports nothing."""
        reported = cls(
            limit=_integer(headers.get("x-ratelimit-limit")),
            remaining=_integer(headers.get("x-ratelimit-remaining")),
            reset_at=parse_unix_seconds(headers.get("x-ratelimit-reset")),
        )
        return None if reported == cls(None, None, None) else reported


def _integer(value: str | None) -> int | None:
    try:
        return int(value) if value else None
    except ValueError:
        return None
