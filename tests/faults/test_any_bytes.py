"""Whatever bytes come back, a call returns an object or raises an `AIGateError`."""

from __future__ import annotations

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ai_gate import AIGateError

from .answers import JSON
from .callers import OPERATIONS, POST, Caller
from .server import FaultServer
from .steps import ReadRequest, Send

TIMEOUT = 20.0

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


@settings(
    max_examples=60,
    deadline=None,
    derandomize=True,
    database=None,
    suppress_health_check=[HealthCheck.too_slow],
)
@given(data=ANSWERS)
def test_any_bytes(caller: Caller, data: bytes) -> None:
    for operation in OPERATIONS:
        with FaultServer((ReadRequest(), Send(data))) as server:
            retries = 2 if operation == POST else 0
            # What isn't an `AIGateError` comes out of here, and fails the test.
            outcome = caller.call(operation, server.url, timeout=TIMEOUT, max_retries=retries)
        assert isinstance(outcome.value, (dict, AIGateError))
        assert outcome.seconds < TIMEOUT / 2
        assert len(server.requests) == 1
