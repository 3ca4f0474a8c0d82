"""The way to a gate, looked at step by step by whoever has no project or doesn't trust it yet.

It runs under asyncio.
"""

import asyncio
import os
import re
import socket
import ssl
from collections.abc import Mapping
from contextlib import suppress
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from functools import partial
from types import FunctionType
from typing import Any, NamedTuple
from urllib.request import getproxies_environment

import httpcore
import httpx

from ai_gate._call.exchange import Deadline, Order
from ai_gate._config import port_of
from ai_gate._http import AsyncClients, exchange_async
from ai_gate._http.proxy import environment_proxy, parsed_proxy
from ai_gate._http.tls import CA_SETTINGS
from ai_gate._redaction import MASK
from ai_gate.errors import AIGateError, InvalidResponseError

SENDERS = (
    *(httpx.Client, httpx.AsyncClient, httpx.HTTPTransport, httpx.AsyncHTTPTransport),
    *(httpcore.HTTPConnection, httpcore.AsyncHTTPConnection),
    *(httpcore.ConnectionPool, httpcore.AsyncConnectionPool),
)
"""The classes whose methods mocks, recorders and tracers replace."""
OWN = ("httpx", "httpcore", "contextlib")
"""Where those methods are from otherwise: httpx makes a context manager of one."""
PROXIES = ("http_proxy", "https_proxy", "all_proxy")
NO_CHECK_TIME = 0x200000
"""OpenSSL's X509_V_FLAG_NO_CHECK_TIME, for which ssl has no name."""


class Way(NamedTuple):
    """Where the way to a gate begins."""

    host: str
    port: int
    proxy: str
    """What the proxy that the host is is called; nothing if it is the gate's own host."""


class Health(NamedTuple):
    """What came of a request for the gate's health."""

    status: int
    body: bytes
    headers: httpx.Headers
    tls: str
    """The version of TLS; nothing without TLS."""
    certificate: dict[str, Any]
    """As ssl reads it."""
    offset: float | None
    """How far this machine's clock is ahead of the response's `Date`, in seconds."""

    @property
    def failure(self) -> AIGateError | None:
        """What is wrong if this isn't what the gate answers."""
        if self.status < 300 and b'"healthy"' in self.body:
            return None
        kind = InvalidResponseError if self.status < 300 else AIGateError
        text = f"HTTP {self.status}, and nothing of the gate's health"
        return kind(text, self.status, body=self.body, headers=self.headers)


def wrappers() -> set[str]:
    """Return the modules of what wraps or mocks httpx, or httpcore beneath it, in this process."""
    methods = [one for owner in SENDERS for one in vars(owner).values() if callable(one)]
    return {home for home in map(_home, methods) if home.partition(".")[0] not in OWN}


def _home(method: Any) -> str:
    """Return the module of a function, or of what has taken its place and may claim to be it."""
    if type(method) is FunctionType:
        # `functools.wraps` changes the name, but not the globals. A mock with a signature has none.
        mock = getattr(method, "mock", method)
        return str(method.__globals__.get("__name__") or type(mock).__module__)
    # wrapt's proxies, which tracers use, pass on whatever they are asked, but for this.
    wrapper = getattr(method, "_self_wrapper", type(method))
    return str((wrapper.func if isinstance(wrapper, partial) else wrapper).__module__)


def settings() -> list[str]:
    """Return the variables of the environment that decide over the way, with logins masked."""
    told = ((name, _told(name, value)) for name, value in sorted(os.environ.items()) if value)
    return [f"{name} {value}" for name, value in told if value]


def _told(name: str, value: str) -> str:
    """Return the value of a variable as it may be shown; nothing if it decides nothing."""
    if name in CA_SETTINGS:
        return value
    lower = name.lower()
    if lower == "no_proxy":
        return re.sub(r"[^,]*@", f"{MASK}@", value)
    if lower not in PROXIES:
        return ""
    # Of a value that is no proxy's, any part can be a password.
    url = (proxy := parsed_proxy(value)) and proxy.url
    at = f"{MASK}@" if "@" in value else ""
    told = f"{url.scheme}://{at}{url.netloc.decode('ascii')}" if url else MASK
    is_used = getproxies_environment().get(lower.removesuffix("_proxy")) == value
    return told if is_used else f"{told} (not used: {lower} is set too)"


def way_to(url: httpx.URL) -> Way:
    """Return where the way to a gate begins.

    Raises:
        AIGateError: The environment names a proxy that can't be used.
    """
    try:
        proxy = environment_proxy(url)
    except ValueError as error:
        raise AIGateError(str(error)) from None
    if proxy is None:
        return Way(url.host, port_of(url), "")
    origin = proxy.server.url.origin
    return Way(origin.host.decode("ascii"), origin.port, proxy.name)


async def addresses(way: Way, *, seconds: float) -> list[str]:
    """Return all addresses of a host, in the order in which they are to be tried.

    Raises:
        OSError: There are none, or they can't be looked up in time.
    """
    look_up = asyncio.get_running_loop().getaddrinfo(way.host, way.port, type=socket.SOCK_STREAM)
    try:
        async with asyncio.timeout(seconds):
            found = await look_up
    except TimeoutError:
        raise socket.gaierror(socket.EAI_AGAIN, "no answer in time") from None
    return list(dict.fromkeys(str(one[4][0]) for one in found))


async def connect(address: str, port: int, *, seconds: float) -> OSError | None:
    """Open a TCP connection, and close it. Return why it can't be opened, or None."""
    try:
        async with asyncio.timeout(seconds):
            _, writer = await asyncio.open_connection(address, port)
    except OSError as failure:
        return failure
    writer.transport.abort()
    return None


async def ask_health(url: httpx.URL, *, seconds: float) -> Health:
    """Ask a gate for its health, as a client of the SDK makes a call.

    Args:
        url: The gate's base URL.
        seconds: The time for all of it.

    Raises:
        AIGateError: The proxy or the CA settings of the environment can't be used.
        httpx.HTTPError: No response came.
    """
    # What reads the CA certificates takes time too.
    deadline, clients, heads = Deadline(seconds), AsyncClients(url, None), []

    async def keep(response: httpx.Response) -> None:
        heads.append((response, datetime.now(UTC)))

    await clients.prepare()
    clients.get().event_hooks["response"].append(keep)
    request = {"method": "GET", "url": _health_url(url)}
    try:
        result = await exchange_async(Order(request, deadline), clients)
    finally:
        await clients.aclose()
    if not heads:
        raise result.failure or httpx.ReadError("Nothing came")
    response, now = heads[0]
    tls = _tls_of(response.extensions)
    offset = None
    with suppress(ValueError, TypeError):
        offset = (now - parsedate_to_datetime(response.headers.get("date", ""))).total_seconds()
    return Health(
        response.status_code,
        bytes(result.body),
        response.headers,
        tls.version() or "" if tls else "",
        tls.getpeercert() or {} if tls else {},
        offset,
    )


async def untrusted_certificate(url: httpx.URL, *, seconds: float) -> str | None:
    """Return what is in the certificate of a gate that isn't trusted, or None if it isn't shown."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    # Whatever fails here failed before, and was told.
    with suppress(Exception):
        async with asyncio.timeout(seconds):
            shown = (await _connected(url, context)).getpeercert(binary_form=True)
            # ssl reads out only what it trusts: so this one is trusted, whatever its time.
            context.verify_mode = ssl.CERT_REQUIRED
            context.load_verify_locations(cadata=shown or b"")
            context.verify_flags |= ssl.VERIFY_X509_PARTIAL_CHAIN | NO_CHECK_TIME
            return told_certificate((await _connected(url, context)).getpeercert() or {})
    return None


async def _connected(url: httpx.URL, context: ssl.SSLContext) -> ssl.SSLObject:
    """Return a connection's TLS, from httpcore's own pool: ours has a context that trusts less."""
    proxy = environment_proxy(url)
    async with (
        httpcore.AsyncConnectionPool(context, proxy and proxy.server) as pool,
        pool.stream("GET", str(_health_url(url))) as response,
    ):
        tls = _tls_of(response.extensions)
        if tls is None:
            raise httpcore.ConnectError("No TLS")
        return tls


def _health_url(url: httpx.URL) -> httpx.URL:
    return url.copy_with(raw_path=url.raw_path.rstrip(b"/") + b"/health")


def _tls_of(extensions: Mapping[str, Any]) -> ssl.SSLObject | None:
    stream = extensions.get("network_stream")
    found: ssl.SSLObject | None = stream and stream.get_extra_info("ssl_object")
    return found


def told_certificate(certificate: dict[str, Any]) -> str:
    """Return for whom a certificate is, who has issued it, and until when it is good."""
    names = ", ".join(name for _, name in certificate.get("subjectAltName", ())) or "no name"
    issuer = {name: value for part in certificate.get("issuer", ()) for name, value in part}
    by = [issuer[name] for name in ("organizationName", "commonName") if name in issuer]
    until = certificate.get("notAfter")
    return f"certificate for {names}, issued by {', '.join(by)}, good until {until}"
