"""What a response says of the gate's limits, and what a limiter says in the gate's place."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from ai_gate._call import response
from ai_gate._call.exchange import Exchange
from ai_gate._call.rate_limit import RateLimit
from ai_gate._timestamps import parse_iso8601, seconds_until
from ai_gate.errors import (
    AIGateError,
    ConcurrentLimitError,
    QuotaExceededError,
    RateLimitError,
    error_class,
)

REFUSALS = {
    RateLimitError: "requests",
    QuotaExceededError: "quota",
    ConcurrentLimitError: "concurrent",
}
"""What the gate refuses for, by the errors that it gives."""
SHORTEST_HOLD, UNKNOWN_HOLD = 1.0, 30.0
"""How long nobody sends after a 429 whose reset has passed, or that states none, in seconds."""
LONGEST_RESET = 3600.0
"""How far off a reset can be, in seconds, unless a window is longer; else it is nonsense."""
PRICING = "https://www.ai-gate.dev/pricing"


@dataclass(frozen=True, slots=True)
class Count:
    """How much of a limit is used, of how much (None: not limited), and when some is free (UTC)."""

    used: int
    limit: int | None
    reset_at: datetime


@dataclass(frozen=True, slots=True)
class Usage:
    """What a project has used, as far as the limiter knows."""

    requests: Count
    concurrent: Count
    quota: Count


def outcome(exchange: Exchange, window: float) -> dict[str, Any]:
    """Return what became of a request, and what the response says of the limits.

    Args:
        exchange: What happened to the request.
        window: The length of a window, in seconds.

    Returns:
        `what`: `made`, `failed`, `lost` (no answer came), `unsent`, or what was refused. `limit`,
        `used` and `reset`: the requests in a window, those that are counted in this one, and the
        seconds until its end; 0 where they weren't stated. `hold`: how long nobody is to send.
        `month_used`: the sessions of the month.
    """
    body = response.json_object(exchange.body) if exchange.refused else {}
    what = _what(exchange, body)
    reported = RateLimit.from_headers(exchange.headers) or RateLimit(None, None, None)
    limit, left, at = reported.limit or 0, reported.remaining, reported.reset_at
    is_stated = left is not None and 0 <= left <= limit
    reset = seconds_until(at, exchange.headers, datetime.now(UTC)) if at else 0.0
    usage = body.get("usage")
    used = usage.get("sessionsUsed") if isinstance(usage, dict) else 0
    return {
        "what": what,
        "limit": limit if is_stated else 0,
        "used": limit - (left or 0) if is_stated else 0,
        "reset": reset if reset <= max(window, LONGEST_RESET) else 0.0,
        "hold": _hold(exchange, body, at, window) if what == "requests" else 0.0,
        "month_used": used if isinstance(used, int) and used > 0 else 0,
    }


def refusal(kind: str, used: int, limit: int, wait: float, window: float) -> Exchange:
    """Return the response that the gate would have given, of a request that wasn't sent.

    Args:
        kind: What is used up: `requests`, `quota` or `concurrent`.
        used: How many are used.
        limit: How many there are, or 0 if that isn't known.
        wait: When there will be one again, in seconds.
        window: The length of a window, in seconds.
    """
    if kind == "requests":
        at = datetime.now(UTC) + timedelta(seconds=wait)
        reset_at = at.isoformat(timespec="milliseconds").replace("+00:00", "Z")
        what, error = f"requests in {window:g} s", "Rate limit exceeded"
        fields: dict[str, Any] = {"window": f"{window:g} seconds", "resetAt": reset_at}
        fields |= {"limit": limit} if limit else {}
    elif kind == "quota":
        what, error = "sessions of the month", "quota_exceeded"
        known = {"sessionsIncluded": limit, "sessionsRemaining": max(0, limit - used)}
        fields = {"usage": {"sessionsUsed": used, **(known if limit else {})}}
        fields["upgrade_url"] = PRICING
    else:
        what, error = "live sessions", "concurrent_limit_exceeded"
        fields = {"current": used, "hint": "Release sessions that have ended."}
        fields |= {"max": limit} if limit else {}
    count = f"{used} of {limit} {what} are used" if limit else f"the gate has refused more {what}"
    message = f"the limiter refused, and nothing was sent: {count}, again in {wait:.1f} s"
    return Exchange(
        status=402 if kind == "quota" else 429,
        headers={"retry-after": f"{wait:.3f}"},
        body=bytearray(json.dumps({"error": error, "message": message, **fields}).encode()),
        is_whole=True,
        sent=False,
    )


def usage(reply: dict[str, Any] | None) -> Usage:
    """Return the usage that a store's reply tells of; None is a store that is away.

    Raises:
        AIGateError: It is away.
    """
    if reply is None:
        raise AIGateError("The limiter's store is away.")
    counts = [reply[kind] for kind in ("requests", "concurrent", "quota")]
    now = datetime.now(UTC)
    return Usage(*(Count(used, of or None, now + timedelta(seconds=at)) for used, of, at in counts))


def _what(exchange: Exchange, body: Mapping[str, Any]) -> str:
    if exchange.status is None:
        return "lost" if exchange.sent else "unsent"
    if not exchange.refused:
        return "made"
    return REFUSALS.get(error_class(exchange.status, body), "failed")


def _hold(
    exchange: Exchange, body: Mapping[str, Any], reset_at: datetime | None, window: float
) -> float:
    seconds = response.retry_after(exchange)
    moment = parse_iso8601(body.get("resetAt")) or reset_at
    if seconds is None and moment is not None:
        seconds = seconds_until(moment, exchange.headers, datetime.now(UTC))
    return min(window, UNKNOWN_HOLD if seconds is None else max(seconds, SHORTEST_HOLD))
