"""A response of the gate, before it goes on the wire, and how values are written in its body."""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, TypeAlias


@dataclass(frozen=True)
class Response:
    """Status, headers and body. The server adds the headers that concern the connection.

    With a `script` it is wrong on request, and isn't checked: the steps that send head and body.
    """

    status: int
    body: bytes
    content_type: str = "application/json"
    headers: Mapping[str, str] = field(default_factory=dict)
    script: Callable[[bytes, bytes], Sequence[Callable[[Any], None]]] | None = None


CarryOut: TypeAlias = Callable[[], Response]
Effect: TypeAlias = Callable[[CarryOut], Response]
"""Makes the response to a request: it carries the request out, or it doesn't."""


def json_response(status: int, value: Any, headers: Mapping[str, str] | None = None) -> Response:
    """Make a response whose body is a JSON value."""
    return Response(status, encode_json(value), headers=headers or {})


def encode_json(value: Any) -> bytes:
    """Write JSON as the gate's JavaScript does: compact UTF-8, lone surrogates as escapes."""
    text = json.dumps(value, ensure_ascii=False, separators=(",", ":"), allow_nan=False)
    return text.encode("utf-8", errors="backslashreplace")


def isoformat(timestamp: float) -> str:
    """Write Unix seconds as the gate's JavaScript does: `2025-10-03T12:00:00.000Z`."""
    moment = datetime.fromtimestamp(timestamp, UTC)
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")
