"""Ports behind which there is no TURN server."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager

from tests.voice.coturn import HOST, Transport, free_port


def url(transport: Transport, port: int, host: str = HOST) -> str:
    """The URL of a TURN server there."""
    if transport == "tls":
        return f"turns:{host}:{port}?transport=tcp"
    return f"turn:{host}:{port}?transport={transport}"


def refusing(transport: Transport) -> str:
    """The URL of a port at which nobody listens."""
    return url(transport, free_port())


@contextmanager
def silent(transport: Transport) -> Iterator[str]:
    """Yield the URL of a port that takes what it is sent, and never answers."""
    kind = socket.SOCK_DGRAM if transport == "udp" else socket.SOCK_STREAM
    with socket.socket(type=kind) as listener:
        listener.bind((HOST, 0))
        if transport != "udp":
            # The system shakes hands for TCP; nobody ever accepts.
            listener.listen()
        yield url(transport, listener.getsockname()[1])


@contextmanager
def answering(transport: Transport, answer: bytes) -> Iterator[str]:
    """Yield the URL of a TCP port that sends each client some bytes and hangs up."""
    with socket.create_server((HOST, 0)) as listener:

        def serve() -> None:
            while True:
                try:
                    connection, _ = listener.accept()
                except OSError:
                    return
                with connection:
                    connection.recv(2**16)
                    connection.sendall(answer)

        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        try:
            yield url(transport, listener.getsockname()[1])
        finally:
            # Closing alone doesn't wake accept().
            listener.shutdown(socket.SHUT_RDWR)
            thread.join(5.0)
