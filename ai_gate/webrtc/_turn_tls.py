"""The TLS context of connections to TURN servers."""

import ssl

from ai_gate._http.tls import Contexts, kept_context

_contexts: Contexts = {}


def turn_context() -> ssl.SSLContext:
    """Make a TLS context for the CA settings of the environment, anew when they change.

    It trusts whom the rest of the SDK trusts. It isn't the SDK's shared context: httpcore writes
    the protocols of HTTP into that one, and a TURN server may refuse them (RFC 7443).
    """
    return kept_context(_contexts)
