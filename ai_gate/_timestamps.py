"""Points in time as the gate writes them. What can't be read is None, never an exception."""

import math
import re
from collections.abc import Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

SECONDS = re.compile(r"[0-9]+(\.[0-9]+)?")


def parse_iso8601(value: object) -> datetime | None:
    """Read an ISO 8601 timestamp; one without a time zone is UTC."""
    if not isinstance(value, str):
        return None
    # dateutil takes longer to load than a call of the gate, and few responses need it.
    from dateutil.parser import isoparse  # noqa: PLC0415

    try:
        moment = isoparse(value)
    except (ValueError, OverflowError):
        return None
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def parse_unix_seconds(value: str | None) -> datetime | None:
    """Read seconds since 1970."""
    try:
        return datetime.fromtimestamp(float(value), UTC) if value else None
    except (ValueError, OverflowError, OSError):
        return None


def parse_retry_after(headers: Mapping[str, str], now: datetime) -> float | None:
    """Read a `Retry-After` header (RFC 9110, 10.2.3) as seconds from when the response came.

    A date counts from the response's own `Date`, since this machine's clock can be wrong.

    Args:
        headers: The headers of the response.
        now: What counts in place of a `Date` that is missing or can't be read.
    """
    text = headers.get("retry-after", "").strip()
    if SECONDS.fullmatch(text):
        seconds = float(text)
        return seconds if math.isfinite(seconds) else None
    moment = _parse_http_date(text)
    return None if moment is None else seconds_until(moment, headers, now)


def seconds_until(moment: datetime, headers: Mapping[str, str], now: datetime) -> float:
    """Return the seconds from when a response came until a moment that it states, or 0.

    Args:
        moment: The moment.
        headers: The headers of the response: a moment counts from its own `Date`.
        now: What counts in place of a `Date` that is missing or can't be read.
    """
    came = _parse_http_date(headers.get("date", "")) or now
    return max(0.0, (moment - came).total_seconds())


def _parse_http_date(text: str) -> datetime | None:
    try:
        moment = parsedate_to_datetime(text)
    except (ValueError, TypeError, IndexError, OverflowError):
        return None
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
