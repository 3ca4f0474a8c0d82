"""Our httpx client: a transport with our pool beneath, and settings that differ from httpx's."""

import ssl
from functools import cache
from typing import Any

import httpx

from ai_gate._fork import unforked
from ai_gate._http.pool import AsyncPool, Pool
from ai_gate._version import __version__
from ai_gate.errors import AIGateError

DEFAULT_HEADERS = {
    "Accept": "application/json",
    "User-Agent": f"ai-gate-python/{__version__}",
}

SETTINGS: dict[str, Any] = {
    "headers": DEFAULT_HEADERS,
    # Without one, httpx looks for a password in the URL of each request.
    "auth": httpx.Auth(),
    # The environment is read by us.
    "trust_env": False,
}

HEADERS = "ai_gate_headers"
"""The name of the response's extension that has the headers as they came."""


def own_client(pool: Pool) -> httpx.Client:
    """Return an httpx client that sends over a pool of ours."""
    return Client(transport=Transport(pool), event_hooks={"response": [_keep_location]}, **SETTINGS)


def own_async_client(pool: AsyncPool) -> httpx.AsyncClient:
    """Return an httpx client that sends over a pool of ours."""
    return AsyncClient(
        transport=AsyncTransport(pool),
        event_hooks={"response": [_keep_location_async]},
        **SETTINGS,
    )


class NoCookies(httpx.Cookies):
    """Keeps no cookie: one caller's would travel with another's request."""

    def extract_cookies(self, response: httpx.Response) -> None:
        """Leave a response's cookies."""

    def __bool__(self) -> bool:
        return False


class Client(httpx.Client):
    """httpx's client without cookies."""

    cookies: Any = NoCookies()


class AsyncClient(httpx.AsyncClient):
    """httpx's client without cookies."""

    cookies: Any = NoCookies()


class Transport(httpx.HTTPTransport):
    """httpx's transport with our pool in place of httpcore's.

    Mocks, recorders and tracers wrap the methods of its class, so they see what it sends.
    """

    def __init__(self, pool: Pool) -> None:
        super().__init__(verify=_no_context())
        _replace_pool(self, pool)


class AsyncTransport(httpx.AsyncHTTPTransport):
    """httpx's transport with our pool in place of httpcore's.

    Mocks, recorders and tracers wrap the methods of its class, so they see what it sends.
    """

    def __init__(self, pool: AsyncPool) -> None:
        super().__init__(verify=_no_context())
        _replace_pool(self, pool)


@cache
def _no_context() -> ssl.SSLContext:
    """Return a TLS context for the pool that is replaced: httpx would read certificates for it."""
    return unforked(lambda: ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT))


def _replace_pool(transport: Transport | AsyncTransport, pool: Pool | AsyncPool) -> None:
    """Put our pool into a transport: the one private name of another package that we reach for.

    Raises:
        AIGateError: This httpx has no such name.
    """
    if not hasattr(transport, "_pool"):
        raise AIGateError(
            f"ai-gate {__version__} doesn't know how to send with httpx {httpx.__version__}: "
            "install another version of httpx (0.28 works), or pass an http_client."
        )
    vars(transport)["_pool"] = pool


def _keep_location(response: httpx.Response) -> None:
    """Keep the Location of a redirect from httpx: it reads one even if it doesn't follow.

    One that can't be read would make the response a connection error.
    """
    if response.is_redirect and "location" in response.headers:
        response.extensions[HEADERS] = response.headers.copy()
        del response.headers["location"]


async def _keep_location_async(response: httpx.Response) -> None:
    _keep_location(response)
