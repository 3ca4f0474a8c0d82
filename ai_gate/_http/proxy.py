"""The proxy that the environment names, read as httpx reads it."""

import importlib.util
import os
import re
from contextlib import suppress
from ipaddress import ip_address, ip_network
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

    server: httpcore.Proxy
    """Where it is, and what it wants to be told."""
    name: str
    """What it is called in errors: host, port, and where it is named. No password."""


def environment_proxy(url: httpx.URL) -> Proxy | None:
    """Return the proxy for a URL from `HTTP_PROXY`, `HTTPS_PROXY`, `ALL_PROXY` and `NO_PROXY`.

    Raises:
        ValueError: It can't be used. Nothing of the setting, which can hold a password, is in the
            error or in what it was caused by.
    """
    scheme = _scheme(url)
    if scheme is None:
        return None
    source = _source(scheme)
    proxy = parsed_proxy(getproxies()[scheme])
    if proxy is None:
        raise ValueError(
            f"the proxy of {source} can't be used: a URL such as http://host:3128 is expected, "
            "with http, https, socks5 or socks5h, and without quotes around it"
        )
    if proxy.url.scheme.startswith("socks") and importlib.util.find_spec("socksio") is None:
        raise ValueError("a SOCKS proxy needs the package socksio: pip install 'httpx[socks]'")
    url = proxy.url
    server = httpcore.Proxy(
        httpcore.URL(scheme=url.raw_scheme, host=url.raw_host, port=url.port, target=url.raw_path),
        auth=proxy.raw_auth,
        headers=proxy.headers.raw,
        ssl_context=shared_context() if url.scheme == "https" else None,
    )
    return Proxy(server, f"the proxy {url.host} port {server.url.origin.port} ({source})")


def _scheme(url: httpx.URL) -> str | None:
    """Return the scheme whose proxy a URL goes through, or None if it goes without."""
    proxies = getproxies()
    scheme = next((name for name in (url.scheme, "all") if proxies.get(name)), None)
    return None if scheme is None or _is_direct(url, proxies.get("no")) else scheme


def _source(scheme: str) -> str:
    """Return the environment variable that names the proxy for a scheme, as it is written there.

    macOS and Windows have settings of their own, which count if the environment has none.
    """
    lower = f"{scheme}_proxy"
    names = [name for name in os.environ if name.lower() == lower and os.environ[name]]
    if not names:
        return "the system's settings"
    return lower if lower in names else names[-1]


def _is_direct(url: httpx.URL, no_proxy: str | None) -> bool:
    """Return True if a URL's host is one that is reached without the proxy."""
    if no_proxy is None:
        # The system's settings have exceptions of their own.
        return bool(proxy_bypass(f"{url.host}:{port_of(url)}"))
    return any(_names(entry.strip(), url) for entry in no_proxy.split(","))


def _names(entry: str, url: httpx.URL) -> bool:
    """Return True if an entry of `NO_PROXY` names a URL's host.

    It is read as httpx reads it, in whose patterns `*host` is a host with its subdomains and a port
    is compared with the one that the URL states; and addresses with a mask, and in brackets, as
    requests, curl and Go read them.
    """
    if entry in ("", "*"):
        return entry == "*"
    with suppress(ValueError):
        return ip_address(url.host) in ip_network(entry.strip("[]"), strict=False)
    if "://" not in entry:
        is_exact = entry.startswith("[") or entry.lower() == "localhost"
        entry = f"all://{entry}" if is_exact else f"all://*{entry}"
    try:
        pattern = httpx.URL(entry)
    except httpx.InvalidURL:
        return False
    return (
        pattern.scheme in ("", "all", url.scheme)
        and pattern.port in (None, url.port)
        and _matches(pattern.host, url.host)
    )


def _matches(pattern: str, host: str) -> bool:
    if pattern in ("", "*"):
        return True
    if pattern.startswith("*."):
        return host.endswith(pattern[1:]) and host != pattern[1:]
    if pattern.startswith("*"):
        return host == pattern[1:] or host.endswith(f".{pattern[1:]}")
    return host == pattern


def parsed_proxy(setting: str) -> httpx.Proxy | None:
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
