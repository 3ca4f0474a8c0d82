"""A request to the gate that needs no project, and the certificate that it shows."""

import ssl
from typing import Any, NamedTuple

import httpx

from ai_gate._http.proxy import environment_proxy
from ai_gate._http.tls import shared_context

NO_CHECK_TIME = 0x200000
"""OpenSSL's X509_V_FLAG_NO_CHECK_TIME, for which ssl has no name."""


class Health(NamedTuple):
    """What came of a request for the gate's health."""

    response: httpx.Response
    tls: str
    """The version of TLS; nothing without TLS."""
    certificate: dict[str, Any]
    """As ssl reads it; of one that wasn't looked into, only `der`."""


def proxy_for(url: httpx.URL) -> httpx.Proxy | None:
    """Return the proxy that the SDK goes through.

    Raises:
        ValueError: The environment names one that can't be used.
    """
    proxy = environment_proxy(url)
    if proxy is None:
        return None
    login = [part.decode("latin-1") for part in proxy.server.auth or ()]
    return httpx.Proxy(
        bytes(proxy.server.url).decode(), auth=(login[0], login[1]) if login else None
    )


async def ask_health(url: httpx.URL, seconds: float, context: ssl.SSLContext) -> Health:
    """Ask a gate for its health, through its proxy.

    Raises:
        httpx.HTTPError: No response came.
    """
    client = httpx.AsyncClient(
        trust_env=False, proxy=proxy_for(url), verify=context, timeout=seconds
    )
    path = url.raw_path.rstrip(b"/") + b"/health"
    async with client, client.stream("GET", url.copy_with(raw_path=path)) as response:
        tls = response.extensions["network_stream"].get_extra_info("ssl_object")
        read = tls and (tls.getpeercert() or {"der": tls.getpeercert(binary_form=True)})
        await response.aread()
    return Health(response, tls.version() if tls else "", read or {})


async def read_certificate(url: httpx.URL, seconds: float) -> dict[str, Any]:
    """Return what is in the certificate of a gate that isn't trusted."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    seen = await ask_health(url, seconds, context)
    # ssl reads out only what it trusts: so this one is trusted, whatever its time.
    context.verify_mode = ssl.CERT_REQUIRED
    context.load_verify_locations(cadata=seen.certificate["der"])
    context.verify_flags |= ssl.VERIFY_X509_PARTIAL_CHAIN | NO_CHECK_TIME
    return (await ask_health(url, seconds, context)).certificate


def told_certificate(certificate: dict[str, Any]) -> str:
    """Return for whom a certificate is, who has issued it, and until when it is good."""
    names = ", ".join(name for _, name in certificate.get("subjectAltName", ()))
    parts = {name: value for part in certificate.get("issuer", ()) for name, value in part}
    issuer = [parts[name] for name in ("organizationName", "commonName") if name in parts]
    until = certificate.get("notAfter")
    return f"certificate for {names}, issued by {', '.join(issuer)}, good until {until}"
