"""What an exchange means for the caller: the JSON object of a success, or an error."""

import json
from datetime import UTC, datetime
from typing import Any

from ai_gate._exchange import Exchange
from ai_gate._operations import Operation
from ai_gate._redaction import mask
from ai_gate._timestamps import parse_retry_after
from ai_gate.errors import (
    AIGateError,
    APIConnectionError,
    APITimeoutError,
    AuthenticationError,
    BadRequestError,
    ConcurrentLimitError,
    InvalidResponseError,
    QuotaExceededError,
    RateLimitError,
    ServerError,
)

CLASS_BY_STATUS: dict[int, type[AIGateError]] = {
    400: BadRequestError,
    401: AuthenticationError,
    402: QuotaExceededError,
    429: RateLimitError,
}
CLASS_BY_CODE: dict[str, type[AIGateError]] = {
    "quota_exceeded": QuotaExceededError,
    "concurrent_limit_exceeded": ConcurrentLimitError,
}
"""Error codes that decide whatever the status is."""

PREFIXES: dict[type[AIGateError], str] = {
    QuotaExceededError: "Quota exceeded: ",
    RateLimitError: "Rate limit exceeded: ",
    ConcurrentLimitError: "Concurrent limit exceeded: ",
}
"""How messages begin that callers of the first SDK match on."""

ADVICE: dict[type[AIGateError], str] = {
    BadRequestError: "the gate found a parameter missing or wrong",
    AuthenticationError: (
        "the gate doesn't know the project, or there is no OpenAI key in its vault: "
        "check the project in the dashboard"
    ),
    QuotaExceededError: "the sessions of the month are used up: upgrade the plan in the dashboard",
    RateLimitError: "too many requests: try again later",
    ConcurrentLimitError: "too many live sessions: one ends after an hour without activity",
    ServerError: "the gate or OpenAI failed: try again later",
}
CLOUDFLARE_STATUSES = range(520, 531)
MAYBE_BILLED = " A session may have been created and billed all the same."


def read(exchange: Exchange, operation: Operation, project_id: str) -> dict[str, Any]:
    """Return the JSON object of a success, just as the gate sent it.

    Raises:
        AIGateError: Anything else came, or nothing.
    """
    if exchange.status is None:
        raise _connection_error(exchange, operation, project_id) from exchange.failure
    if exchange.refused:
        raise _refusal(exchange, exchange.status, project_id) from exchange.failure
    if exchange.failure is not None:
        raise _cut_short(exchange, operation) from exchange.failure
    try:
        answer = json.loads(bytes(exchange.body))
    except (ValueError, RecursionError) as error:
        what = "can't be decoded" if exchange.undecodable else "can't be read as JSON"
        raise _unreadable(exchange, operation, what) from (exchange.undecodable or error)
    if not isinstance(answer, dict):
        raise _unreadable(exchange, operation, "is no JSON object")
    return answer


def error_class(status: int, response: dict[str, Any]) -> type[AIGateError]:
    """The class of the error that an answer with this status and JSON object is."""
    code = response.get("error")
    if isinstance(code, str) and code in CLASS_BY_CODE:
        return CLASS_BY_CODE[code]
    return CLASS_BY_STATUS.get(status, ServerError if 500 <= status < 600 else AIGateError)


def retry_after(exchange: Exchange) -> float | None:
    """The answer's `Retry-After`, in seconds from now."""
    return parse_retry_after(exchange.headers.get("retry-after"), datetime.now(UTC))


def _refusal(exchange: Exchange, status: int, project_id: str) -> AIGateError:
    response = _json_object(exchange.body)
    kind = error_class(status, response)
    text = PREFIXES.get(kind, "") + (_stated(response) or _advice(kind, status))
    return _error(kind, mask(text, project_id), exchange, response)


def _stated(response: dict[str, Any]) -> str | None:
    message = response.get("message")
    return message if isinstance(message, str) and message.strip() else None


def _advice(kind: type[AIGateError], status: int) -> str:
    if status in CLOUDFLARE_STATUSES:
        text = "Cloudflare got no answer from the gate: try again later"
    elif 300 <= status < 400:
        text = "the gate answered with a redirect, which is not followed: check base_url"
    else:
        text = ADVICE.get(kind, "the gate refused the request")
    sentence = text if kind in PREFIXES else text[0].upper() + text[1:]
    return f"{sentence} (HTTP {status})"


def _json_object(body: bytearray) -> dict[str, Any]:
    try:
        value = json.loads(bytes(body))
    except (ValueError, RecursionError):
        return {}
    return value if isinstance(value, dict) else {}


def _connection_error(
    exchange: Exchange, operation: Operation, project_id: str
) -> APIConnectionError:
    kind = APITimeoutError if exchange.timed_out else APIConnectionError
    if not exchange.sent:
        text = "The gate could not be reached"
        text += " in time" if exchange.timed_out else f": {_reason(exchange)}"
    elif exchange.timed_out:
        text = "The gate gave no whole answer in time"
    else:
        text = f"The connection was lost before the gate answered: {_reason(exchange)}"
    billed = exchange.sent and not operation.idempotent
    return kind(mask(f"{text}.", project_id) + (MAYBE_BILLED if billed else ""))


def _reason(exchange: Exchange) -> str:
    return str(exchange.failure).rstrip(".") or type(exchange.failure).__name__


def _cut_short(exchange: Exchange, operation: Operation) -> AIGateError:
    if not exchange.timed_out:
        return _unreadable(exchange, operation, "was cut short")
    text = f"The gate's answer (HTTP {exchange.status}) was not whole in time.{_billed(operation)}"
    return _error(APITimeoutError, text, exchange, {})


def _unreadable(exchange: Exchange, operation: Operation, what: str) -> AIGateError:
    size = f"{len(exchange.body):,} bytes"
    text = f"The gate answered HTTP {exchange.status} with a body that {what} ({size} of it came)."
    return _error(InvalidResponseError, text + _billed(operation), exchange, {})


def _billed(operation: Operation) -> str:
    return "" if operation.idempotent else MAYBE_BILLED + " What came is in `body`."


def _error(
    kind: type[AIGateError], message: str, exchange: Exchange, response: dict[str, Any]
) -> AIGateError:
    return kind(
        message,
        exchange.status,
        response,
        body=bytes(exchange.body),
        headers=exchange.headers,
        retry_after=retry_after(exchange),
    )
