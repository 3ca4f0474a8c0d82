"""The way to a gate, looked at step by step by whoever has no project or doesn't trust it yet.

It runs under asyncio. The request goes the way of all calls, but over httpx's own pool.
"""

import asyncio
import os
import re
import socket
import ssl
from contextlib import suppress
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from functools import partial
from types import FunctionType
from typing import Any, NamedTuple

import httpcore
import httpx

from ai_gate._config import port_of
from ai_gate._http.proxy import environment_proxy

SENDERS = (
    *(httpx.Client, httpx.AsyncClient, httpx.HTTPTransport, httpx.AsyncHTTPTransport),
    *(httpcore.HTTPConnection, httpcore.AsyncHTTPConnection),
    *(httpcore.ConnectionPool, httpcore.AsyncConnectionPool),
)
"""The classes whose methods mocks, recorders and tracers replace."""
OWN = ("httpx", "httpcore", "contextlib")
"""Where those methods are from otherwise: httpx makes a context manager of one."""
SETTINGS = ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "NO_PROXY", "SSL_CERT_FILE", "SSL_CERT_DIR")
LONGEST_HEALTH = 65_536
"""The bytes that are read of an answer: a page of somebody else's can be long."""
NO_CHECK_TIME = 0x200000
"""OpenSSL's X509_V_FLAG_NO_CHECK_TIME, for which ssl has no name."""


class Health(NamedTuple):
    """What came of a request for the gate's health."""

    response: httpx.Response
    body: bytes
    """What came first of the body."""
    tls: str
    """The version of TLS; nothing without TLS."""
    certificate: dict[str, Any]
    """As ssl reads it; of one that isn't trusted, only `der`."""
    offset: float | None
    """How far this machine's clock is ahead of the response's `Date`, in seconds."""

    @property
    def is_healthy(self) -> bool:
        """Whether this is what the gate answers."""
        return self.response.is_success and b'"healthy"' in self.body


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
    """Return the settings of the environment that decide over the way, without logins."""
    found = {name: os.environ.get(name) or os.environ.get(name.lower()) for name in SETTINGS}
    shown = {name: re.sub(r"^(\w+://)?.*@", r"\1***@", one) for name, one in found.items() if one}
    return [f"{name} {one}" for name, one in shown.items()]


def proxy_for(url: httpx.URL) -> httpx.Proxy | None:
    """Return the proxy that the SDK goes through.

    Raises:
        ValueError: The environment names one that can't be used.
    """
    proxy = environment_proxy(url)
    if proxy is None:
        return None
    name, password = (part.decode("latin-1") for part in proxy.server.auth or (b"", b""))
    return httpx.Proxy(bytes(proxy.server.url).decode(), auth=(name, password) if name else None)


async def addresses(url: httpx.URL) -> list[str]:
    """Return all addresses of a URL's host, in the order in which they are to be tried."""
    loop = asyncio.get_running_loop()
    found = await loop.getaddrinfo(url.host, port_of(url), type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(one[4][0]) for one in found))


async def connect(address: str, port: int) -> None:
    """Open a TCP connection, and close it.

    Raises:
        OSError: It can't be opened.
    """
    _, writer = await asyncio.open_connection(address, port)
    writer.transport.abort()


async def ask_health(url: httpx.URL, context: ssl.SSLContext) -> Health:
    """Ask a gate for its health, through its proxy. The caller bounds the time.

    Raises:
        httpx.HTTPError: No response came.
    """
    path = url.raw_path.rstrip(b"/") + b"/health"
    async with (
        httpx.AsyncClient(trust_env=False, proxy=proxy_for(url), verify=context) as client,
        client.stream("GET", url.copy_with(raw_path=path)) as response,
    ):
        stream = response.extensions.get("network_stream")
        tls = stream and stream.get_extra_info("ssl_object")
        read = tls and (tls.getpeercert() or {"der": tls.getpeercert(binary_form=True)})
        offset = None
        with suppress(ValueError, TypeError):
            date = parsedate_to_datetime(response.headers.get("date", ""))
            offset = (datetime.now(UTC) - date).total_seconds()
        body = await anext(response.aiter_bytes(LONGEST_HEALTH), b"")
    return Health(response, body, tls.version() if tls else "", read or {}, offset)


async def untrusted_certificate(url: httpx.URL, *, seconds: float) -> str | None:
    """Return what is in the certificate of a gate that isn't trusted, or None if it isn't shown."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    with suppress(OSError, ValueError, KeyError, httpx.HTTPError):
        async with asyncio.timeout(seconds):
            seen = await ask_health(url, context)
            # ssl reads out only what it trusts: so this one is trusted, whatever its time.
            context.verify_mode = ssl.CERT_REQUIRED
            context.load_verify_locations(cadata=seen.certificate["der"])
            context.verify_flags |= ssl.VERIFY_X509_PARTIAL_CHAIN | NO_CHECK_TIME
            return told_certificate((await ask_health(url, context)).certificate)
    return None


def told_certificate(certificate: dict[str, Any]) -> str:
    """Return for whom a certificate is, who has issued it, and until when it is good."""
    names = ", ".join(name for _, name in certificate.get("subjectAltName", ()))
    issuer = {name: value for part in certificate.get("issuer", ()) for name, value in part}
    by = [issuer[name] for name in ("organizationName", "commonName") if name in issuer]
    until = certificate.get("notAfter")
    return f"certificate for {names}, issued by {', '.join(by)}, good until {until}"


def reason_of(error: BaseException) -> str:
    """Return what an exception says, or if it has no words, what caused it."""
    if isinstance(error, TimeoutError | httpx.TimeoutException):
        return f"no answer in time ({type(error).__name__})"
    if isinstance(error, ConnectionError) and error.errno:
        return os.strerror(error.errno)
    text = getattr(error, "strerror", None) or re.sub(r"\[SSL.*?\] | \(_ssl.*?\)", "", str(error))
    cause = error.__cause__ or error.__context__
    return text or (reason_of(cause) if cause else type(error).__name__)
