"""What a gate shows to those who have no project: its health and its certificate.

The way is that of all calls, the proxy and the certificates trusted included, but httpx's own pool.
"""

import ssl
from typing import Any, NamedTuple

import httpx

from ai_gate._http.proxy import environment_proxy

NO_CHECK_TIME = 0x200000
"""OpenSSL's X509_V_FLAG_NO_CHECK_TIME, for which ssl has no name."""


class Health(NamedTuple):
    """What came of a request for the gate's health."""

    response: httpx.Response
    tls: str
    """The version of TLS; nothing without TLS."""
    certificate: dict[str, Any]
    """As ssl reads it; of one that isn't trusted, only `der`."""


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
        tls = response.extensions["network_stream"].get_extra_info("ssl_object")
        read = tls and (tls.getpeercert() or {"der": tls.getpeercert(binary_form=True)})
        await response.aread()
    return Health(response, tls.version() if tls else "", read or {})


async def untrusted_certificate(url: httpx.URL) -> str:
    """Return what is in the certificate of a gate that isn't trusted, for a person."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    seen = await ask_health(url, context)
    # ssl reads out only what it trusts: so this one is trusted, whatever its time.
    context.verify_mode = ssl.CERT_REQUIRED
    context.load_verify_locations(cadata=seen.certificate["der"])
    context.verify_flags |= ssl.VERIFY_X509_PARTIAL_CHAIN | NO_CHECK_TIME
    return told_certificate((await ask_health(url, context)).certificate)


def told_certificate(certificate: dict[str, Any]) -> str:
    """Return for whom a certificate is, who has issued it, and until when it is good."""
    names = ", ".join(name for _, name in certificate.get("subjectAltName", ()))
    issuer = {name: value for part in certificate.get("issuer", ()) for name, value in part}
    by = [issuer[name] for name in ("organizationName", "commonName") if name in issuer]
    until = certificate.get("notAfter")
    return f"certificate for {names}, issued by {', '.join(by)}, good until {until}"
