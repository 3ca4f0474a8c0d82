"""Where an answer ends: a connection on which more may have come is not used again."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ai_gate._http.pool import nothing_follows
from tests.support.running import modest

CHUNKED = [(b"Transfer-Encoding", b"chunked")]


def length(value: bytes) -> list[tuple[bytes, bytes]]:
    return [(b"Content-Length", value)]


def is_certain(
    body: bytes,
    headers: list[tuple[bytes, bytes]],
    *,
    status: int = 200,
    end: bytes = b"\r\n",
    before: bytes = b"",
) -> bool:
    lines = [b"HTTP/1.1 %d OK" % status, *(b"%b: %b" % header for header in headers)]
    received = before + b"".join(line + end for line in (*lines, b"")) + body
    return nothing_follows(received, status, {name.lower(): value for name, value in headers})


@pytest.mark.parametrize(
    ("body", "headers", "certain"),
    [
        (b"{}", length(b"2"), True),
        (b"", length(b"0"), True),
        (b"", [], False),
        (b"{}\r\n", length(b"4"), True),
        (b"{}", [(b"content-length", b"2")], True),
        (b"{}HTTP/1.1", length(b"2"), False),
        (b"{", length(b"2"), False),
        (b"HTTP/1.1 200 OK", [], False),
        (b"{}", length(b"2, 2"), True),
        (b"{}", length(b"+2"), False),
        (b"", length(b"-0"), False),
        (b"0\r\n\r\n", CHUNKED, True),
        (b"2\r\n{}\r\n0\r\n\r\n", CHUNKED, True),
        (b"2\r\n{}\r\n0\r\n\r\n", [(b"TRANSFER-ENCODING", b"chunked")], True),
        (b"2\r\n{}\r\n0\r\n\r\nHTTP/1.1", CHUNKED, False),
        (b"2\r\n{}\r\n0\r\n\r\n0\r\n\r\n", CHUNKED, False),
        (b"2\r\n{}\r\n", CHUNKED, False),
        (b"2\r\n{}\r\n0\r\nDate: x\r\n\r\n", CHUNKED, True),
        (b"2;x=y\r\n{}\r\n00;x=y\r\n\r\n", CHUNKED, True),
        (b"2\r\n{}\r\n0;x=y\r\n\r\nHTTP/1.1 200", CHUNKED, False),
        (b"7\r\n\r\n0\r\n\r\n\r\n0\r\n\r\n", CHUNKED, True),
        (b"abcd", CHUNKED, False),
        (b"", CHUNKED, False),
    ],
)
def test_responses(body: bytes, headers: list[tuple[bytes, bytes]], certain: bool) -> None:
    assert is_certain(body, headers) == certain


@pytest.mark.parametrize("headers", [length(b"2"), CHUNKED])
def test_after_early_hints(headers: list[tuple[bytes, bytes]]) -> None:
    hints = b"HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n"
    body = b"{}" if headers != CHUNKED else b"2\r\n{}\r\n0\r\n\r\n"
    assert is_certain(body, headers, before=hints)
    assert not is_certain(body + b"H", headers, before=hints)


@pytest.mark.parametrize("end", [b"\r\n", b"\n"])
@pytest.mark.parametrize("status", [204, 304])
def test_a_status_that_has_no_body(status: int, end: bytes) -> None:
    assert is_certain(b"", length(b"2"), status=status, end=end)
    assert not is_certain(b"{}", length(b"2"), status=status, end=end)


def test_a_head_of_bare_line_feeds() -> None:
    assert is_certain(b"{}", length(b"2"), end=b"\n")
    assert not is_certain(b"{}HTTP/1.1 200 OK\r\n\r\n", length(b"2"), end=b"\n")


@modest
@given(body=st.binary(max_size=40), more=st.binary(min_size=1, max_size=40))
def test_what_follows_a_response_is_seen(body: bytes, more: bytes) -> None:
    assert is_certain(body, length(b"%d" % len(body)))
    assert not is_certain(body + more, length(b"%d" % len(body)))
    chunked = b"%x\r\n%b\r\n0\r\n\r\n" % (len(body) or 1, body or b" ")
    assert is_certain(chunked, CHUNKED)
    assert not is_certain(chunked + more, CHUNKED)
