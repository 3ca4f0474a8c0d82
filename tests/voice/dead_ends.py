"""Ports behind which there is no TURN server, or one that sends on to another."""

from __future__ import annotations

import socket
import ssl
import struct
import threading
from collections.abc import Iterator
from contextlib import contextmanager

import trustme

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


@contextmanager
def sending_on(certificate: trustme.LeafCert, port: int, domain: str) -> Iterator[str]:
    """Yield the URL of a port that sends each client on, to a server with another name."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    certificate.configure_cert(context)
    address = bytes(map(int, HOST.split(".")))
    attributes = _attribute(0x0009, bytes([0, 0, 3, 0]))
    attributes += _attribute(0x8023, struct.pack("!xBH", 1, port) + address)
    attributes += _attribute(0x8003, domain.encode())

    def serve() -> None:
        connection, _ = listener.accept()
        with context.wrap_socket(connection, server_side=True) as stream:
            request = stream.recv(2**16)
            stream.sendall(struct.pack("!HH", 0x0113, len(attributes)) + request[4:20] + attributes)
            stream.recv(1)

    with socket.create_server((HOST, 0)) as listener:
        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        yield url("tls", listener.getsockname()[1])
        thread.join(5.0)


def _attribute(kind: int, value: bytes) -> bytes:
    return struct.pack("!HH", kind, len(value)) + value + bytes(-len(value) % 4)
