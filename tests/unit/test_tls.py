"""TLS: one context for all clients, CA certificates from the environment."""

from __future__ import annotations

import socket
import ssl
import threading
from pathlib import Path
from typing import Any
from unittest.mock import Mock

import anyio
import httpx
import pytest

from ai_gate import AIGateError, APIConnectionError, APITimeoutError
from ai_gate._http.tls import shared_context
from ai_gate.testing._faults.steps import Send
from tests.support.callers import ASYNCIO, GET, TRIO, Caller, Client, Operation
from tests.support.fixtures import Serve
from tests.support.responses import TURN, head
from tests.support.server import Server
from tests.support.steps import Handshake, ReadHead, replay

pytestmark = pytest.mark.usefixtures("no_backoff")


@pytest.fixture
def secure(serve: Serve, tls: ssl.SSLContext) -> Server:
    return serve((Handshake(tls), *replay(TURN)), scheme="https")


@pytest.mark.usefixtures("trusted")
def test_the_context_is_shared() -> None:
    assert shared_context() is shared_context()


@pytest.mark.usefixtures("trusted")
def test_it_verifies() -> None:
    context = shared_context()
    assert context.verify_mode is ssl.CERT_REQUIRED
    assert context.check_hostname


@pytest.mark.parametrize("name", ["SSL_CERT_FILE", "SSL_CERT_DIR"])
def test_it_is_made_anew_when_the_settings_change(
    name: str, authority_file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(authority_file))
    first = shared_context()
    copy = tmp_path / "copy.pem"
    copy.write_bytes(authority_file.read_bytes())
    monkeypatch.setenv(name, str(copy if name == "SSL_CERT_FILE" else tmp_path))
    second = shared_context()
    assert second is not first
    assert shared_context() is second


@pytest.mark.usefixtures("trusted")
def test_all_clients_share_it(
    caller: Caller, secure: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    shared_context()
    monkeypatch.setattr("httpx.create_ssl_context", None)  # calling it would fail

    async def body() -> None:
        for _ in range(3):
            async with caller.client(secure.url) as client:
                await client.get_turn_credentials()

    caller.run(body)
    assert secure.opened == 3


@pytest.mark.parametrize("caller", [ASYNCIO, TRIO], ids=str)
def test_many_first_calls_read_the_certificates_once(
    caller: Caller, authority_file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    copy = tmp_path / "copy.pem"
    copy.write_bytes(authority_file.read_bytes())
    monkeypatch.setenv("SSL_CERT_FILE", str(copy))
    create, all_wait = httpx.create_ssl_context, threading.Event()
    read = Mock(side_effect=lambda: all_wait.wait(60) and create())
    monkeypatch.setattr("httpx.create_ssl_context", read)

    async def body() -> None:
        async with (
            caller.client("https://127.0.0.1:9", max_retries=0) as client,
            anyio.create_task_group() as group,
        ):
            for _ in range(20):
                group.start_soon(client.failure, GET)
            await anyio.wait_all_tasks_blocked()
            all_wait.set()

    caller.run(body)
    read.assert_called_once_with()


@pytest.mark.usefixtures("trusted")
def test_a_certificate_of_the_environments_authority_is_trusted(
    caller: Caller, secure: Server, operation: Operation
) -> None:

    async def body(client: Client) -> None:
        for _ in range(2):
            assert await client.call(operation) == {"iceServers": []}

    caller.use(secure.url, body)
    assert (secure.opened, len(secure.requests)) == (1, 2)


def test_an_authority_that_is_not_known_is_not_trusted(
    caller: Caller,
    secure: Server,
    operation: Operation,
    other_authority_file: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(other_authority_file))

    async def body(client: Client) -> None:
        error = await client.failure(operation)
        assert type(error) is APIConnectionError
        assert "CERTIFICATE_VERIFY_FAILED" in str(error)
        assert "billed" not in str(error)

    caller.use(secure.url, body)
    assert secure.requests == []


@pytest.fixture(params=["missing", "text", "folder"])
def bad_file(
    request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / request.param
    if request.param == "text":
        path.write_text("no certificate")
    elif request.param == "folder":
        path.mkdir()
    monkeypatch.setenv("SSL_CERT_FILE", str(path))


@pytest.mark.usefixtures("bad_file")
def test_a_bad_cert_file(caller: Caller, secure: Server, operation: Operation) -> None:
    async def body() -> AIGateError:
        async with caller.client(secure.url) as client:
            return await client.failure(operation)

    error = caller.run(body)
    assert (secure.opened, secure.requests) == (0, [])
    assert "SSL_CERT_FILE" in str(error)
    assert "lost" not in str(error)
    assert "billed" not in str(error)


@pytest.mark.parametrize("caller", [ASYNCIO, TRIO], ids=str)
def test_certificates_that_take_longer_than_the_call(
    caller: Caller, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SSL_CERT_DIR", str(tmp_path))
    create, is_over = httpx.create_ssl_context, threading.Event()
    read = Mock(side_effect=lambda: is_over.wait(60) and create())
    monkeypatch.setattr("httpx.create_ssl_context", read)
    outcome = caller.attempt(GET, "https://127.0.0.1:9", timeout=0.2)
    is_over.set()
    assert type(outcome.error) is APITimeoutError
    assert "billed" not in str(outcome.error)
    assert outcome.seconds < 20.0
    read.assert_called_once_with()


@pytest.mark.usefixtures("trusted")
def test_a_cert_file_that_goes_bad_later(
    caller: Caller,
    secure: Server,
    operation: Operation,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async def body() -> AIGateError:
        async with caller.client(secure.url) as client:
            await client.get_turn_credentials()
            secure.hang_up()
            monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "missing"))
            return await client.failure(operation)

    error = caller.run(body)
    assert type(error) is APIConnectionError
    assert "CA certificates" in str(error)
    assert "billed" not in str(error)
    assert len(secure.requests) == 1


@pytest.mark.usefixtures("bad_file")
def test_a_bad_cert_file_is_no_concern_of_plain_http(caller: Caller, serve: Serve) -> None:
    server = serve(replay(TURN))

    async def body(client: Client) -> None:
        assert await client.get_turn_credentials() == {"iceServers": []}

    caller.use(server.url, body)


@pytest.fixture
def names(tls: ssl.SSLContext, monkeypatch: pytest.MonkeyPatch) -> list[str | None]:
    """The names that are asked for by SNI. gate.test with a dot at the end leads to loopback."""
    look_up = socket.getaddrinfo

    def look_up_here(host: str | bytes, *rest: Any, **options: Any) -> Any:
        is_gate = host in ("gate.test.", b"gate.test.")
        return look_up("127.0.0.1" if is_gate else host, *rest, **options)

    monkeypatch.setattr(socket, "getaddrinfo", look_up_here)
    asked: list[str | None] = []

    def note(_: ssl.SSLObject, name: str | None, __: ssl.SSLContext) -> None:
        asked.append(name)

    monkeypatch.setattr(tls, "sni_callback", note)
    return asked


@pytest.mark.usefixtures("trusted")
@pytest.mark.parametrize("injected", [False, True], ids=["own", "injected"])
def test_an_absolute_name(
    injected: bool, caller: Caller, secure: Server, names: list[str | None]
) -> None:
    url = secure.url.replace("127.0.0.1", "gate.test.")

    async def main() -> None:
        async with caller.httpx_client(verify=shared_context()) as http:
            options: dict[str, Any] = {"http_client": http.client} if injected else {}
            async with caller.client(url, **options) as client:
                for _ in range(2):
                    assert await client.get_turn_credentials() == {"iceServers": []}

    caller.run(main)
    assert names == ["gate.test"]
    assert {request.headers["host"] for request in secure.requests} == {
        url.removeprefix("https://")
    }


@pytest.mark.usefixtures("trusted")
def test_an_absolute_name_through_a_proxy(
    caller: Caller,
    serve: Serve,
    tls: ssl.SSLContext,
    names: list[str | None],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    proxy = serve((ReadHead(), Send(head(200)), Handshake(tls), *replay(TURN)))
    monkeypatch.setenv("HTTPS_PROXY", proxy.url)
    assert caller.call(GET, "https://gate.test.") == {"iceServers": []}
    assert names == ["gate.test"]
    assert proxy.requests[0].target == "gate.test.:443"


@pytest.mark.usefixtures("trusted")
def test_a_proxy_with_an_absolute_name(
    caller: Caller, secure: Server, names: list[str | None], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HTTP_PROXY", secure.url.replace("127.0.0.1", "gate.test."))
    assert caller.call(GET, "http://elsewhere.test") == {"iceServers": []}
    assert names == ["gate.test"]
