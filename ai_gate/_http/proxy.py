"""The proxy that the environment names, read as httpx reads it."""

import importlib.util
import os
import re
from typing import NamedTuple
from urllib.request import getproxies, proxy_bypass

import httpcore
import httpx

from ai_gate._config import port_of
from ai_gate._http.tls import shared_context

HOST = re.compile(r"[^\s\"'<>]+")
"""A name or address; quotes come from files that aren't read by a shell, as docker's env files."""


class Proxy(NamedTuple):
    """A proxy that the environment names."""

    http: httpcore.Proxy
    name: str
    """What it is called in errors: host, port, and the variable that names it. No password."""


def environment_proxy(url: httpx.URL) -> Proxy | None:
    """Return the proxy for a URL from `HTTP_PROXY`, `HTTPS_PROXY`, `ALL_PROXY` and `NO_PROXY`.

    Raises:
        ValueError: It can't be used. Nothing of the setting, which can hold a password, is in the
            error or in what it was caused by.
    """
    proxies = getproxies()
    variable = next((name for name in (url.scheme, "all") if proxies.get(name)), None)
    if variable is None or proxy_bypass(f"{url.host}:{port_of(url)}"):
        return None
    variable = _variable(variable)
    proxy = _parsed(proxies[variable.lower().removesuffix("_proxy")])
    if proxy is None:
        raise ValueError(
            f"the proxy that {variable} names can't be used: a URL such as http://host:3128 "
            "is expected, with http, https, socks5 or socks5h, and without quotes around it"
        )
    if proxy.url.scheme.startswith("socks") and importlib.util.find_spec("socksio") is None:
        raise ValueError("a SOCKS proxy needs the package socksio: pip install 'httpx[socks]'")
    return Proxy(
        httpcore.Proxy(
            httpcore.URL(
                scheme=proxy.url.raw_scheme,
                host=proxy.url.raw_host,
                port=proxy.url.port,
                target=proxy.url.raw_path,
            ),
            auth=proxy.raw_auth,
            headers=proxy.headers.raw,
            ssl_context=shared_context() if proxy.url.scheme == "https" else None,
        ),
        f"the proxy {proxy.url.host} port {port_of(proxy.url)} ({variable})",
    )


def _variable(name: str) -> str:
    """Return the name of the environment variable, as it is written there."""
    lower = f"{name}_proxy"
    return lower if os.environ.get(lower) else lower.upper()


def _parsed(setting: str) -> httpx.Proxy | None:
    """Return a setting as a proxy, or None if it can't be one.

    An exception raised here would have the errors of httpx, which quote it, as its context.
    """
    try:
        proxy = httpx.Proxy(setting if "://" in setting else f"http://{setting}")
        host, port = proxy.url.host, proxy.url.port
    except (httpx.InvalidURL, ValueError):
        return None
    is_possible = HOST.fullmatch(host) and (port is None or 0 < port < 65536)
    return proxy if is_possible else None
