"""Where an answer ends: a connection on which more may have come is not used again."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ai_gate._http.pool import nothing_follows

from .settings import modest

HEAD = b"HTTP/1.1 200 OK\r\nA: b\r\n\r\n"
CHUNKED = [(b"Transfer-Encoding", b"chunked")]


def length(value: bytes) -> list[tuple[bytes, bytes]]:
    return [(b"Content-Length", value)]


@pytest.mark.parametrize(
    ("body", "headers", "certain"),
    [
        (b"{}", length(b"2"), True),
        (b"", length(b"0"), True),
        (b"", [], True),
        (b"{}\r\n", length(b"4"), True),
        (b"{}", [(b"content-length", b"2")], True),
        (b"{}HTTP/1.1", length(b"2"), False),
        (b"{", length(b"2"), False),
        (b"HTTP/1.1 200 OK", [], False),
        (b"{}", length(b"2, 2"), False),
        (b"{}", length(b"+2"), False),
        (b"", length(b"-0"), False),
        (b"0\r\n\r\n", CHUNKED, True),
        (b"2\r\n{}\r\n0\r\n\r\n", CHUNKED, True),
        (b"2\r\n{}\r\n0\r\n\r\n", [(b"TRANSFER-ENCODING", b"chunked")], True),
        (b"2\r\n{}\r\n0\r\n\r\nHTTP/1.1", CHUNKED, False),
        (b"2\r\n{}\r\n0\r\n\r\n0\r\n\r\n", CHUNKED, False),
        (b"2\r\n{}\r\n", CHUNKED, False),
        (b"2\r\n{}\r\n0\r\nDate: x\r\n\r\n", CHUNKED, False),
        (b"7\r\n\r\n0\r\n\r\n\r\n0\r\n\r\n", CHUNKED, False),
        (b"abcd", CHUNKED, False),
        (b"", CHUNKED, False),
    ],
)
def test_answers(body: bytes, headers: list[tuple[bytes, bytes]], certain: bool) -> None:
    assert nothing_follows(HEAD + body, headers) == certain


def test_an_interim_answer_makes_it_uncertain() -> None:
    interim = b"HTTP/1.1 100 Continue\r\n\r\n"
    assert not nothing_follows(interim + HEAD + b"{}", length(b"2"))


@modest
@given(body=st.binary(max_size=40), more=st.binary(min_size=1, max_size=40))
def test_what_follows_an_answer_is_seen(body: bytes, more: bytes) -> None:
    assert nothing_follows(HEAD + body, length(b"%d" % len(body)))
    assert not nothing_follows(HEAD + body + more, length(b"%d" % len(body)))
    chunked = b"%x\r\n%b\r\n0\r\n\r\n" % (len(body) or 1, body or b" ")
    assert not nothing_follows(HEAD + chunked + more, CHUNKED)
