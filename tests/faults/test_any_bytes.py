"""Whatever bytes come back, a call returns an object or raises an `AIGateError`, sync as async."""

from __future__ import annotations

import gzip
import json
from functools import reduce
from itertools import pairwise

import httpx
from hypothesis import given
from hypothesis import strategies as st

from ai_gate import AIGateError
from tests.support.callers import ASYNCIO, POST, SYNC, Caller
from tests.support.responses import GOOD, JSON, chunk, head, json_response, response
from tests.support.running import modest
from tests.support.server import Peer, Server
from tests.support.steps import ReadRequest

# So long that it can't be what ended the call.
TIMEOUT = 60.0

FIRST_LINES = st.one_of(
    st.integers(100, 999).map(lambda status: b"HTTP/1.1 %d Odd" % status),
    st.just(b"HTTP/1.1 200 OK"),
)
VALUES = st.one_of(
    st.integers(-1, 300).map(lambda number: b"%d" % number),
    st.sampled_from([b"chunked", b"gzip", b"deflate", b"identity", b"close", b"utf-16"]),
    st.binary(max_size=12),
)
NAMES = st.sampled_from(
    [
        b"Content-Length",
        b"Transfer-Encoding",
        b"Content-Encoding",
        b"Content-Type",
        b"Connection",
        b"Retry-After",
        b"X-RateLimit-Limit",
        b"X-RateLimit-Reset",
        b"CF-Ray",
    ]
)
HEADERS = st.lists(st.tuples(NAMES, VALUES).map(b": ".join), max_size=4)
BODIES = st.one_of(st.just(JSON), st.just(b"5\r\n{}   \r\n0\r\n\r\n"), st.binary(max_size=60))
REAL = (
    GOOD,
    head(200, "Transfer-Encoding: chunked") + chunk(JSON[:9]) + chunk(JSON[9:]) + chunk(b""),
    response(200, gzip.compress(JSON, mtime=0), "Content-Encoding: gzip"),
    head(200, "Connection: close") + JSON,
    head(103, "Link: </x>; rel=preload") + GOOD,
    json_response({"error": "quota_exceeded", "message": "used up"}, 402, "CF-Ray: 8c1-FRA"),
    json_response({"message": "slow down"}, 429, "Retry-After: 99", "X-RateLimit-Remaining: 0"),
    head(204),
)
CUT_SHORT = ("Server disconnected", "peer closed")
"""How httpx begins to say that a response didn't come whole."""
FRACTIONS = st.floats(0.0, 1.0, exclude_max=True)
ADDED = st.one_of(
    st.binary(max_size=4),
    st.sampled_from(
        [b"\r\n", b"\n", b"\r\n\r\n", b": ", b" ", b"\x00", b"\xff", b"{", b"0\r\n\r\n"]
    ),
    st.sampled_from([b"\r\nContent-Length: 3", b"\r\nTransfer-Encoding: chunked", GOOD]),
)
EDITS = st.lists(st.tuples(FRACTIONS, st.integers(0, 9), ADDED), max_size=3)


def edit(data: bytes, change: tuple[float, int, bytes]) -> bytes:
    """Take some bytes out of an answer, and put others in."""
    fraction, removed, added = change
    at = int(fraction * len(data))
    return data[:at] + added + data[at + removed :]


ANSWERS = st.one_of(
    st.binary(max_size=200),
    st.builds(
        lambda first, headers, body: b"\r\n".join([first, *headers, b"", body]),
        FIRST_LINES,
        HEADERS,
        BODIES,
    ),
    st.builds(lambda real, edits: reduce(edit, edits, real), st.sampled_from(REAL), EDITS),
)


class SendInPieces:
    """Send an answer in pieces, cut at fractions of it."""

    def __init__(self, data: bytes, cuts: list[float]) -> None:
        places = [0, *sorted(int(cut * len(data)) for cut in cuts), len(data)]
        self._pieces = [data[begin:end] for begin, end in pairwise(places)]

    def __call__(self, peer: Peer) -> None:
        for piece in self._pieces:
            peer.sock.sendall(piece)
            peer.wait(0.001)


def came_to(caller: Caller, data: bytes, cuts: list[float]) -> tuple[object, ...]:
    """Return all that a caller sees of a call that is answered with some bytes."""
    with Server((ReadRequest(), SendInPieces(data, cuts))) as server:
        # What isn't an `AIGateError` comes out of here, and fails the test.
        outcome = caller.attempt(POST, server.url, timeout=TIMEOUT, max_retries=2)
    assert outcome.seconds < TIMEOUT / 2
    assert len(server.requests) == 1
    if not isinstance(outcome.value, AIGateError):
        return (json.dumps(outcome.value),)
    error = outcome.value
    cause = error.__cause__
    if isinstance(cause, httpx.RemoteProtocolError) and not str(cause).startswith(CUT_SHORT):
        # What is known of a response that h11 refuses depends on what had come by then.
        return ("refused",)
    return type(error), str(error), error.status_code, error.body, json.dumps(error.response)


@modest
@given(data=ANSWERS, cuts=st.lists(FRACTIONS, max_size=4))
def test_any_bytes(data: bytes, cuts: list[float]) -> None:
    assert came_to(SYNC, data, cuts) == came_to(ASYNCIO, data, cuts)
