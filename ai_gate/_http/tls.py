"""The TLS context that all clients of a process share.

Making one reads every CA certificate, about 40 ms and 800 KB, so each client having its own would
be most of what a client costs.
"""

import os
import ssl
from typing import TypeAlias

import httpx

CA_SETTINGS = ("SSL_CERT_FILE", "SSL_CERT_DIR")
"""The environment variables that httpx reads for CA certificates."""

Contexts: TypeAlias = dict[tuple[str | None, ...], ssl.SSLContext]
"""The one context that is kept, by the CA settings that it was made for."""

_contexts: Contexts = {}


def shared_context() -> ssl.SSLContext:
    """Return httpx's TLS context, a new one if the CA settings of the environment changed."""
    return kept_context(_contexts)


def kept_context(contexts: Contexts) -> ssl.SSLContext:
    """Return the context that is kept, or a new one if the CA settings changed."""
    settings = tuple(os.environ.get(name) for name in CA_SETTINGS)
    context = contexts.get(settings)
    if context is None:
        context = httpx.create_ssl_context()
        contexts.clear()
        contexts[settings] = context
    return context
