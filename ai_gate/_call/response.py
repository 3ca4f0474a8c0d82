"""What an exchange means for the caller: the JSON object of a success, or an error."""

import json
import re
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, cast

from ai_gate._call.exchange import MAX_BODY, Exchange
from ai_gate._call.operations import Operation
from ai_gate._config import Config
from ai_gate._redaction import mask, printable, secrets_in, without_values
from ai_gate._timestamps import parse_retry_after
from ai_gate.errors import (
    AIGateError,
    APIConnectionError,
    APITimeoutError,
    InvalidResponseError,
    error_class,
)

CLOUDFLARE_STATUSES = range(520, 531)
SAYS_NOTHING = ("", "All connection attempts failed")
"""The texts of exceptions whose causes say more, anyio's among them."""
UNTRUSTED = r"CERTIFICATE_VERIFY_FAILED.*(issuer|self.signed|first certificate)"
"""What OpenSSL says of a certificate whose authority it doesn't know."""
MAX_VALUES = 100_000
"""The values that a response's JSON may hold. One takes up to 70 times what it has on the wire."""
STRING = rb'(?s)"[^"\\]*+(?:\\.[^"\\]*+)*+"?'
"""A JSON string. One that doesn't end is matched to the end of the body, in linear time."""
LONGEST_READ = 16_384
"""The characters of a response's `message` that are masked and cut to what is shown."""
MOST_SECRETS = 50
"""The secrets of a response above which its `message` isn't shown: to mask it would take long."""
NEVER_ARRIVED = (521, 523, 525, 526, 530)
"""Cloudflare's statuses that say that it made no connection to the gate."""
MAYBE_BILLED = " A session may have been created and billed all the same."


def read(exchange: Exchange, operation: Operation, config: Config) -> dict[str, Any]:
    """Return the JSON object of a success, just as the gate sent it.

    Raises:
        AIGateError: Anything else came, or nothing.
    """
    if exchange.status is None:
        raise _connection_error(exchange, operation, config) from exchange.failure
    if exchange.refused:
        raise _refusal(exchange, exchange.status, operation, config) from exchange.failure
    if exchange.is_too_large:
        raise _unreadable(exchange, operation, f"is larger than {MAX_BODY:,} bytes")
    if exchange.failure is not None:
        raise _cut_short(exchange, operation) from exchange.failure
    try:
        found = _json(exchange.body)
        if isinstance(found, dict):
            return found
        # Crash reporters show the variables of a failure.
        del found
    except (ValueError, RecursionError) as error:
        problem = without_values(error)
    else:
        raise _unreadable(exchange, operation, "is no JSON object")
    what = "can't be decoded" if exchange.undecodable else "can't be read as JSON"
    raise _unreadable(exchange, operation, what) from (exchange.undecodable or problem)


def retry_after(exchange: Exchange) -> float | None:
    """Return the response's `Retry-After`, in seconds from now."""
    return parse_retry_after(exchange.headers, datetime.now(UTC))


def _refusal(exchange: Exchange, status: int, operation: Operation, config: Config) -> AIGateError:
    response = json_object(exchange.body)
    kind = error_class(status, response)
    hidden = {config.project_id, *secrets_in(response)}
    stated = _stated(response) if len(hidden) <= MOST_SECRETS else None
    # Masked before it is cut, so that no half of an ID is left; and after, in what then shows.
    stated = printable(mask(stated or "", *hidden))
    text = mask(kind._prefix + (stated or _advice(kind, status)), *hidden)
    if not operation.idempotent and may_hide_a_success(status, response):
        text = f"{text.rstrip('.')}.{MAYBE_BILLED}"
    return _error(kind, text, exchange, response)


def may_hide_a_success(status: int, response: Mapping[str, Any]) -> bool:
    """Return True if what is between the gate and the caller can have lost the gate's response.

    The gate's own refusals have an `error`.
    """
    return status >= 500 and status not in NEVER_ARRIVED and "error" not in response


def _stated(response: dict[str, Any]) -> str | None:
    message = response.get("message")
    # What is read of it is bounded too: a mask takes time.
    return message[:LONGEST_READ] if isinstance(message, str) and message.strip() else None


def _advice(kind: type[AIGateError], status: int) -> str:
    if status in CLOUDFLARE_STATUSES:
        text = "Cloudflare got no response from the gate: try again later"
    elif 300 <= status < 400:
        text = "the gate answered with a redirect, which is not followed: check base_url"
    else:
        text = kind._advice
    sentence = text if kind._prefix else text[0].upper() + text[1:]
    return f"{sentence} (HTTP {status})"


def json_object(body: bytes | bytearray) -> dict[str, Any]:
    """Return the JSON object of a body, or an empty one if it is none."""
    try:
        value = _json(body)
    except (ValueError, RecursionError):
        return {}
    return value if isinstance(value, dict) else {}


def _json(body: bytes | bytearray) -> Any:
    if len(body) > MAX_VALUES and _has_too_many_values(body):
        raise ValueError(f"more than {MAX_VALUES:,} values")
    return json.loads(bytes(body))


def _has_too_many_values(body: bytes | bytearray) -> bool:
    if _separators(body) <= MAX_VALUES:
        return False
    # The gate sends the instructions back, which can be a table. No more than two strings belong to
    # a value: its name and itself.
    return _separators(re.sub(STRING, b"", body, count=2 * MAX_VALUES)) > MAX_VALUES


def _separators(body: bytes | bytearray) -> int:
    """Return how often there is what comes before each value but the first."""
    return sum(map(body.count, (b",", b"[", b"{")))


def _connection_error(
    exchange: Exchange, operation: Operation, config: Config
) -> APIConnectionError:
    kind = APITimeoutError if exchange.timed_out else APIConnectionError
    if not exchange.sent:
        text = "The gate could not be reached" + _through(exchange)
        text += " in time" if exchange.timed_out else f": {_reason(exchange)}"
    elif exchange.timed_out:
        text = "The gate gave no whole response in time" + _through(exchange)
    elif exchange.is_unreadable:
        text = f"The gate's response can't be read: {_reason(exchange)}"
    else:
        text = "The connection was lost before the gate answered"
        text += f"{_through(exchange)}: {_reason(exchange)}"
    text = mask(f"{text}.", config.project_id)
    if exchange.body:
        text += _billed(operation)
    elif exchange.sent and not operation.idempotent:
        text += MAYBE_BILLED
    return kind(text, body=bytes(exchange.body), sent=exchange.sent)


def _reason(exchange: Exchange) -> str:
    """Return what a failure says, or what its causes do if it says nothing of its own."""
    text, failure = "", exchange.failure
    while failure is not None and text in SAYS_NOTHING:
        parts = failure.exceptions if isinstance(failure, BaseExceptionGroup) else [failure]
        text = "; ".join(filter(None, (str(part).rstrip(".") for part in parts)))
        failure = cast("Exception | None", failure.__cause__)
    text = printable(text)
    if re.search(UNTRUSTED, text):
        text += ": if your network has a certificate authority of its own, name it in SSL_CERT_FILE"
    return text or type(exchange.failure).__name__


def _through(exchange: Exchange) -> str:
    return f" through {exchange.proxy}" if exchange.proxy else ""


def _cut_short(exchange: Exchange, operation: Operation) -> AIGateError:
    if exchange.is_unreadable and not exchange.headers:
        head = f"came with a head that can't be read ({_reason(exchange)})"
        return _unreadable(exchange, operation, head)
    if not exchange.timed_out:
        chunks = f"came in chunks that can't be read ({_reason(exchange)})"
        return _unreadable(
            exchange, operation, chunks if exchange.is_unreadable else "was cut short"
        )
    text = (
        f"The gate's response (HTTP {exchange.status}) was not whole in time.{_billed(operation)}"
    )
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
        sent=exchange.sent,
    )
