"""The TLS context of connections to TURN servers."""

import os
import ssl

import httpx

from ai_gate._tls import CA_SETTINGS

_contexts: dict[tuple[str | None, ...], ssl.SSLContext] = {}


def turn_context() -> ssl.SSLContext:
    """Make a TLS context for the CA settings of the environment, anew when they change.

    It trusts whom the rest of the SDK trusts. It isn't the SDK's shared context: httpcore writes
    the protocols of HTTP into that one, and a TURN server may refuse them (RFC 7443).
    """
    settings = tuple(os.environ.get(name) for name in CA_SETTINGS)
    context = _contexts.get(settings)
    if context is None:
        context = httpx.create_ssl_context()
        _contexts.clear()
        _contexts[settings] = context
    return context
