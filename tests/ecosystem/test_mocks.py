"""Under a tool that mocks httpx nothing is sent, and its outcome is the call's."""

from __future__ import annotations

from collections.abc import Iterator

import httpx
import pytest

from ai_gate import APIConnectionError, APITimeoutError, QuotaExceededError
from ai_gate.testing import MockGate

from .calling import PATHS, PROJECT, SESSION, TURN, Client, Mode, call, with_client
from .mocks import TOOLS, Mock, mocked

OK = (200, {"id": "sess_mocked", "unknown": [None]})
BUSY = (503, {"error": "service_unavailable", "message": "later"})
pytestmark = [
    pytest.mark.usefixtures("no_waits"),
    pytest.mark.httpx_mock(
        assert_all_requests_were_expected=False, assert_all_responses_were_requested=False
    ),
]


@pytest.fixture(params=TOOLS)
def tool(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def session(tool: str, gate: MockGate, request: pytest.FixtureRequest) -> Iterator[Mock]:
    """The tool, to be told the outcomes of session requests."""
    fixture = request.getfixturevalue("httpx_mock") if tool == "pytest-httpx" else None
    with mocked(tool, "POST", gate.url + PATHS[SESSION], fixture) as mock:
        yield mock
    assert gate.received == []


@pytest.fixture
def turn(tool: str, gate: MockGate, request: pytest.FixtureRequest) -> Iterator[Mock]:
    """The tool, to be told the outcomes of requests for TURN credentials."""
    fixture = request.getfixturevalue("httpx_mock") if tool == "pytest-httpx" else None
    url = f"{gate.url}{PATHS[TURN]}?identifier={PROJECT}"
    with mocked(tool, "GET", url, fixture) as mock:
        yield mock
    assert gate.received == []


def test_an_answer_is_the_calls(session: Mock, gate: MockGate, mode: Mode) -> None:
    session.expect([OK])
    assert call(mode, gate.url, **session.options()) == OK[1]
    assert session.seen() == 1


def test_a_refusal_is_an_error(session: Mock, gate: MockGate, mode: Mode) -> None:
    body = {"error": "quota_exceeded", "message": "used up", "upgrade_url": "https://up"}
    session.expect([(402, body), OK])
    with pytest.raises(QuotaExceededError, match="Quota exceeded: used up") as caught:
        call(mode, gate.url, **session.options())
    assert caught.value.response == body
    assert session.seen() == 1


def test_only_what_is_not_billed_is_repeated_after_a_refusal(
    session: Mock, gate: MockGate, mode: Mode
) -> None:
    session.expect([BUSY, OK])
    with pytest.raises(Exception, match="later"):
        call(mode, gate.url, **session.options())
    assert session.seen() == 1


def test_turn_credentials_are_asked_for_again(turn: Mock, gate: MockGate, mode: Mode) -> None:
    turn.expect([BUSY, httpx.ReadTimeout("mocked"), OK])
    assert call(mode, gate.url, TURN, **turn.options()) == OK[1]
    assert turn.seen() == 3


@pytest.mark.parametrize("kind", [httpx.ReadTimeout, httpx.TimeoutException])
def test_a_mocked_timeout_is_a_timeout(
    session: Mock, gate: MockGate, mode: Mode, kind: type[httpx.TimeoutException]
) -> None:
    error = kind("mocked")
    session.expect([error, OK])
    with pytest.raises(APITimeoutError, match="may have been created and billed") as caught:
        call(mode, gate.url, **session.options())
    assert caught.value.__cause__ is error
    assert session.seen() == 1


def test_a_mocked_loss_is_not_repeated(session: Mock, gate: MockGate, mode: Mode) -> None:
    error = httpx.RemoteProtocolError("mocked")
    session.expect([error, OK])
    with pytest.raises(APIConnectionError, match=r"lost .* may have been created") as caught:
        call(mode, gate.url, **session.options())
    assert caught.value.__cause__ is error
    assert session.seen() == 1


def test_a_mocked_connect_error_is_repeated(session: Mock, gate: MockGate, mode: Mode) -> None:
    session.expect([httpx.ConnectError("mocked"), OK])
    assert call(mode, gate.url, **session.options()) == OK[1]
    assert session.seen() == 2


def test_a_mocked_gate_that_is_not_there(session: Mock, gate: MockGate, mode: Mode) -> None:
    error = httpx.ConnectError("mocked")
    session.expect([error])
    with pytest.raises(APIConnectionError, match=r"could not be reached: mocked\.$") as caught:
        call(mode, gate.url, max_retries=0, **session.options())
    assert caught.value.__cause__ is error


@pytest.mark.parametrize("operation", [SESSION, TURN])
def test_its_own_complaint_passes_through(
    session: Mock, gate: MockGate, mode: Mode, operation: str
) -> None:
    with pytest.raises(session.unexpected) as caught:
        call(mode, gate.url, operation, **session.options())
    assert type(caught.value) is session.unexpected


def test_other_exceptions_pass_through(session: Mock, gate: MockGate, mode: Mode) -> None:
    error = ZeroDivisionError("mocked")
    session.expect([error, OK])
    with pytest.raises(ZeroDivisionError) as caught:
        call(mode, gate.url, **session.options())
    assert caught.value is error


@pytest.mark.parametrize("tool", sorted({*TOOLS} - {"MockTransport", "pytest-httpx"}))
def test_switched_on_and_off_while_a_client_lives(
    tool: str, gate: MockGate, mode: Mode, request: pytest.FixtureRequest
) -> None:
    url = gate.url + PATHS[SESSION]

    async def work(client: Client) -> None:
        for calls in (1, 2):
            assert (await client.create_session())["object"] == "realtime.session"
            assert len(gate.received) == calls
            with mocked(tool, "POST", url, None) as mock:
                mock.expect([OK])
                assert await client.create_session() == OK[1]
            assert len(gate.received) == calls

    with_client(mode, gate.url, work)
