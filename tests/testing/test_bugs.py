"""Bugs of the mock gate itself: each gives a 500, is kept, and fails the test at its end."""

from collections.abc import Callable

import httpx
import pytest

from ai_gate.testing import MockGate, MockGateError, Violation
from ai_gate.testing._contract import Call, load_contract
from ai_gate.testing._operations import Operations
from ai_gate.testing._response import Response, json_response
from ai_gate.testing._router import Router
from tests.support.callers import BARE

Handler = Callable[[Operations, Call], Response]


def response_of_a_broken_gate(
    monkeypatch: pytest.MonkeyPatch, handler: Handler
) -> tuple[MockGate, httpx.Response]:
    monkeypatch.setattr(Operations, "get_health", handler)
    gate = MockGate().start()
    return gate, httpx.get(f"{gate.url}/health", **BARE)


@pytest.mark.parametrize(
    ("response", "message"),
    [
        (json_response(200, {}), "ContractError: 200: the body lacks status"),
        (json_response(200, {"status": 1}), '200: status does not satisfy type: "string"'),
        (Response(200, b""), "200: Missing response data"),
        (Response(200, b"{"), "the body is no valid JSON: Expecting property name"),
        (Response(200, b"{}", "text/plain"), "200: the content type must be application/json"),
        (json_response(302, {}), "302: Unknown response http status: 302"),
    ],
)
def test_bad_response(monkeypatch: pytest.MonkeyPatch, response: Response, message: str) -> None:
    gate, received = response_of_a_broken_gate(monkeypatch, lambda *_: response)
    assert received.status_code == 500
    assert received.json()["error"] == "internal_error"
    assert "cf-ray" in received.headers
    (violation,) = gate.violations
    assert (violation.kind, violation.method, violation.path) == ("answer", "GET", "/health")
    assert message in violation.message
    with pytest.raises(MockGateError, match="The mock gate broke") as caught:
        gate.close()
    assert message in str(caught.value)
    gate.close()


def test_bad_header(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(
        "ai_gate.testing._operations.rate_limit_headers",
        lambda *_: {"X-RateLimit-Limit": "many"},
    )
    gate = MockGate().start()
    url = f"{gate.url}/turn-credentials?identifier=p"
    assert httpx.get(url, **BARE).status_code == 500
    with pytest.raises(MockGateError, match="X-RateLimit-Limit: CastError"):
        gate.close()


def test_exception_in_the_gate(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object) -> Response:
        raise LookupError("a bug")

    gate, received = response_of_a_broken_gate(monkeypatch, fail)
    assert received.status_code == 500
    assert gate.violations == [Violation("answer", "GET", "/health", "LookupError: a bug")]
    with pytest.raises(MockGateError, match="a bug"):
        gate.close()


def test_exception_in_the_connection(
    monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    def fail(*_: object) -> Response:
        raise LookupError("a bug")

    monkeypatch.setattr(Router, "respond", fail)
    gate = MockGate().start()
    with pytest.raises(httpx.RemoteProtocolError):
        httpx.get(f"{gate.url}/health", **BARE)
    with pytest.raises(MockGateError, match="a bug"):
        gate.close()
    assert capfd.readouterr() == ("", "")


def test_network_that_times_out_is_no_bug(
    monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    def fail(*_: object) -> Response:
        raise TimeoutError

    monkeypatch.setattr(Router, "respond", fail)
    with MockGate() as gate, pytest.raises(httpx.RemoteProtocolError):
        httpx.get(f"{gate.url}/turn-credentials?identifier=proj_secret", **BARE)
    assert capfd.readouterr() == ("", "")


def test_bug_shows_though_the_test_expects_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Operations, "get_health", lambda *_: json_response(200, {}))
    with pytest.raises(MockGateError) as caught, MockGate() as gate:
        httpx.get(f"{gate.url}/health", **BARE).raise_for_status()
    assert isinstance(caught.value.__context__, httpx.HTTPStatusError)


def test_spec_is_read_once() -> None:
    assert load_contract() is load_contract()
