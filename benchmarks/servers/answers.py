"""What the gate answers: the spec's examples in the headers of a Worker behind Cloudflare."""

import json
from functools import cache
from importlib.resources import files
from typing import Any

HEADERS = """\
Date: Fri, 03 Oct 2025 12:00:00 GMT
Content-Type: application/json
Connection: keep-alive
Server: cloudflare
CF-Ray: 8cc7a1b2c3d4e5f6-FRA
CF-Cache-Status: DYNAMIC
Access-Control-Allow-Origin: *
Vary: Accept-Encoding
X-RateLimit-Limit: 100
X-RateLimit-Remaining: 99
X-RateLimit-Reset: 1759493700
"""

EXAMPLES = {
    b"POST /session": "session",
    # Where openai's SDK asks for the same session.
    b"POST /v1/realtime/sessions": "session",
}


def with_head(status: str, body: bytes) -> bytes:
    """The bytes of an answer."""
    lines = [f"HTTP/1.1 {status}", *HEADERS.splitlines(), f"Content-Length: {len(body)}", "", ""]
    return "\r\n".join(lines).encode("ascii") + body


@cache
def answers() -> dict[bytes, bytes]:
    """The answer to each request line, without its version."""
    spec: dict[str, Any] = json.loads(
        files("ai_gate_api").joinpath("openapi.json").read_text("utf-8")
    )
    examples = spec["components"]["examples"]
    return {
        line: with_head(
            "200 OK", json.dumps(examples[name]["value"], separators=(",", ":")).encode()
        )
        for line, name in EXAMPLES.items()
    }


NOT_FOUND = with_head("404 Not Found", b'{"error":"not_found","message":"No such path"}')
