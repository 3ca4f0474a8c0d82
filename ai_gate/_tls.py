"""The TLS context that all clients of a process share.

Making one reads every CA certificate, about 40 ms and 800 KB, so each client having its own would
be most of what a client costs.
"""

import os
import ssl

import httpx

CA_SETTINGS = ("SSL_CERT_FILE", "SSL_CERT_DIR")
"""The environment variables that httpx reads for CA certificates."""

_contexts: dict[tuple[str | None, ...], ssl.SSLContext] = {}


def shared_context() -> ssl.SSLContext:
    """Httpx's TLS context for the CA settings of the environment, made anew when they change."""
    settings = tuple(os.environ.get(name) for name in CA_SETTINGS)
    context = _contexts.get(settings)
    if context is None:
        context = httpx.create_ssl_context()
        _contexts.clear()
        _contexts[settings] = context
    return context
