"""A gate that misbehaves at random, in a process of its own.

`python -m tests.stress.gate SEED PEM` prints the ports of its plain and its TLS side, and after a
line on its standard input what it counted. Each answer carries what tells whose it is: a session
the instructions of its request, TURN credentials the project and a number that no other has.
"""

from __future__ import annotations

import asyncio
import gzip
import itertools
import json
import re
import socket
import ssl
import struct
import sys
from collections import Counter
from collections.abc import Awaitable, Callable
from contextlib import suppress
from random import Random

LENGTH = re.compile(rb"(?i)content-length: (\d+)")
PROJECT = re.compile(rb"identifier=([^ &]+)")
PATIENCE = 20.0
"""How long the clients may take to close what they still have open, in seconds."""
RECORD = 16_384
FOREIGN = json.dumps({"id": "foreign", "project": "foreign", "number": 0}).encode()

Streams = tuple[asyncio.StreamReader, asyncio.StreamWriter]
Behaviour = Callable[["Gate", Streams, bytes], Awaitable[None]]


class ConnectionEndsError(Exception):
    """Nothing more is to be done on a connection."""


def whole(body: bytes, status: str = "200 OK", *headers: str) -> bytes:
    """Return an answer that is framed by its length."""
    lines = [f"HTTP/1.1 {status}", f"Content-Length: {len(body)}", *headers, "", ""]
    return "\r\n".join(lines).encode() + body


class Gate:
    """Answers requests, and counts them."""

    def __init__(self, seed: int) -> None:
        self.random = Random(seed)
        self.sessions: Counter[str] = Counter()
        self.open = 0
        self._numbers = itertools.count(1)

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Serve a connection."""
        self.open += 1
        try:
            while True:
                head = await reader.readuntil(b"\r\n\r\n")
                length = LENGTH.search(head)
                body = await reader.readexactly(int(length[1])) if length else b""
                behaviours, weights = zip(*BEHAVIOURS.items(), strict=True)
                (behave,) = self.random.choices(behaviours, weights)
                await behave(self, (reader, writer), self._answer(head, body))
        except (ConnectionEndsError, OSError, EOFError):
            pass
        finally:
            self.open -= 1
            with suppress(OSError, RuntimeError):
                writer.close()

    def _answer(self, head: bytes, body: bytes) -> bytes:
        project = PROJECT.search(head)
        if project:
            value = {"project": project[1].decode(), "number": next(self._numbers)}
            return json.dumps(value).encode()
        session: str = json.loads(body)["instructions"]
        self.sessions[session] += 1
        return json.dumps({"id": session}).encode()


def sends(data: Callable[[Gate, bytes], bytes]) -> Behaviour:
    """Send at once what a function makes of an answer."""

    async def behave(gate: Gate, streams: Streams, body: bytes) -> None:
        streams[1].write(data(gate, body))
        await streams[1].drain()

    return behave


def ends(data: Callable[[Gate, bytes], bytes], *, reset: bool = False) -> Behaviour:
    """Send what a function makes of an answer, and end the connection."""

    async def behave(gate: Gate, streams: Streams, body: bytes) -> None:
        await sends(data)(gate, streams, body)
        if reset:
            sock: socket.socket = streams[1].get_extra_info("socket")
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            streams[1].transport.abort()
        raise ConnectionEndsError

    return behave


async def in_pieces(gate: Gate, streams: Streams, body: bytes) -> None:
    """Send an answer in pieces, some of them late."""
    data = whole(body)
    while data:
        size = gate.random.randint(1, len(data))
        streams[1].write(data[:size])
        data = data[size:]
        await pause(streams, gate.random.choice((0.0, 0.001, 0.01)))


async def late(gate: Gate, streams: Streams, body: bytes) -> None:
    """Send an answer late."""
    await pause(streams, gate.random.uniform(0.0, 0.3))
    streams[1].write(whole(body))


async def never(gate: Gate, streams: Streams, body: bytes) -> None:
    """Begin an answer at most, and wait until the client gives up."""
    streams[1].write(whole(body)[: gate.random.choice((0, 20, -1))])
    await streams[0].read()
    raise ConnectionEndsError


async def ends_idle(gate: Gate, streams: Streams, body: bytes) -> None:
    """Close the connection while it is idle."""
    streams[1].write(whole(body))
    await pause(streams, gate.random.uniform(0.0, 0.02))
    raise ConnectionEndsError


async def pause(streams: Streams, seconds: float) -> None:
    """Wait; a client that hangs up meanwhile ends the connection."""
    await streams[1].drain()
    if seconds == 0.0:
        await asyncio.sleep(0)
    elif streams[0].at_eof():
        raise ConnectionEndsError
    else:
        await asyncio.sleep(seconds)


def chunked(body: bytes) -> bytes:
    """Return a chunked answer with all that one may have."""
    head = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
    return head + b"%x;x=y\r\n%b\r\n00\r\nX-Trailer: 1\r\n\r\n" % (len(body), body)


def in_a_record(body: bytes) -> bytes:
    """Return an answer that ends where a TLS record does."""
    for size in range(RECORD - 200, RECORD):
        data = whole(body.ljust(size))
        if len(data) == RECORD:
            return data
    raise AssertionError("no padding is right")


BEHAVIOURS: dict[Behaviour, int] = {
    sends(lambda gate, body: whole(body)): 40,
    sends(lambda gate, body: whole(gzip.compress(body), "200 OK", "Content-Encoding: gzip")): 3,
    sends(lambda gate, body: chunked(body)): 5,
    sends(lambda gate, body: b"HTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\n" + whole(body)): 4,
    sends(lambda gate, body: whole(body).replace(b"Content-Len", b"X-A : b\r\nContent-Len")): 2,
    sends(lambda gate, body: whole(b'{"message": "busy"}', "503 Busy", "Retry-After: 0")): 4,
    sends(lambda gate, body: whole(b'{"error": "no"}', "401 No")): 3,
    in_pieces: 10,
    late: 8,
    never: 2,
    ends_idle: 6,
    # What follows an answer, and must not be read as the next one.
    sends(lambda gate, body: whole(body) + whole(FOREIGN)): 4,
    sends(lambda gate, body: in_a_record(body) + whole(FOREIGN)): 4,
    sends(lambda gate, body: chunked(body) + whole(FOREIGN)): 3,
    sends(lambda gate, body: whole(b"", "204 Nothing") + whole(FOREIGN)): 2,
    sends(lambda gate, body: whole(b"{}")[:-1] + b" }" + whole(FOREIGN)): 2,
    ends(lambda gate, body: whole(body, "200 OK", "Connection: close")): 5,
    ends(lambda gate, body: b"HTTP/1.1 200 OK\r\n\r\n" + body): 2,
    ends(lambda gate, body: b""): 3,
    ends(lambda gate, body: whole(body)[:-3]): 3,
    ends(lambda gate, body: gate.random.randbytes(40) + b"\r\n\r\n"): 2,
    ends(lambda gate, body: b"", reset=True): 3,
    ends(lambda gate, body: whole(body)[:-3], reset=True): 3,
}
"""What can become of a request, and how often."""


async def main(seed: int, pem: str) -> None:
    """Serve until told to report."""
    gate = Gate(seed)
    # It is the client that is tried: how its connections end here is no matter.
    asyncio.get_running_loop().set_exception_handler(lambda *_: None)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(pem)
    servers = [
        await asyncio.start_server(gate.serve, "127.0.0.1", 0, ssl=side, backlog=512)
        for side in (None, context)
    ]
    print(json.dumps([server.sockets[0].getsockname()[1] for server in servers]), flush=True)
    await asyncio.to_thread(sys.stdin.readline)
    with suppress(TimeoutError):
        async with asyncio.timeout(PATIENCE):
            while gate.open:
                await asyncio.sleep(0.05)
    print(json.dumps({"sessions": gate.sessions, "open": gate.open}), flush=True)


if __name__ == "__main__":
    asyncio.run(main(int(sys.argv[1]), sys.argv[2]))
