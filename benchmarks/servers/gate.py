"""A server that gives canned answers, so that it costs and delays nobody: HTTP and HTTPS.

Run as a process it prints its ports. `GET /_stats` on the third one tells what was counted on the
other two, and isn't counted itself.
"""

import asyncio
import json
import ssl
import sys
from collections import Counter
from functools import partial
from typing import cast

from benchmarks.servers.answers import NOT_FOUND, answers, with_head

BACKLOG = 4096
SLOW = b"/slow"
"""The prefix of paths whose answers take some time, as a real gate's do."""
SECONDS = 0.1


class Gate(asyncio.Protocol):
    """One connection of a client."""

    def __init__(self, stats: Counter[str]) -> None:
        self._stats = stats
        self._answers = answers()
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
        answer = self._answers.get(method + b" " + rest, NOT_FOUND)
        if rest == path:
            self._transport.write(answer)
        else:
            asyncio.get_running_loop().call_later(SECONDS, self._transport.write, answer)


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
        self._transport.write(with_head("200 OK", body) if found else NOT_FOUND)


def request_length(received: bytes) -> int | None:
    """The length of the first request, or None where it isn't whole."""
    head, separator, rest = received.partition(b"\r\n\r\n")
    if not separator:
        return None
    _, named, value = head.lower().partition(b"\r\ncontent-length:")
    body = int(value.partition(b"\r\n")[0]) if named else 0
    return len(head) + len(separator) + body if len(rest) >= body else None


async def serve(certificate: str) -> None:
    """Serve until the process ends."""
    tls = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    tls.load_cert_chain(certificate)
    stats: Counter[str] = Counter(connections=0, open=0, requests=0)
    loop = asyncio.get_running_loop()
    listen = partial(loop.create_server, host="127.0.0.1", port=0, backlog=BACKLOG)
    servers = [
        await listen(partial(Gate, stats)),
        await listen(partial(Gate, stats), ssl=tls),
        await listen(partial(Control, stats)),
    ]
    print(*(server.sockets[0].getsockname()[1] for server in servers), flush=True)
    await asyncio.gather(*(server.serve_forever() for server in servers))


if __name__ == "__main__":
    asyncio.run(serve(sys.argv[1]))
