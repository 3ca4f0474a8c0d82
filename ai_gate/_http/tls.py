"""TLS without I/O, and the context that all clients of a process share.

Making a context reads every CA certificate, about 40 ms and 800 KB, so each client having its own
would be most of what a client costs.
"""

import os
import ssl
from contextlib import suppress
from typing import TypeAlias

import httpx

from ai_gate._fork import unforked

CA_SETTINGS = ("SSL_CERT_FILE", "SSL_CERT_DIR")
"""The environment variables that httpx reads for CA certificates."""

Contexts: TypeAlias = dict[tuple[str | None, ...], ssl.SSLContext]
"""The one context that is kept, by the CA settings that it was made for."""

RECORD = 16_384
"""The most bytes that a TLS record holds (RFC 8446, 5.1)."""

_contexts: Contexts = {}
_plain_contexts: Contexts = {}


def shared_context() -> ssl.SSLContext:
    """Return httpx's TLS context, a new one if the CA settings of the environment changed."""
    return kept_context(_contexts)


def plain_context() -> ssl.SSLContext:
    """Return such a context for STUN and TURN.

    httpcore writes the protocols of HTTP into the other one, and a server may refuse them (RFC
    7443).
    """
    return kept_context(_plain_contexts)


def kept_context(contexts: Contexts) -> ssl.SSLContext:
    """Return the context that is kept, or a new one if the CA settings changed."""
    settings = tuple(os.environ.get(name) for name in CA_SETTINGS)
    context = contexts.get(settings)
    if context is None:
        # It imports certifi, and OpenSSL takes locks.
        context = unforked(httpx.create_ssl_context)
        contexts.clear()
        contexts[settings] = context
    return context


def without_dot(host: str) -> str:
    """Return a host as SNI and certificates name it: without a dot at the end (RFC 6066, 3).

    In Kubernetes such a dot keeps a name from being tried with each search domain first.
    """
    return host.removesuffix(".")


def sni(url: httpx.URL) -> dict[str, str]:
    """Return the extension of a request that tells other transports the same."""
    host = url.raw_host.decode("ascii")
    return {"sni_hostname": without_dot(host)} if host.endswith(".") else {}


class TLS:
    """One layer of TLS, whose bytes others send and receive.

    anyio's and httpcore's own hold what came behind a response where no check finds it, and
    httpcore's within a proxy's TLS gives each read the whole time anew.
    """

    def __init__(self, context: ssl.SSLContext, hostname: str | None) -> None:
        self._incoming = ssl.MemoryBIO()
        self.outgoing = ssl.MemoryBIO()
        """What is to be sent."""
        name = without_dot(hostname) if hostname else None
        self.object = unforked(
            lambda: context.wrap_bio(self._incoming, self.outgoing, server_hostname=name)
        )

    def shake_hands(self) -> None:
        """Do the next step of the handshake, in which OpenSSL takes locks of the whole process."""
        unforked(self.object.do_handshake)

    def feed(self, data: bytes) -> None:
        """Take what was received; nothing is the end."""
        if data:
            self._incoming.write(data)
        else:
            self._incoming.write_eof()

    def read(self) -> bytes:
        """Return what came, and nothing at the end."""
        try:
            return self.object.read(RECORD)
        except (ssl.SSLZeroReturnError, ssl.SSLEOFError):
            return b""

    def available(self) -> bytes:
        """Return what has come so far."""
        found = bytearray()
        with suppress(ssl.SSLWantReadError):
            while piece := self.read():
                found += piece
        return bytes(found)

    def holds_nothing(self) -> bool:
        """Return True if it is certain that nothing more has come."""
        try:
            self.object.read(1)
        except ssl.SSLWantReadError:
            return not self._incoming.pending
        except ssl.SSLError:
            return False
        return False
