"""Why a STUN or TURN server gave nothing, in words for a person. It needs no aioice."""

import socket
import ssl
from os import strerror

REFUSALS = {
    300: "Try Alternate",
    400: "Bad Request",
    401: "Unauthorized",
    403: "Forbidden",
    420: "Unknown Attribute",
    437: "Allocation Mismatch",
    438: "Stale Nonce",
    443: "Peer Address Family Mismatch",
    440: "Address Family not Supported",
    441: "Wrong Credentials",
    442: "Unsupported Transport Protocol",
    486: "Allocation Quota Reached",
    500: "Server Error",
    508: "Insufficient Capacity",
}
"""The error codes of RFC 8489 (section 14.8) and RFC 8656 (section 19). The server's own words are
left out: it can put into them what it was sent."""

TIMED_OUT = "timed out"
"""The reason of a server that hasn't answered in time; who knows the time adds it."""


class ShortLivedError(Exception):
    """The server gives an allocation that it ends almost at once. The message is for a person."""


def refusal(code: int | None) -> str:
    """Return what an error code of STUN or TURN says."""
    return "refused without a code" if code is None else f"{code} {REFUSALS.get(code, '')}".strip()


def reason_of(failure: Exception) -> str:
    """Return why a server can't be used, for a person, unless it has refused."""
    if isinstance(failure, ShortLivedError):
        return str(failure)
    if isinstance(failure, ssl.SSLError):
        return _tls_reason(failure)
    if isinstance(failure, socket.gaierror | UnicodeError):
        return "name not found"
    if isinstance(failure, OSError):
        return _system_reason(failure)
    return f"not understood ({type(failure).__name__})"


def _tls_reason(failure: ssl.SSLError) -> str:
    if isinstance(failure, ssl.SSLCertVerificationError):
        return f"certificate: {failure.verify_message}"
    return f"TLS failed: {(failure.reason or 'no reason given').replace('_', ' ').lower()}"


def _system_reason(failure: OSError) -> str:
    if failure.errno is None and isinstance(failure, ConnectionAbortedError | ConnectionResetError):
        return "connection closed by the server"
    return "connection failed" if failure.errno is None else strerror(failure.errno).lower()
