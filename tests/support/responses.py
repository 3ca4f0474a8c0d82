"""HTTP responses as bytes."""

from __future__ import annotations

import json

# An object that departs from the spec, and whose values a careless reader would change.
PAYLOAD = {
    "session_id": "aigate_session_01",
    "id": "sess_01",
    "iceServers": [],
    "expires_at": 123456789012345678901234567890,
    "created_at": "2025-10-03T12:00:00.000Z",
    "nothing": None,
    "text": "größer als \N{SNOWMAN}",
}
JSON = json.dumps(PAYLOAD, ensure_ascii=False).encode()
HTML = b"<!DOCTYPE html>\n<html><body><h1>Error 522</h1>Connection timed out</body></html>\n"


def head(status: int | str, *headers: str) -> bytes:
    """Everything before the body."""
    lines = [f"HTTP/1.1 {status} Said So", *headers]
    return "\r\n".join([*lines, "", ""]).encode("latin-1")


def response(status: int | str, body: bytes = b"", *headers: str) -> bytes:
    """A whole response, framed by its length."""
    return head(status, f"Content-Length: {len(body)}", *headers) + body


def json_response(value: object, status: int = 200, *headers: str) -> bytes:
    """A whole response whose body is JSON."""
    return response(status, json.dumps(value).encode(), *headers)


def chunk(data: bytes) -> bytes:
    """One piece of a chunked body; without data, the last one."""
    return b"%x\r\n%b\r\n" % (len(data), data)


GOOD = response(200, JSON, "Content-Type: application/json")
TURN_JSON = b'{"iceServers": []}'
TURN = response(200, TURN_JSON)
