"""What a response says of the gate's limits, and what a limiter says in the gate's place."""

import json
import math
import time
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx

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
LARGEST_NUMBER, LONGEST_NAME = 10**9, 40
"""What is kept of what the gate says."""
LONGEST_RESET = 3600.0
"""How far off a reset can be, in seconds, unless a window is longer; else it is nonsense."""
PRICING = "https://www.ai-gate.dev/pricing"
PLANS = {100: "free", 5_000: "starter", 20_000: "growth"}
"""The plans by the sessions that they include in a month."""
NUMBERS = {
    *("limit", "current", "max", "sessionsIncluded", "sessionsUsed", "sessionsRemaining"),
    *("estimatedMinutes", "minutesUsed", "percentUsed"),
}
"""The documented numbers of the gate's refusals."""


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
        `what`: `made`, `failed`, `lost` (nobody knows), `unsent`, or what was refused. `limit`,
        `used` and `reset`: the requests in a window, those that are counted in this one, and the
        seconds until its end; 0 where they weren't stated. `hold`: how long nobody is to send.
        `stated`: the numbers of a refusal.
    """
    body = response.json_object(exchange.body) if exchange.refused else {}
    what = _what(exchange, body)
    reported = RateLimit.from_headers(exchange.headers) or RateLimit(None, None, None)
    limit, left, at = reported.limit or 0, reported.remaining, reported.reset_at
    is_stated = left is not None and 0 <= left <= limit <= LARGEST_NUMBER
    reset = seconds_until(at, exchange.headers, datetime.now(UTC)) if at else 0.0
    return {
        "what": what,
        "limit": limit if is_stated else 0,
        "used": limit - (left or 0) if is_stated else 0,
        "reset": reset if reset <= max(window, LONGEST_RESET) else 0.0,
        "hold": _hold(exchange, body, at, window) if what == "requests" else 0.0,
        "stated": _stated(body.get("usage") if what == "quota" else body),
    }


def refusal(reply: Mapping[str, Any], window: float) -> Exchange:
    """Return the response that the gate would have given, of a request that wasn't sent.

    Args:
        reply: The store's: what is `refused`, the seconds to `wait`, how many are used of how many
            (0 if that isn't known), and the numbers that the gate `said` when it refused.
        window: The length of a window, in seconds.
    """
    kind, wait, said = reply["refused"], reply["wait"], reply["said"]
    used, limit, _ = reply[kind]
    if kind == "requests":
        limit = limit or said.get("limit", 0)
        minutes = not window % 60
        shown = f"{window / 60:g} minutes" if minutes else f"{window:g} seconds"
        what, error = f"requests in {shown}", "Rate limit exceeded"
        fields: dict[str, Any] = {"limit": limit or used, "window": shown, "resetAt": _iso(wait)}
    elif kind == "quota":
        what, error = "sessions of the month", "quota_exceeded"
        limit = said.get("sessionsIncluded", 0) or limit
        included, used = limit or used, max(used, said.get("sessionsUsed", 0))
        known = {"sessionsIncluded": included, "sessionsUsed": used}
        known |= {"sessionsRemaining": max(0, included - used)}
        known |= {"percentUsed": round(100 * used / included) if included else 100}
        fields = {"usage": {"plan": PLANS.get(included, "unknown"), **said, **known}}
        fields["upgrade_url"] = PRICING
    else:
        what, error = "live sessions", "concurrent_limit_exceeded"
        limit = said.get("max", 0) or limit
        used = max(used, said.get("current", 0))
        fields = {"current": used, "max": limit or used}
        fields["hint"] = "Release sessions that have ended."
    count = f"{used} of {limit} {what} are used" if limit else f"the gate has refused more {what}"
    message = f"the limiter refused, and nothing was sent: {count}, again in {wait:.1f} s"
    return Exchange(
        status=402 if kind == "quota" else 429,
        headers=_headers(reply),
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
    what = "lost" if response.may_hide_a_success(exchange.status, body) else "failed"
    return REFUSALS.get(error_class(exchange.status, body), what)


def _hold(
    exchange: Exchange, body: Mapping[str, Any], reset_at: datetime | None, window: float
) -> float:
    seconds = response.retry_after(exchange)
    moment = parse_iso8601(body.get("resetAt")) or reset_at
    if seconds is None and moment is not None:
        seconds = seconds_until(moment, exchange.headers, datetime.now(UTC))
    return min(window, UNKNOWN_HOLD if seconds is None else max(seconds, SHORTEST_HOLD))


def _stated(said: object) -> dict[str, Any]:
    """Return the numbers of a refusal, and the name of the plan."""
    fields = said if isinstance(said, dict) else {}
    numbers = {
        name: value
        for name, value in fields.items()
        if name in NUMBERS and type(value) in (int, float) and 0 <= value <= LARGEST_NUMBER
    }
    plan = fields.get("plan")
    return numbers | ({"plan": plan[:LONGEST_NAME]} if isinstance(plan, str) else {})


def _headers(reply: Mapping[str, Any]) -> httpx.Headers:
    used, limit, reset = reply["requests"]
    headers = {}
    if reply["refused"] == "requests":
        reset = reply["wait"]
        headers["Retry-After"] = f"{math.ceil(reset)}"
    if limit:
        left = 0 if reply["refused"] == "requests" else max(0, limit - used)
        headers["X-RateLimit-Limit"], headers["X-RateLimit-Remaining"] = f"{limit}", f"{left}"
        headers["X-RateLimit-Reset"] = f"{math.ceil(time.time() + reset)}"
    return httpx.Headers(headers)


def _iso(seconds: float) -> str:
    moment = datetime.now(UTC) + timedelta(seconds=math.ceil(seconds))
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")
