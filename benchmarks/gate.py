"""A server that gives canned answers, so that it costs and delays nobody: HTTP and HTTPS.

Run as a process with a folder it writes the CA file for its clients there, `trusted.pem`, and
prints its ports. `GET /_stats` on the third one tells what was counted on the other two, and isn't
counted itself.
"""

import asyncio
import json
import ssl
import sys
from collections import Counter
from functools import partial
from importlib.resources import files
from pathlib import Path
from typing import Any, cast

import certifi
import trustme

BACKLOG = 4096
SLOW = b"/slow"
"""The prefix of paths whose answers take some time, as a real gate's do."""
SECONDS = 0.1

CALLS = {b"POST /session", b"POST /v1/realtime/sessions"}
"""What asks for a session; the second one is where openai's SDK asks for the same."""
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
"""Those of a Worker behind Cloudflare."""


def answer(status: str, body: bytes) -> bytes:
    """The bytes of an answer."""
    lines = [f"HTTP/1.1 {status}", *HEADERS.splitlines(), f"Content-Length: {len(body)}", "", ""]
    return "\r\n".join(lines).encode("ascii") + body


def session() -> bytes:
    """The answer to a call, the spec's example."""
    spec: dict[str, Any] = json.loads(files("ai_gate_api").joinpath("openapi.json").read_bytes())
    example = spec["components"]["examples"]["session"]["value"]
    return answer("200 OK", json.dumps(example, separators=(",", ":")).encode())


NOT_FOUND = answer("404 Not Found", b'{"error":"not_found","message":"No such path"}')


class Gate(asyncio.Protocol):
    """One connection of a client."""

    def __init__(self, stats: Counter[str], session: bytes) -> None:
        self._stats = stats
        self._session = session
        self._received = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Count it."""
        self._transport = cast(asyncio.Transport, transport)
        self._stats["connections"] += 1
        self._stats["open"] += 1

    def connection_lost(self, exc: Exception | None) -> None:
        """Count it."""
        self._stats["open"] -= 1

    def data_received(self, data: bytes) -> None:
        """Answer each whole request."""
        self._received += data
        while (length := request_length(self._received)) is not None:
            line = self._received.partition(b" HTTP/1.1\r\n")[0]
            self._received = self._received[length:]
            self._stats["requests"] += 1
            self._answer(line)

    def _answer(self, line: bytes) -> None:
        method, _, path = line.partition(b" ")
        rest = path.removeprefix(SLOW)
        found = self._session if method + b" " + rest in CALLS else NOT_FOUND
        if rest == path:
            self._transport.write(found)
        else:
            asyncio.get_running_loop().call_later(SECONDS, self._transport.write, found)


class Control(asyncio.Protocol):
    """One connection of the benchmark itself."""

    def __init__(self, stats: Counter[str]) -> None:
        self._stats = stats

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Note where to answer."""
        self._transport = cast(asyncio.Transport, transport)

    def data_received(self, data: bytes) -> None:
        """Answer, whatever was asked, for a request without a body comes in one piece."""
        found = data.startswith(b"GET /_stats ")
        body = json.dumps(self._stats).encode()
        self._transport.write(answer("200 OK", body) if found else NOT_FOUND)


def request_length(received: bytes) -> int | None:
    """The length of the first request, or None if it isn't whole."""
    head, separator, rest = received.partition(b"\r\n\r\n")
    if not separator:
        return None
    _, named, value = head.lower().partition(b"\r\ncontent-length:")
    body = int(value.partition(b"\r\n")[0]) if named else 0
    return len(head) + len(separator) + body if len(rest) >= body else None


def certified(folder: Path) -> ssl.SSLContext:
    """Make certificates for loopback, and write the CA file of the clients.

    It has all public CAs too, so that loading it takes as long as it does for users.
    """
    authority = trustme.CA()
    trusted = Path(certifi.where()).read_bytes() + authority.cert_pem.bytes()
    folder.joinpath("trusted.pem").write_bytes(trusted)
    tls = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    authority.issue_cert("127.0.0.1").configure_cert(tls)
    return tls


async def serve(folder: Path) -> None:
    """Serve until the process ends."""
    stats: Counter[str] = Counter(connections=0, open=0, requests=0)
    loop = asyncio.get_running_loop()
    listen = partial(loop.create_server, host="127.0.0.1", port=0, backlog=BACKLOG)
    gate = partial(Gate, stats, session())
    servers = [
        await listen(gate),
        await listen(gate, ssl=certified(folder)),
        await listen(partial(Control, stats)),
    ]
    print(*(server.sockets[0].getsockname()[1] for server in servers), flush=True)
    await asyncio.gather(*(server.serve_forever() for server in servers))


if __name__ == "__main__":
    asyncio.run(serve(Path(sys.argv[1])))
