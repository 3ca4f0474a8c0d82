"""An answer of the gate, before it goes on the wire."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class Answer:
    """Status, headers and body; the server adds what belongs to the connection."""

    status: int
    body: bytes
    content_type: str = "application/json"
    headers: Mapping[str, str] = field(default_factory=dict)


def json_answer(status: int, value: Any, headers: Mapping[str, str] | None = None) -> Answer:
    """Make an answer that carries a JSON value."""
    return Answer(status, encode_json(value), headers=headers or {})


def encode_json(value: Any) -> bytes:
    """Write JSON as the gate's JavaScript does: compact UTF-8, lone surrogates as escapes."""
    text = json.dumps(value, ensure_ascii=False, separators=(",", ":"), allow_nan=False)
    return text.encode("utf-8", errors="backslashreplace")
