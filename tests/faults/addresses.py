"""Addresses at which connecting hangs."""

from __future__ import annotations

import select
import socket
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

import pytest

Address = tuple[str, int]

# More than a socket that listens with no backlog lets wait, on any system that we know.
FILLERS = 4


@contextmanager
def black_holes(count: int) -> Iterator[tuple[Address, ...]]:
    """Yield addresses with one port at which connecting hangs: their queues are full for good."""
    with ExitStack() as stack:
        addresses: list[Address] = []
        last: list[socket.socket] = []
        for number in range(1, count + 1):
            port = addresses[0][1] if addresses else 0
            addresses.append(_listen(stack, f"127.0.0.{number}", port))
            fillers = [_dial(stack, addresses[-1]) for _ in range(FILLERS)]
            last.append(fillers[-1])
        _, connected, _ = select.select([], last, [], 0.1)
        if connected:
            pytest.skip("this machine's queues of connections don't fill up")
        yield tuple(addresses)


def _listen(stack: ExitStack, host: str, port: int) -> Address:
    listener = stack.enter_context(socket.socket())
    try:
        listener.bind((host, port))
    except OSError as error:
        pytest.skip(f"this machine has no second loopback address: {error}")
    listener.listen(0)
    address: Address = listener.getsockname()
    return address


def _dial(stack: ExitStack, address: Address) -> socket.socket:
    sock = stack.enter_context(socket.socket())
    sock.setblocking(False)
    sock.connect_ex(address)
    return sock
