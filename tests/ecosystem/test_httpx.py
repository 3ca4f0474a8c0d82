"""What the SDK asks of httpx: its errors as causes, and the one private name that it replaces."""

from __future__ import annotations

import socket
from collections.abc import Callable
from typing import Any

import httpcore
import httpx
import pytest

from ai_gate import AIGateError, APIConnectionError, APITimeoutError
from ai_gate.testing import MockGate

from .calling import NO_TLS, SESSION, TURN, Client, Mode, call, with_client

TRANSPORTS: dict[Any, type] = {
    httpx.HTTPTransport: httpcore.ConnectionPool,
    httpx.AsyncHTTPTransport: httpcore.AsyncConnectionPool,
}


@pytest.fixture
def silent() -> Any:
    """The URL of a server that takes connections and never answers."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"


@pytest.fixture
def nobody() -> str:
    """A URL at which nobody listens."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return f"http://127.0.0.1:{listener.getsockname()[1]}"


def test_the_cause_is_httpxs_error_and_httpcores_is_behind_it(nobody: str, mode: Mode) -> None:
    with pytest.raises(APIConnectionError, match="could not be reached") as caught:
        call(mode, nobody, max_retries=0)
    cause = caught.value.__cause__
    assert type(cause) is httpx.ConnectError
    assert type(cause.__cause__) is httpcore.ConnectError
    assert str(cause.request.url) == f"{nobody}/session"


def test_the_cause_of_a_timeout_is_httpxs(silent: str, mode: Mode) -> None:
    with pytest.raises(APITimeoutError, match="may have been created and billed") as caught:
        call(mode, silent, timeout=0.3)
    cause = caught.value.__cause__
    assert type(cause) is httpx.ReadTimeout
    if mode == "sync":
        assert type(cause.__cause__) is httpcore.ReadTimeout
    else:
        # The call was cancelled at its deadline, so httpcore raised nothing.
        assert cause.__cause__ is None


def test_a_wrapper_can_make_the_request_anew(
    gate: MockGate, mode: Mode, monkeypatch: pytest.MonkeyPatch
) -> None:
    send = httpx.HTTPTransport.handle_request
    send_async = httpx.AsyncHTTPTransport.handle_async_request

    def handle(self: Any, request: httpx.Request) -> httpx.Response:
        return send(self, _anew(request))

    async def handle_async(self: Any, request: httpx.Request) -> httpx.Response:
        return await send_async(self, _anew(request))

    monkeypatch.setattr(httpx.HTTPTransport, "handle_request", handle)
    monkeypatch.setattr(httpx.AsyncHTTPTransport, "handle_async_request", handle_async)
    assert call(mode, gate.url)["id"]


def _anew(request: httpx.Request) -> httpx.Request:
    """Return a request without the extensions of the one that came."""
    return httpx.Request(
        request.method, request.url, headers=request.headers, content=request.content
    )


@pytest.mark.parametrize("transport", TRANSPORTS)
def test_the_private_name_is_there(transport: Any) -> None:
    """httpx's transports keep their pool in `_pool`.

    This looks at the httpx that is installed, which is the newest one; .ci/run has it look at the
    lowest allowed version too.
    """
    made = transport(verify=NO_TLS)
    assert type(made._pool) is TRANSPORTS[transport]


@pytest.mark.parametrize("operation", [SESSION, TURN])
def test_httpcores_own_pool_is_not_used(
    operation: str, gate: MockGate, mode: Mode, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*args: object) -> None:
        raise AssertionError("httpcore's pool was used")

    monkeypatch.setattr(httpcore.ConnectionPool, "handle_request", fail)
    monkeypatch.setattr(httpcore.AsyncConnectionPool, "handle_async_request", fail)
    call(mode, gate.url, operation)
    assert len(gate.received) == 1


@pytest.fixture
def without_the_name(monkeypatch: pytest.MonkeyPatch) -> None:
    """An httpx whose transports keep their pool under another name."""

    def renamed(made: Callable[..., None]) -> Callable[..., None]:
        def make(self: Any, *args: Any, **options: Any) -> None:
            made(self, *args, **options)
            self._renamed = vars(self).pop("_pool")

        return make

    for transport in TRANSPORTS:
        monkeypatch.setattr(transport, "__init__", renamed(transport.__init__))


@pytest.mark.usefixtures("without_the_name")
def test_an_httpx_without_the_name_is_refused_at_the_first_call(gate: MockGate, mode: Mode) -> None:
    async def work(client: Client) -> None:
        for operation in (client.create_session, client.get_turn_credentials):
            with pytest.raises(AIGateError, match=rf"httpx {httpx.__version__}.*http_client"):
                await operation()

    with_client(mode, gate.url, work)
    assert gate.received == []


@pytest.mark.usefixtures("without_the_name")
def test_an_httpx_without_the_name_takes_an_http_client(mode: Mode) -> None:
    transport = httpx.MockTransport(lambda request: httpx.Response(200, json={"id": "sess_theirs"}))
    assert call(mode, "http://gate", transport=transport)["id"] == "sess_theirs"
