"""What keeps a call from being opened has a name, and leaves nothing behind."""

from __future__ import annotations

import asyncio
import contextlib
import re
import socket
import time
import traceback
from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from ai_gate import AIGateError, APIConnectionError, APITimeoutError, InvalidResponseError
from ai_gate.testing import MockGate
from ai_gate.types import SessionResponse
from ai_gate.webrtc import (
    ClientSecretExpiredError,
    NoPathError,
    SDPRefusedError,
    WebRTCError,
    connect,
    probe_turn,
)
from tests.voice.calling import SECRET_PARTS, calling, minted, run, shown_by
from tests.voice.coturn import HOST, free_port
from tests.voice.dead_ends import refusing, silent

NO_SDP = b"<html>what is this?</html>"
SDP_WITHOUT_SENSE = (
    b"v=0\r\no=- 1 1 IN IP4 0.0.0.0\r\ns=-\r\nt=0 0\r\na=fingerprint:sha-256 00:00\r\n"
    b"m=audio 9 what 0\r\n"
)
SDP_THAT_IS_QUOTED = b"v=0 s3cret\r\na=fingerprint:sha-256 00:00\r\na=setup:active\r\n"


class Factory:
    """Creates sessions, for a machine whose clock is some seconds ahead."""

    def __init__(self, gate: MockGate, ahead: int = 0) -> None:
        self.created: list[SessionResponse] = []
        self._gate = gate
        self._ahead = ahead

    async def __call__(self) -> SessionResponse:
        session = await minted(self._gate)
        session["client_secret"]["expires_at"] -= self._ahead
        self.created.append(session)
        return session


def failing(gate: MockGate, kind: type[AIGateError], **options: Any) -> AIGateError:
    """The error of a call that can't be opened."""
    failures = []

    async def main() -> None:
        with pytest.raises(kind) as caught:
            async with calling(gate, **options):
                pass
        failures.append(caught.value)

    run(main())
    (failure,) = failures
    assert type(failure) is kind
    assert [part for part in SECRET_PARTS if part in f"{failure} {failure!r}"] == []
    assert shown_by(failure) == []
    return failure


@pytest.mark.parametrize("ahead", [2, 66, 3600])
def test_a_clock_that_is_ahead_does_no_harm(gate: MockGate, ahead: int) -> None:
    async def main() -> None:
        session = await minted(gate)
        session["client_secret"]["expires_at"] = int(time.time()) - ahead
        async with connect(session, realtime_url=gate.realtime_url) as call:
            assert call.status == "connected"

    run(main())


def test_a_refusal_past_the_expiry_is_named_so(gate: MockGate) -> None:
    async def main() -> None:
        session = await minted(gate)
        session["client_secret"]["expires_at"] = int(time.time()) - 2
        gate.voice.expire()
        with pytest.raises(ClientSecretExpiredError) as caught:
            async with connect(session, realtime_url=gate.realtime_url):
                pass
        assert caught.value.status_code == 401
        assert isinstance(caught.value.__cause__, SDPRefusedError)

    run(main())


def test_a_refusal_before_the_expiry_is_a_refusal(gate: MockGate) -> None:
    async def main() -> None:
        session = await minted(gate)
        gate.voice.expire()
        with pytest.raises(SDPRefusedError) as caught:
            async with connect(session, realtime_url=gate.realtime_url):
                pass
        assert caught.value.status_code == 401
        assert caught.value.code is not None

    run(main())


@pytest.mark.parametrize("has_factory", [False, True])
def test_a_refusal_that_says_expired_is_named_so(gate: MockGate, has_factory: bool) -> None:
    async def main() -> None:
        factory = Factory(gate)
        gate.voice.refuse_next(401, code="token_expired")
        source = factory if has_factory else await factory()
        with pytest.raises(ClientSecretExpiredError):
            async with connect(source, realtime_url=gate.realtime_url):
                pass
        assert len(factory.created) == 1

    run(main())


def test_a_closed_http_client_is_noticed_before_a_session_is_created(gate: MockGate) -> None:
    async def main() -> None:
        factory = Factory(gate)
        client = httpx.AsyncClient()
        await client.aclose()
        with pytest.raises(AIGateError, match="closed"):
            async with connect(factory, http_client=client, realtime_url=gate.realtime_url):
                pass
        assert factory.created == []

    run(main())


@pytest.mark.parametrize("ahead", [3600, -3600])
def test_the_clock_does_not_matter_for_a_factory(gate: MockGate, ahead: int) -> None:
    async def main() -> None:
        factory = Factory(gate, ahead)
        async with connect(factory, realtime_url=gate.realtime_url) as call:
            assert call.status == "connected"
        assert len(factory.created) == 1
        # Nor does it make a refusal one for another reason.
        gate.voice.refuse_next(401)
        with pytest.raises(SDPRefusedError):
            async with connect(factory, realtime_url=gate.realtime_url):
                pass
        assert len(factory.created) == 2

    run(main())


def test_a_connector_has_one_call_at_a_time(gate: MockGate) -> None:
    async def main() -> None:
        connector = connect(Factory(gate), realtime_url=gate.realtime_url)
        for _ in range(2):
            async with connector as call:
                with pytest.raises(AIGateError, match="has a call already"):
                    await connector.__aenter__()
                assert [call.status] == ["connected"]
            assert call.status == "closed"
        assert len(gate.voice.calls) == 2

    run(main())


@pytest.mark.parametrize("status", [400, 429, 503])
def test_a_refusal_says_what_openai_said(gate: MockGate, status: int) -> None:
    gate.voice.refuse_next(
        status, code="some_code", message="Not with ek_secret123", retry_after=3.0
    )
    failure = failing(gate, SDPRefusedError, api="calls")
    assert isinstance(failure, SDPRefusedError)
    assert (failure.status_code, failure.code, failure.retry_after) == (status, "some_code", 3.0)
    assert str(failure) == (f"The SDP offer was refused (HTTP {status}, some_code): Not with ***")
    assert failure.response["error"]["code"] == "some_code"
    assert b"some_code" in failure.body


def test_a_refusal_without_json(gate: MockGate) -> None:
    gate.voice.refuse_next(503, body=b"<html>Bad gateway</html>")
    failure = failing(gate, SDPRefusedError)
    assert str(failure) == "The SDP offer was refused (HTTP 503)."
    assert isinstance(failure, SDPRefusedError)
    assert (failure.code, failure.response, failure.body) == (None, {}, b"<html>Bad gateway</html>")


def test_no_call_can_have_begun_twice(gate: MockGate) -> None:
    gate.voice.refuse_next(500)
    failing(gate, SDPRefusedError)
    assert [one.path for one in gate.received] == ["/session", "/v1/realtime/calls"]


@pytest.mark.parametrize("body", [NO_SDP, SDP_WITHOUT_SENSE, b"", b"v=0\r\n" + bytes(300_000)])
def test_a_success_that_is_no_answer(gate: MockGate, body: bytes) -> None:
    gate.voice.refuse_next(201, body=body)
    failure = failing(gate, InvalidResponseError)
    assert "A call may have begun all the same" in str(failure)


def test_an_answer_that_is_quoted_by_what_goes_wrong(gate: MockGate) -> None:
    gate.voice.refuse_next(201, body=SDP_THAT_IS_QUOTED)
    failure = failing(gate, InvalidResponseError)
    assert "can't be used (ValueError)" in str(failure)
    told = "".join(traceback.format_exception(failure))
    assert "s3cret" not in told
    assert failure.__context__ is None


def test_an_answer_that_names_no_certificate(gate: MockGate) -> None:
    async def main() -> None:
        session = await minted(gate)
        start = time.monotonic()
        async with httpx.AsyncClient(transport=_WithoutFingerprint()) as client:
            with pytest.raises(InvalidResponseError, match="names no certificate"):
                async with connect(session, realtime_url=gate.realtime_url, http_client=client):
                    pass
        assert time.monotonic() - start < 5.0

    run(main())


@pytest.mark.parametrize("event", ["request", "response"])
def test_a_timeout_of_a_hook_is_not_ours(gate: MockGate, event: str) -> None:
    async def fail(_: object) -> None:
        raise TimeoutError("the hook's own")

    async def main() -> None:
        session = await minted(gate)
        async with httpx.AsyncClient(event_hooks={event: [fail]}) as client:
            with pytest.raises(TimeoutError, match="the hook's own") as caught:
                async with connect(session, realtime_url=gate.realtime_url, http_client=client):
                    pass
        assert shown_by(caught.value) == []

    run(main())


@pytest.mark.parametrize("secret", ["ek_ two", "ek_\n"])
def test_a_secret_that_cannot_be_sent_is_not_shown(gate: MockGate, secret: str) -> None:
    async def create() -> SessionResponse:
        session = await minted(gate)
        session["client_secret"]["value"] = secret
        return session

    async def main() -> None:
        for source in (create, await create()):
            with pytest.raises(WebRTCError, match="can't be sent") as caught:
                async with connect(source):
                    pass
            assert shown_by(caught.value) == []

    run(main())


def test_wrong_arguments_do_not_show_the_session(gate: MockGate) -> None:
    session: Any = asyncio.run(minted(gate))
    with pytest.raises(AIGateError, match="max_queue") as caught:
        connect(session, max_queue=0)
    assert shown_by(caught.value) == []
    with pytest.raises(AIGateError, match="timeout") as caught:
        asyncio.run(probe_turn([{"urls": "turn:a", "credential": "ek_"}], timeout=-1))
    assert shown_by(caught.value) == []


def test_nobody_is_there(on_loopback: None) -> None:
    with MockGate(realtime=True) as gate:
        url = f"http://{HOST}:{free_port()}/v1/realtime"
        failure = _failing_at(gate, url, APIConnectionError)
    assert "could not be sent" in str(failure)


def test_a_proxy_that_cannot_be_used(gate: MockGate, monkeypatch: pytest.MonkeyPatch) -> None:
    # Quotes as docker's env files keep them.
    monkeypatch.setenv("HTTP_PROXY", '"http://user:hunter2@proxy"')
    monkeypatch.setenv("NO_PROXY", f"{httpx.URL(gate.url).host}/32")
    failure = _failing_at(gate, "http://openai.test/v1/realtime", AIGateError)
    shown = "".join(traceback.format_exception(failure))
    assert "HTTP_PROXY" in str(failure)
    assert "hunter2" not in shown


def test_the_answer_is_lost(gate: MockGate) -> None:
    with _listening() as (port, listener):

        async def main() -> None:
            accepting = asyncio.create_task(asyncio.to_thread(_hang_up, listener))
            session = await minted(gate)
            with pytest.raises(APIConnectionError, match="A call may have begun all the same"):
                async with connect(session, realtime_url=f"http://{HOST}:{port}"):
                    pass
            await accepting

        run(main())


def test_no_answer_comes_in_time(gate: MockGate) -> None:
    with _listening() as (port, _):
        start = time.monotonic()
        failure = _failing_at(gate, f"http://{HOST}:{port}", APITimeoutError, open_timeout=0.3)
        assert 0.2 <= time.monotonic() - start < 2.0
    assert "within 0.3 s" in str(failure)


def test_relay_only_without_a_turn_server(gate: MockGate) -> None:
    start = time.monotonic()
    failure = failing(gate, NoPathError, relay_only=True)
    assert time.monotonic() - start < 1.0
    assert isinstance(failure, NoPathError)
    assert failure.turn_results == ()


def test_relay_only_tells_why_no_turn_server_works(on_loopback: None) -> None:
    url = refusing("tcp")
    servers = [{"urls": [url], "username": "alice", "credential": "s3cret"}]
    with MockGate(realtime=True, ice_servers=servers) as gate:
        failure = failing(gate, NoPathError, relay_only=True)
    assert isinstance(failure, NoPathError)
    assert [(one.url, one.works) for one in failure.turn_results] == [(url, False)]
    assert f"TURN: {url}: {failure.turn_results[0].reason}" in str(failure)
    assert "s3cret" not in f"{failure} {failure!r} {failure.turn_results}"


def test_the_time_ends_while_turn_servers_are_tried(on_loopback: None) -> None:
    with silent("udp") as hanging:
        urls = [refusing("tcp"), hanging]
        servers = [{"urls": urls, "username": "alice", "credential": "s3cret"}]
        with MockGate(realtime=True, ice_servers=servers) as gate:
            failure = failing(gate, NoPathError, relay_only=True, open_timeout=1.0)
    assert isinstance(failure, NoPathError)
    assert [one.reason for one in failure.turn_results] == ["connection refused"]
    assert "within 1 s. TURN: " in str(failure)


def test_a_dead_turn_server_does_not_matter_where_there_is_another_path(
    on_loopback: None,
) -> None:
    servers = [{"urls": [refusing("tcp")], "username": "alice", "credential": "s3cret"}]
    with MockGate(realtime=True, ice_servers=servers) as gate:

        async def main() -> None:
            async with calling(gate) as call:
                assert call.status == "connected"
                assert [one.works for one in call.turn_results] == [False]

        run(main())


def test_this_machine_has_no_address(gate: MockGate, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("aioice.ice.get_host_addresses", lambda use_ipv4, use_ipv6: [])
    failure = failing(gate, NoPathError)
    assert isinstance(failure, NoPathError)
    assert failure.candidates == ()


def test_both_sides_try_in_vain(gate: MockGate, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ai_gate.webrtc._peer.SETTLING", 0.5)

    async def main() -> None:
        session = await minted(gate)

        async def cut_off(response: httpx.Response) -> None:
            # From the moment of the answer on nothing gets through.
            gate.voice.vanish()

        start = time.monotonic()
        async with httpx.AsyncClient(event_hooks={"response": [cut_off]}) as http_client:
            with pytest.raises(NoPathError) as caught:
                async with connect(
                    session,
                    realtime_url=gate.realtime_url,
                    http_client=http_client,
                    open_timeout=1.0,
                    close_timeout=0.2,
                ):
                    pass
        assert 1.0 <= time.monotonic() - start < 2.0
        assert [one.address for one in caught.value.candidates] == [HOST]

    run(main())


def test_a_closed_http_client(gate: MockGate) -> None:
    http_client = httpx.AsyncClient()
    asyncio.run(http_client.aclose())
    failure = failing(gate, AIGateError, http_client=http_client)
    assert "http_client is closed" in str(failure)


def test_an_http_client_of_the_callers_stays_open(gate: MockGate) -> None:
    async def main() -> None:
        # Its own authentication would take the place of the client secret.
        async with httpx.AsyncClient(auth=("user", "password"), timeout=0.001) as http_client:
            async with calling(gate, http_client=http_client) as call:
                assert call.status == "connected"
            assert not http_client.is_closed

    run(main())


class _WithoutFingerprint(httpx.AsyncHTTPTransport):
    """Takes the fingerprints out of an answer."""

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        response = await super().handle_async_request(request)
        answer = re.sub(rb"a=fingerprint:.*\r\n", b"", await response.aread())
        await response.aclose()
        return httpx.Response(response.status_code, content=answer)


def _failing_at(gate: MockGate, url: str, kind: type[AIGateError], **options: Any) -> AIGateError:
    failures = []

    async def main() -> None:
        session = await minted(gate)
        with pytest.raises(kind) as caught:
            async with connect(session, realtime_url=url, **options):
                pass
        failures.append(caught.value)

    run(main())
    return failures[0]


@contextlib.contextmanager
def _listening() -> Iterator[tuple[int, socket.socket]]:
    """Yield a port at which nothing is answered, and its socket."""
    with socket.create_server((HOST, 0)) as listener:
        listener.settimeout(5.0)
        yield listener.getsockname()[1], listener


def _hang_up(listener: socket.socket) -> None:
    """Take a request and hang up."""
    connection, _ = listener.accept()
    with connection:
        connection.recv(2**16)
