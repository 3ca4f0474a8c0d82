"""Whatever bytes come back, a call returns an object or raises an `AIGateError`."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ai_gate import AIGateError
from tests.support.callers import ASYNCIO, POST, SYNC, Caller
from tests.support.responses import JSON
from tests.support.running import modest
from tests.support.server import Server
from tests.support.steps import ReadRequest, Send

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
ANSWERS = st.one_of(
    st.binary(max_size=200),
    st.builds(
        lambda first, headers, body: b"\r\n".join([first, *headers, b"", body]),
        FIRST_LINES,
        HEADERS,
        BODIES,
    ),
)


@pytest.mark.parametrize("caller", [SYNC, ASYNCIO], ids=str)
@modest
@given(data=ANSWERS)
def test_any_bytes(caller: Caller, data: bytes) -> None:
    with Server((ReadRequest(), Send(data))) as server:
        # What isn't an `AIGateError` comes out of here, and fails the test.
        outcome = caller.attempt(POST, server.url, timeout=TIMEOUT, max_retries=2)
    assert isinstance(outcome.value, (dict, AIGateError))
    assert outcome.seconds < TIMEOUT / 2
    assert len(server.requests) == 1
