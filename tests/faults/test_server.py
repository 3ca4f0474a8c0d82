"""The fault server does what a script says, seen from a plain socket."""

from __future__ import annotations

import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from ai_gate.testing._faults.steps import Drip, Reset, Send, Stall
from tests.support.fixtures import Serve
from tests.support.responses import GOOD
from tests.support.server import PATIENCE, Server
from tests.support.steps import ReadHead, ReadRequest, ReadSlowly, Repeat

REQUEST = b"POST /session HTTP/1.1\r\nHost: gate\r\nContent-Length: 2\r\n\r\n{}"


@contextmanager
def connected(server: Server) -> Iterator[socket.socket]:
    with socket.create_connection(server.address, timeout=PATIENCE) as sock:
        yield sock


def read_all(sock: socket.socket) -> bytes:
    data = b""
    while piece := sock.recv(65536):
        data += piece
    return data


def test_counts_requests_and_sends_every_byte(serve: Serve) -> None:
    server = serve((ReadRequest(), Send(GOOD)))
    with connected(server) as sock:
        sock.sendall(REQUEST)
        assert read_all(sock) == GOOD
    (request,) = server.requests
    assert (request.method, request.target, request.body) == ("POST", "/session", b"{}")
    assert request.headers == {"host": "gate", "content-length": "2"}
    assert server.opened == 1


def test_half_a_head_is_no_request(serve: Serve) -> None:
    server = serve((ReadRequest(), Send(GOOD)))
    with connected(server) as sock:
        sock.sendall(REQUEST[:30])
    server.wait_for(lambda: server.closed == 1)
    assert (server.opened, server.requests) == (1, [])


def test_a_head_without_its_body_is_a_request(serve: Serve) -> None:
    server = serve((ReadHead(), Send(GOOD)))
    with connected(server) as sock:
        sock.sendall(REQUEST[:-2])
        assert read_all(sock) == GOOD
    assert len(server.requests) == 1


def test_several_requests_on_one_connection(serve: Serve) -> None:
    server = serve((ReadRequest(), Send(b"1"), ReadRequest(), Send(b"2")))
    with connected(server) as sock:
        sock.sendall(REQUEST + REQUEST)
        assert read_all(sock) == b"12"
    assert (server.opened, len(server.requests)) == (1, 2)


def test_each_connection_has_its_script_and_the_last_one_repeats(serve: Serve) -> None:
    server = serve((Send(b"first"),), (Send(b"second"),))
    seen = []
    for _ in range(3):
        with connected(server) as sock:
            seen.append(read_all(sock))
    assert seen == [b"first", b"second", b"second"]


def test_a_reset_is_one(serve: Serve) -> None:
    server = serve((ReadRequest(), Send(b"HTTP"), Reset()))
    with connected(server) as sock:
        sock.sendall(REQUEST)
        with pytest.raises(ConnectionResetError):
            read_all(sock)


def test_drips(serve: Serve) -> None:
    server = serve((Drip(b"abc", interval=0.05),))
    started = time.monotonic()
    with connected(server) as sock:
        assert read_all(sock) == b"abc"
    assert time.monotonic() - started >= 0.14


def test_an_endless_script_ends_with_the_server() -> None:
    with Server((Stall(),), (Repeat(b"x", interval=0.01),), (ReadSlowly(1, 0.01),)) as server:
        with connected(server), connected(server), connected(server):
            server.wait_for(lambda: server.opened == 3)
        started = time.monotonic()
    assert server.closed == 3
    assert time.monotonic() - started < PATIENCE / 4


def test_what_is_not_read_stops_the_sender(serve: Serve) -> None:
    server = serve((Stall(),))
    with connected(server) as sock:
        sock.settimeout(0.3)
        with pytest.raises(TimeoutError):
            sock.sendall(b"x" * 24_000_000)


def test_a_broken_script_fails_the_test() -> None:
    def broken(_: object) -> None:
        raise ZeroDivisionError

    server = Server((broken,))
    with connected(server) as sock:
        assert read_all(sock) == b""
    with pytest.raises(ZeroDivisionError):
        server.close()
