"""Who gets a response: requests to a name that leads here, and which pages may read it."""

import ipaddress
import re
from collections.abc import Collection
from urllib.parse import urlsplit

from ai_gate.testing._request import ReceivedRequest

LOOPBACK = "127.0.0.1"
HERE = {"": LOOPBACK, "0.0.0.0": LOOPBACK, "::": "::1"}  # noqa: S104
"""Where a client on this machine reaches a gate that listens on all addresses."""
CONTROL = "/__mock__"

_LOOPBACK_PAGE = re.compile(
    r"https?://(localhost|127\.[0-9]+\.[0-9]+\.[0-9]+|\[::1\])(:[0-9]+)?", re.ASCII
)

_RESERVED = {"localhost", "test"}
"""The ends of names that nobody can have on the Internet (RFC 6761), and so no hostile page."""

_NAME = r"[a-z0-9_-]+(\.[a-z0-9_-]+)*"
_ORIGIN = re.compile(rf"[a-z][a-z0-9+.-]*://({_NAME}|\[[0-9a-f:.]+\])(:[0-9]+)?")


def is_loopback(host: str) -> bool:
    """Return True if a host that is listened on can be reached from this machine alone."""
    address = _address(host)
    return host == "localhost" or (address is not None and address.is_loopback)


class Access:
    """What decides by the headers `Host` and `Origin`.

    Args:
        host: The address or name that the gate listens on.
        allow_host: Further names that lead to it.
        allow_origin: The origins whose pages may read responses, besides those on loopback.
        checks_host: Whether the name in `Host` counts. With TLS the certificate says it all.

    Raises:
        ValueError: A name is more than that, or an origin isn't `scheme://host[:port]`.
    """

    def __init__(
        self,
        host: str = LOOPBACK,
        allow_host: Collection[str] = (),
        allow_origin: Collection[str] = (),
        *,
        checks_host: bool = True,
    ) -> None:
        self._host = host
        self._names = {host.lower(), *map(_host_name, allow_host)}
        self._origins = set(map(_origin, allow_origin))
        self._checks_host = checks_host

    def refusal(self, request: ReceivedRequest) -> tuple[int, str] | None:
        """Return the status and message for a request that must not be served."""
        headers = request.headers
        host = headers.get("host")
        if self._checks_host and host is not None and not self._is_known(host):
            # A page whose name is made to lead to this machine would read what the gate hands out.
            return 421, (
                "The Host must be an IP address, localhost, a name under .localhost or .test, "
                "or a name in allow_host"
            )
        if request.path.startswith(CONTROL) and (
            "origin" in headers or headers.get("sec-fetch-site", "none") != "none"
        ):
            return 403, f"{CONTROL} is not for pages"
        return None

    def is_preflight(self, request: ReceivedRequest) -> bool:
        """Return True if a browser asks whether a page that may read a response may ask for it."""
        asks = "access-control-request-method" in request.headers
        return request.method == "OPTIONS" and asks and bool(self.headers(request))

    def headers(self, request: ReceivedRequest) -> dict[str, str]:
        """Return the headers that let a page read the response; none if it must not."""
        origin = request.headers.get("origin", "")
        if request.path.startswith(CONTROL):
            return {}
        if not (_LOOPBACK_PAGE.fullmatch(origin) or origin in self._origins):
            return {}
        return {
            "Access-Control-Allow-Origin": origin,
            "Access-Control-Allow-Headers": "*",
            "Access-Control-Allow-Methods": "*",
            "Access-Control-Expose-Headers": "*",
            "Access-Control-Allow-Private-Network": "true",
            "Vary": "Origin",
        }

    def _is_known(self, host: str) -> bool:
        try:
            name = (urlsplit(f"//{host}").hostname or "").removesuffix(".")
        except ValueError:
            return False
        if name in self._names or _address(name) is not None:
            return True
        if name.rpartition(".")[2] in _RESERVED:
            return True
        # In a network of containers, and no name of the Internet's.
        return not is_loopback(self._host) and re.fullmatch("[a-z0-9_-]+", name) is not None


def _host_name(text: str) -> str:
    """Write a name as requests are compared with it."""
    name = text.lower().removesuffix(".")
    if not re.fullmatch(_NAME, name) and _address(name) is None:
        raise ValueError(f"allow_host takes a name without scheme, port or path, got {text!r}")
    return name


def _origin(text: str) -> str:
    """Write an origin as browsers do, which leave out the port that a scheme has anyway."""
    origin = text.lower()
    if not _ORIGIN.fullmatch(origin):
        raise ValueError(f"allow_origin takes scheme://host[:port], got {text!r}")
    scheme = origin.partition("://")[0]
    port = {"http": ":80", "https": ":443"}.get(scheme, "")
    return origin.removesuffix(port)


def _address(host: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    try:
        return ipaddress.ip_address(host)
    except ValueError:
        return None
