"""TURN servers as the gate sends them, read into what can be tried.

`urls` is a string or a list of strings, as W3C's `RTCIceServer` has it; a URL is what RFC 7065
says, and a little more, as some servers send it: capitals, `turn://`, an empty transport.
"""

import ipaddress
import re
from collections.abc import Iterator, Mapping

from ai_gate._redaction import MASK
from ai_gate.webrtc._types import Transport, TurnResult, TurnServer

DEFAULT_PORTS = {"turn": 3478, "turns": 5349}
"""The port if a URL names none (RFC 7065, section 3.1)."""

TRANSPORTS: dict[tuple[str, str], Transport] = {
    ("turn", ""): "udp",
    ("turn", "udp"): "udp",
    ("turn", "tcp"): "tcp",
    ("turns", ""): "tls",
    ("turns", "tcp"): "tls",
}
"""What scheme and transport parameter mean together (RFC 7065, section 3.1)."""

# What is masked before a URL is shown: a name and password, and a query that isn't TURN's.
_USER_INFO = re.compile(r"^(\w*:(?://)?)?.*@", re.DOTALL)
_QUERY = re.compile(r"\?(?!transport=\w*$).*", re.DOTALL | re.IGNORECASE)
_URL = re.compile(
    r"(?P<scheme>turns?):(?://)?"
    r"(?:\[(?P<ipv6>[^\[\]]+)\]|(?P<host>[^\s\[\]:/?#@]+))"
    r"(?::(?P<port>[0-9]{1,5}))?"
    r"(?:\?transport=(?P<transport>[^&\s]*))?",
    re.IGNORECASE | re.ASCII,
)


class _UnusableError(Exception):
    """A URL can't be used; the message says why and quotes nothing of it."""


def read_servers(credentials: object) -> Iterator[TurnServer | TurnResult]:
    """Read the TURN servers of credentials, which may have any form.

    Args:
        credentials: What the gate sends, an object with `iceServers` or that list alone.

    Yields:
        For each TURN URL, in order, the server, or a result with the reason if it can't be tried.
        STUN servers are passed over.
    """
    servers = credentials.get("iceServers") if isinstance(credentials, Mapping) else credentials
    if not isinstance(servers, list | tuple):
        yield _unusable(servers, "not a list of ICE servers")
        return
    for server in servers:
        if isinstance(server, Mapping):
            yield from _read_server(server)
        else:
            yield _unusable(server, "not an ICE server")


def turn_servers(credentials: object) -> tuple[list[TurnServer], list[TurnResult]]:
    """Read the TURN servers of credentials, and apart from them what can't be tried.

    Args:
        credentials: What the gate sends, an object with `iceServers` or that list alone.

    Returns:
        The servers that can be tried, and a result with the reason for each URL that can't be.
    """
    entries = list(read_servers(credentials))
    servers = [entry for entry in entries if isinstance(entry, TurnServer)]
    return servers, [entry for entry in entries if isinstance(entry, TurnResult)]


def _read_server(server: Mapping[object, object]) -> Iterator[TurnServer | TurnResult]:
    urls = server.get("urls")
    for url in urls if isinstance(urls, list | tuple) else (urls,):
        if not isinstance(url, str):
            yield _unusable(url, "not a TURN URL: not a string")
        elif not url.strip().lower().startswith(("stun:", "stuns:")):
            yield _read_url(url, server.get("username"), server.get("credential"))


def _read_url(url: str, username: object, credential: object) -> TurnServer | TurnResult:
    shown = _QUERY.sub(f"?{MASK}", _USER_INFO.sub(rf"\1{MASK}@", url))
    transport: Transport | None = None
    try:
        host, port, transport = _parse(url.strip())
        return TurnServer(shown, host, port, transport, _secret(username), _secret(credential))
    except _UnusableError as error:
        return TurnResult(shown, transport, False, str(error), None)


def _parse(url: str) -> tuple[str, int, Transport]:
    match = _URL.fullmatch(url)
    if match is None:
        raise _UnusableError(f"not a TURN URL: {_mistake(url)}")
    scheme = match["scheme"].lower()
    port = int(match["port"] or DEFAULT_PORTS[scheme])
    if not 0 < port < 65536:
        raise _UnusableError("not a TURN URL: no such port")
    return _host(match), port, _transport(scheme, (match["transport"] or "").lower())


def _mistake(url: str) -> str:
    scheme, _, rest = url.partition(":")
    if scheme.lower() not in DEFAULT_PORTS:
        return "the scheme is neither turn nor turns"
    if "@" in rest:
        return "a name or password has no place in it"
    if rest.count(":") > 1 and "[" not in rest:
        return "an IPv6 address needs brackets"
    return "it should be like turn:host:3478?transport=udp"


def _host(match: re.Match[str]) -> str:
    if match["ipv6"] is None:
        return match["host"]
    try:
        return str(ipaddress.IPv6Address(match["ipv6"]))
    except ValueError:
        raise _UnusableError("not a TURN URL: no such IPv6 address") from None


def _transport(scheme: str, parameter: str) -> Transport:
    if (scheme, parameter) == ("turns", "udp"):
        raise _UnusableError("TURN over DTLS (turns with transport=udp) is not supported")
    if (scheme, parameter) not in TRANSPORTS:
        raise _UnusableError("not a TURN URL: its transport is neither udp nor tcp")
    return TRANSPORTS[scheme, parameter]


def _secret(value: object) -> str:
    if not isinstance(value, str) or not value:
        raise _UnusableError("username or credential missing")
    try:
        value.encode()
    except UnicodeEncodeError:
        # A lone surrogate, which JSON can hold.
        raise _UnusableError("username or credential has characters that can't be sent") from None
    return value


def _unusable(value: object, reason: str) -> TurnResult:
    """Return a result for what is no URL. The value isn't shown: it may hold a secret."""
    return TurnResult(f"({type(value).__name__})", None, False, reason, None)
