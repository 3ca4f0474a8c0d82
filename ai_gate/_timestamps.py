"""Points in time as the gate writes them. What can't be read is None, never an exception."""

import math
import re
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


def parse_retry_after(value: str | None, now: datetime) -> float | None:
    """Read a `Retry-After` header (RFC 9110, 10.2.3) as seconds from now."""
    if value is None:
        return None
    text = value.strip()
    if SECONDS.fullmatch(text):
        seconds = float(text)
        return seconds if math.isfinite(seconds) else None
    try:
        moment = parsedate_to_datetime(text)
    except (ValueError, TypeError, IndexError, OverflowError):
        return None
    aware = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    return max(0.0, (aware - now).total_seconds())
