"""The proxy that the environment names, read as httpx reads it."""

import importlib.util
from urllib.request import getproxies, proxy_bypass

import httpcore
import httpx

from ai_gate._config import port_of
from ai_gate._http.tls import shared_context


def environment_proxy(url: httpx.URL) -> httpcore.Proxy | None:
    """The proxy for a URL from `HTTP_PROXY`, `HTTPS_PROXY`, `ALL_PROXY` and `NO_PROXY`, or None.

    Raises:
        ValueError: It can't be used.
    """
    proxies = getproxies()
    named = proxies.get(url.scheme) or proxies.get("all")
    if not named or proxy_bypass(f"{url.host}:{port_of(url)}"):
        return None
    try:
        proxy = httpx.Proxy(named if "://" in named else f"http://{named}")
    except httpx.InvalidURL:
        # Its text quotes the URL, and with it a password.
        raise ValueError("the proxy's URL is not valid") from None
    _check(proxy.url)
    return httpcore.Proxy(
        httpcore.URL(
            scheme=proxy.url.raw_scheme,
            host=proxy.url.raw_host,
            port=proxy.url.port,
            target=proxy.url.raw_path,
        ),
        auth=proxy.raw_auth,
        headers=proxy.headers.raw,
        ssl_context=shared_context() if proxy.url.scheme == "https" else None,
    )


def _check(url: httpx.URL) -> None:
    if not url.host or (url.port is not None and not 0 < url.port < 65536):
        raise ValueError("the proxy's URL has no valid host and port")
    if url.scheme.startswith("socks") and importlib.util.find_spec("socksio") is None:
        raise ValueError("a SOCKS proxy needs the package socksio: pip install 'httpx[socks]'")
