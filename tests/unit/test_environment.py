"""Proxies and CA certificates of the environment, as httpx reads them."""

from __future__ import annotations

import socket
import ssl
import sys
from contextlib import suppress
from typing import Any

import httpx
import pytest

from ai_gate import AIGateError, APIConnectionError, __version__
from ai_gate._http.proxy import environment_proxy
from ai_gate.testing._faults.steps import Send
from tests.support.callers import GET, NO_TLS, POST, PROJECT, Caller, Client, Operation
from tests.support.fixtures import Serve
from tests.support.responses import TURN, head, response
from tests.support.steps import Handshake, ReadHead, replay

pytestmark = pytest.mark.usefixtures("no_backoff")
GATE = "http://gate.test"
NAMES = ["HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"]


@pytest.mark.parametrize("name", NAMES)
def test_a_proxy_of_the_environment_is_used(
    name: str, caller: Caller, serve: Serve, monkeypatch: pytest.MonkeyPatch
) -> None:
    proxy = serve(replay(TURN))
    monkeypatch.setenv(name, proxy.url)

    async def body(client: Client) -> None:
        assert await client.create_session() == {"iceServers": []}
        await client.create_session()

    caller.use(GATE, body)
    assert [request.target.split("?")[0] for request in proxy.requests] == [f"{GATE}/session"] * 2
    assert proxy.opened == 1


def test_a_proxy_sees_the_sdk_as_the_gate_does(
    caller: Caller, serve: Serve, monkeypatch: pytest.MonkeyPatch
) -> None:
    proxy = serve(replay(TURN))
    monkeypatch.setenv("HTTP_PROXY", proxy.url)

    async def body(client: Client) -> None:
        await client.get_turn_credentials()

    caller.use(GATE, body)
    headers = proxy.requests[0].headers
    assert headers["user-agent"] == f"ai-gate-python/{__version__}"
    assert headers["accept"] == "application/json"


@pytest.mark.parametrize(
    "no_proxy", ["127.0.0.1", "*", "localhost,*", "localhost, 127.0.0.1", "127.0.0.0/8"]
)
def test_no_proxy(
    no_proxy: str, caller: Caller, serve: Serve, monkeypatch: pytest.MonkeyPatch
) -> None:
    proxy, gate = serve(replay(response(502))), serve(replay(TURN))
    monkeypatch.setenv("HTTP_PROXY", proxy.url)
    monkeypatch.setenv("NO_PROXY", no_proxy)

    async def body(client: Client) -> None:
        assert await client.get_turn_credentials() == {"iceServers": []}

    caller.use(gate.url, body)
    assert (len(proxy.requests), len(gate.requests)) == (0, 1)


def test_no_proxy_with_a_port(
    caller: Caller, serve: Serve, monkeypatch: pytest.MonkeyPatch
) -> None:
    proxy, gate = serve(replay(response(502))), serve(replay(TURN))
    monkeypatch.setenv("ALL_PROXY", proxy.url)
    monkeypatch.setenv("NO_PROXY", gate.url.removeprefix("http://"))

    async def body(client: Client) -> None:
        assert await client.get_turn_credentials() == {"iceServers": []}

    caller.use(gate.url, body)
    assert (len(proxy.requests), len(gate.requests)) == (0, 1)


def test_the_proxy_of_another_scheme_is_not_used(
    caller: Caller, serve: Serve, monkeypatch: pytest.MonkeyPatch
) -> None:
    proxy, gate = serve(replay(response(502))), serve(replay(TURN))
    monkeypatch.setenv("HTTPS_PROXY", proxy.url)

    async def body(client: Client) -> None:
        assert await client.get_turn_credentials() == {"iceServers": []}

    caller.use(gate.url, body)
    assert (len(proxy.requests), len(gate.requests)) == (0, 1)


@pytest.mark.parametrize(
    "proxy",
    [
        "gopher://u:hunter2@proxy.test",
        "http://u:hunter2@proxy.test:http",
        "http://\x01",
        "socks9://u:hunter2@proxy.test",
        "http://u:hunter2@proxy.test:99999",
        "http://u:hunter2@proxy.test:0",
        "http://u:hunter2/3@proxy.test",
        "http://u:hunter2@",
        "socks5://u:hunter2@proxy.test",
        "socks5h://u:hunter2@proxy.test",
    ],
)
def test_a_broken_proxy_url(proxy: str, caller: Caller, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ALL_PROXY", proxy)
    # As where it isn't installed.
    monkeypatch.setitem(sys.modules, "socksio", None)

    async def body(client: Client) -> None:
        error = await client.failure(POST)
        assert type(error) is AIGateError
        assert "ALL_PROXY" in str(error)
        assert "hunter2" not in str(error)
        assert error.__cause__ is not None

    caller.use(GATE, body)


def test_a_proxy_whose_name_cannot_be_looked_up(
    caller: Caller, monkeypatch: pytest.MonkeyPatch, operation: Operation
) -> None:
    monkeypatch.setenv("ALL_PROXY", "http://u:hunter2@a..b")

    async def body(client: Client) -> None:
        error = await client.failure(operation)
        assert "billed" not in str(error)
        assert "hunter2" not in str(error)

    caller.use(GATE, body)


def test_a_proxy_that_refuses_connections(
    caller: Caller, serve: Serve, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HTTP_PROXY", serve(listening=False).url)

    async def body(client: Client) -> None:
        error = await client.failure(POST)
        assert type(error) is APIConnectionError
        assert "billed" not in str(error)

    caller.use(GATE, body)


def test_an_injected_client_decides_over_its_proxy_itself(
    caller: Caller, serve: Serve, monkeypatch: pytest.MonkeyPatch
) -> None:
    proxy, gate = serve(replay(response(502))), serve(replay(TURN))
    monkeypatch.setenv("HTTP_PROXY", proxy.url)

    async def body() -> None:
        async with caller.httpx_client(trust_env=False) as injected:
            client = caller.client(gate.url, http_client=injected.client)
            assert await client.get_turn_credentials() == {"iceServers": []}

    caller.run(body)
    assert proxy.requests == []


def test_an_own_proxied_client_is_closed(
    caller: Caller, serve: Serve, monkeypatch: pytest.MonkeyPatch
) -> None:
    proxy = serve(replay(TURN))
    monkeypatch.setenv("HTTP_PROXY", proxy.url)

    async def body() -> None:
        client = caller.client(GATE)
        await client.get_turn_credentials()
        assert proxy.closed == 0
        await client.close()
        await client.close()

    caller.run(body)
    proxy.wait_for(lambda: proxy.closed == proxy.opened == 1)


@pytest.mark.usefixtures("trusted")
def test_a_tunnel_is_used_again(
    caller: Caller, serve: Serve, monkeypatch: pytest.MonkeyPatch, tls: ssl.SSLContext
) -> None:
    answers = replay(TURN, response(402), TURN)
    proxy = serve((ReadHead(), Send(head(200)), Handshake(tls), *answers))
    monkeypatch.setenv("HTTPS_PROXY", proxy.url)

    async def body() -> None:
        async with caller.client("https://gate.test") as client:
            assert await client.create_session() == {"iceServers": []}
            await client.failure(GET)
            assert await client.create_session() == {"iceServers": []}
        proxy.wait_for(lambda: proxy.closed == proxy.opened)

    caller.run(body)
    methods = [request.method for request in proxy.requests]
    assert methods == ["CONNECT", "POST", "GET", "POST"]
    connect, _, turn, _ = proxy.requests
    assert connect.target == "gate.test:443"
    assert PROJECT not in str(connect)
    assert turn.target.startswith("/turn-credentials?")
    assert proxy.opened == 1


def test_a_proxied_connection_that_was_closed_is_replaced(
    caller: Caller, serve: Serve, monkeypatch: pytest.MonkeyPatch
) -> None:
    proxy = serve(replay(TURN))
    monkeypatch.setenv("HTTP_PROXY", proxy.url)

    async def body(client: Client) -> None:
        await client.create_session()
        proxy.hang_up()
        assert await client.create_session() == {"iceServers": []}

    caller.use(GATE, body, max_retries=0)
    assert [request.connection for request in proxy.requests] == [1, 2]


FORMS = [
    "*",
    "localhost,*",
    "localhost",
    "LOCALHOST",
    "gate.test",
    "Gate.Test",
    "other.test, gate.test",
    "other.test",
    ".gate.test",
    "*.gate.test",
    "gate.test:80",
    "gate.test:443",
    "gate.test:8080",
    "http://gate.test",
    "https://gate.test",
    "https://gate.test:443",
    "http://*.gate.test",
    "all://gate.test",
    "http://127.0.0.1",
    "http://[::1]",
    "127.0.0.1",
    "127.0.0.1:8080",
    "::1",
    "fd00::1",
    "",
    ",",
]
URLS = [
    "http://gate.test",
    "https://gate.test",
    "http://gate.test:8080",
    "http://eu.gate.test",
    "http://delegate.test",
    "http://localhost:8080",
    "http://127.0.0.1:8080",
    "http://127.0.0.2",
    "http://[::1]:8080",
    "https://[fd00::1]",
]


@pytest.mark.parametrize("form", FORMS)
def test_no_proxy_as_httpx_reads_it(
    form: str, serve: Serve, monkeypatch: pytest.MonkeyPatch
) -> None:
    proxy = serve(replay(response(502)))
    look_up = socket.getaddrinfo

    def look_up_proxy(host: str, port: int, *args: Any, **kwargs: Any) -> list[Any]:
        if port != httpx.URL(proxy.url).port:
            raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")
        return list(look_up(host, port, *args, **kwargs))

    # What goes to no proxy goes nowhere.
    monkeypatch.setattr(socket, "getaddrinfo", look_up_proxy)
    monkeypatch.setenv("ALL_PROXY", proxy.url)
    monkeypatch.setenv("NO_PROXY", form)
    ours, theirs = {}, {}
    for url in URLS:
        before = proxy.opened
        with httpx.Client(verify=NO_TLS) as client, suppress(httpx.TransportError):
            client.get(url)
        theirs[url] = proxy.opened > before
        ours[url] = environment_proxy(httpx.URL(url)) is not None
    assert ours == theirs


@pytest.mark.parametrize(
    ("url", "no_proxy", "is_direct"),
    [
        ("http://10.1.2.3", "10.0.0.0/8", True),
        ("https://10.1.2.3:8443", "gate.test,10.1.2.9/8", True),
        ("http://11.1.2.3", "10.0.0.0/8", False),
        ("http://gate.test", "0.0.0.0/0", False),
        ("http://[::1]", "0.0.0.0/0", False),
        ("http://[fd00::1]", "fd00::/8", True),
        ("http://[fe80::1]", "fd00::/8", False),
        ("http://127.0.0.1", "::/0", False),
        ("http://[::1]:8080", "[::1]", True),
        ("http://[::1]:8080", "0:0:0:0:0:0:0:1", True),
        ("http://[::1]:8080", "[::1]:8080", True),
        ("http://[::1]:8080", "[::1]:80", False),
        ("http://gate.test", "gate.test:x,[::,\x01,gate.test", True),
    ],
)
def test_what_no_proxy_names_besides(
    url: str, no_proxy: str, is_direct: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ALL_PROXY", "http://proxy.test")
    monkeypatch.setenv("NO_PROXY", no_proxy)
    assert (environment_proxy(httpx.URL(url)) is None) == is_direct


@pytest.mark.parametrize(
    ("setting", "said"),
    [
        ("http://127.0.0.1:9", "through the proxy 127.0.0.1 port 9 (the system's settings)"),
        ("'http://u:hunter2@127.0.0.1'", "the proxy of the system's settings can't be used"),
    ],
)
def test_a_proxy_of_the_systems_settings(
    setting: str, said: str, caller: Caller, monkeypatch: pytest.MonkeyPatch
) -> None:
    # As on macOS and Windows.
    monkeypatch.setattr("ai_gate._http.proxy.getproxies", lambda: {"http": setting})
    error = caller.attempt(POST, GATE).error
    assert said in str(error)
    assert "hunter2" not in str(error)
