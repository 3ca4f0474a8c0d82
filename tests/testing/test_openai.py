"""OpenAI's side of the mock gate over HTTP: which offers are accepted, and how others are refused.

The calls themselves are tested in tests/voice.
"""

import errno
import os
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from ai_gate.testing import MockGate
from ai_gate.testing._openai import realtime
from ai_gate.testing._openai.register import Register, VoiceCall
from tests.support.callers import BARE

OFFER = b"v=0\r\n"
# A copy of all events for each new one would take half a minute.
EVENTS = 200_000
REGISTER_SECONDS = 5.0
PATHS = ["/v1/realtime/calls", "/v1/realtime?model=gpt-realtime"]


@pytest.fixture
def gate() -> Iterator[MockGate]:
    with MockGate(realtime=True) as gate:
        yield gate


@pytest.fixture
def secret(client: httpx.Client) -> str:
    session = client.post("/session", json={"project_id": "proj_demo"}).json()
    value: str = session["client_secret"]["value"]
    return value


def offer(client: httpx.Client, path: str, secret: str, **headers: str) -> httpx.Response:
    given = {"Authorization": f"Bearer {secret}", "Content-Type": "application/sdp", **headers}
    return client.post(path, content=OFFER, headers=given)


def code(answer: httpx.Response) -> object:
    error: dict[str, object] = answer.json()["error"]
    assert list(error) == ["message", "type", "code", "param"]
    return error["code"]


@pytest.mark.parametrize("path", PATHS)
def test_without_a_voice_the_paths_are_not_there(path: str) -> None:
    with MockGate() as gate, httpx.Client(base_url=gate.url, **BARE) as client:
        for method in ("POST", "OPTIONS"):
            answer = client.request(method, path)
            assert answer.status_code == 404
            assert answer.json()["error"] == "not_found"
            assert "access-control-allow-origin" not in answer.headers
    assert len(gate.violations) == 2


def test_without_a_voice_there_is_no_handle() -> None:
    gate = MockGate(port=8787)
    for name in ("voice", "realtime_url"):
        with pytest.raises(RuntimeError, match=r"MockGate\(realtime=True\)"):
            getattr(gate, name)


def test_without_a_voice_nothing_of_it_is_loaded() -> None:
    script = (
        "import sys\nfrom ai_gate.testing import MockGate\nwith MockGate(): pass\n"
        "print([name for name in sys.modules if '_openai' in name or 'aiortc' in name])"
    )
    result = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True
    )
    assert result.stdout == "[]\n"


def test_without_aiortc_it_is_said_what_to_install() -> None:
    script = (
        "import sys\nsys.modules['aiortc'] = None\n"
        "from ai_gate.testing import MockGate, MockGateError\n"
        "try:\n    MockGate(realtime=True)\n"
        "except MockGateError as error:\n    print(error, type(error.__cause__).__name__)"
    )
    result = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True
    )
    assert 'pip install "ai-gate[testing,webrtc]"' in result.stdout
    assert "ModuleNotFoundError" in result.stdout


def test_a_gate_whose_voice_can_not_start(monkeypatch: pytest.MonkeyPatch) -> None:
    def no_loop() -> None:
        raise OSError(errno.EMFILE, os.strerror(errno.EMFILE))

    gate = MockGate(realtime=True)
    failures: list[OSError] = []

    def start() -> None:
        try:
            gate.start()
        except OSError as error:
            failures.append(error)

    threads = threading.active_count()
    with monkeypatch.context() as patch:
        patch.setattr(realtime, "WiredLoop", no_loop)
        starting = threading.Thread(target=start, daemon=True)
        starting.start()
        starting.join(10.0)
    assert [failure.errno for failure in failures] == [errno.EMFILE]
    assert threading.active_count() == threads
    gate.close()
    with gate:
        assert httpx.get(f"{gate.url}/health", **BARE).status_code == 200
        gate.voice.hang_up()


def test_the_register_keeps_many_events() -> None:
    register = Register()
    register.add(VoiceCall("rtc_1", "calls", "gpt-realtime", "connected"))
    # What this thread alone computes is measured: other work on the machine has no part in it.
    limit = time.thread_time() + REGISTER_SECONDS
    for index in range(EVENTS):
        register.receive("rtc_1", {"index": index})
        assert time.thread_time() < limit, f"too slow after {index} events"
    (call,) = register.calls()
    assert [event["index"] for event in call.events] == list(range(EVENTS))
    assert register.calls()[0] is call


def test_the_register_keeps_the_newest_calls() -> None:
    register = Register()
    for number in range(1002):
        register.add(VoiceCall(f"rtc_{number}", "calls", "gpt-realtime", "connecting"))
        register.receive("rtc_0", {"number": number})
    assert [call.call_id for call in register.calls()][::999] == ["rtc_2", "rtc_1001"]


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize(
    ("authorization", "wanted"),
    [
        (None, "missing_api_key"),
        ("", "missing_api_key"),
        ("Bearer", "missing_api_key"),
        ("Basic ek_1", "missing_api_key"),
        ("Bearer ek_never_minted", "invalid_api_key"),
    ],
)
def test_client_secrets_that_are_not_taken(
    client: httpx.Client, path: str, authorization: str | None, wanted: str
) -> None:
    headers = {"Content-Type": "application/sdp"}
    if authorization is not None:
        headers["Authorization"] = authorization
    answer = client.post(path, content=OFFER, headers=headers)
    assert (answer.status_code, code(answer)) == (401, wanted)
    assert "ek_" not in answer.text


@pytest.mark.parametrize("path", PATHS)
def test_a_client_secret_expires_by_the_clock_of_the_gate(
    gate: MockGate, client: httpx.Client, secret: str, path: str
) -> None:
    # It is taken: what is wrong is the offer.
    assert code(offer(client, path, secret)) == "invalid_offer"
    gate.advance(30)
    assert code(offer(client, path, secret)) == "invalid_offer"
    gate.advance(30)
    answer = offer(client, path, secret)
    assert (answer.status_code, code(answer)) == (401, "invalid_api_key")
    assert "expired" in answer.json()["error"]["message"]


def test_client_secrets_can_expire_early(gate: MockGate, client: httpx.Client, secret: str) -> None:
    gate.voice.expire()
    assert offer(client, PATHS[0], secret).status_code == 401
    later = client.post("/session", json={"project_id": "proj_demo"}).json()
    assert later["client_secret"]["expires_at"] > time.time()
    assert offer(client, PATHS[0], later["client_secret"]["value"]).status_code == 400


def test_a_reset_forgets_client_secrets_and_refusals(
    gate: MockGate, client: httpx.Client, secret: str
) -> None:
    gate.voice.refuse_next(503)
    gate.reset()
    answer = offer(client, PATHS[0], secret)
    assert (answer.status_code, code(answer)) == (401, "invalid_api_key")


def test_a_documented_example_is_no_session_of_this_gate(
    gate: MockGate, client: httpx.Client
) -> None:
    gate.respond_next(200, "session_with_unknown_names")
    session = client.post("/session", json={"project_id": "proj_demo"}).json()
    assert offer(client, PATHS[0], session["client_secret"]["value"]).status_code == 401


@pytest.mark.parametrize("path", PATHS)
def test_the_offer_must_be_sdp(client: httpx.Client, secret: str, path: str) -> None:
    answer = offer(client, path, secret, **{"Content-Type": "application/json"})
    assert (answer.status_code, code(answer)) == (400, "unsupported_content_type")
    answer = offer(client, path, secret, **{"Content-Type": "application/sdp; charset=utf-8"})
    assert (answer.status_code, code(answer)) == (400, "invalid_offer")


@pytest.mark.parametrize("body", [b"", b"v=0", OFFER, OFFER + b"m=\xff\r\n", b"v=0\n" * 300_000])
def test_offers_that_are_no_sdp(client: httpx.Client, secret: str, body: bytes) -> None:
    headers = {"Authorization": f"Bearer {secret}", "Content-Type": "application/sdp"}
    answer = client.post(PATHS[0], content=body, headers=headers)
    assert (answer.status_code, code(answer)) == (400, "invalid_offer")


@pytest.mark.parametrize("query", ["", "?model=", "?model=a&model=b"])
def test_the_beta_must_be_told_the_model(client: httpx.Client, secret: str, query: str) -> None:
    answer = offer(client, f"/v1/realtime{query}", secret)
    assert (answer.status_code, code(answer)) == (400, "missing_model")


@pytest.mark.parametrize("path", PATHS)
def test_browsers_may_come_from_anywhere(client: httpx.Client, path: str) -> None:
    preflight = {
        "Origin": "http://127.0.0.1:9",
        "Access-Control-Request-Method": "POST",
        "Access-Control-Request-Headers": "authorization,content-type",
    }
    answer = client.options(path, headers=preflight)
    assert (answer.status_code, answer.content) == (204, b"")
    assert "content-length" not in answer.headers
    assert answer.headers["access-control-allow-origin"] == "*"
    assert answer.headers["access-control-allow-headers"] == "authorization, content-type"
    assert answer.headers["access-control-allow-methods"] == "POST, OPTIONS"
    # The connection is still good.
    refused = client.post(path, headers={"Origin": "http://127.0.0.1:9"})
    assert refused.status_code == 401
    assert refused.headers["access-control-allow-origin"] == "*"
    assert "Location" in refused.headers["access-control-expose-headers"]


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/v1/realtime/calls", 405),
        ("PUT", "/v1/realtime", 405),
        ("POST", "/v1/realtime/", 404),
        ("POST", "/v1/realtime/calls/rtc_1/hangup", 404),
        ("OPTIONS", "/v1/realtime/sessions", 404),
    ],
)
def test_other_methods_and_paths(client: httpx.Client, method: str, path: str, status: int) -> None:
    answer = client.request(method, path)
    assert answer.status_code == status
    assert code(answer) is None
    assert answer.headers["access-control-allow-origin"] == "*"
    assert ("allow" in answer.headers) == (status == 405)


def test_paths_that_are_none_of_openais_stay_as_they_were(
    gate: MockGate, client: httpx.Client
) -> None:
    assert client.post("/v1/realtimes").json()["error"] == "not_found"
    assert client.get("/health").status_code == 200
    assert "access-control-allow-origin" not in client.get("/health").headers
    assert [violation.path for violation in gate.violations] == ["/v1/realtimes"]


def test_requests_are_received_and_are_no_violations(
    gate: MockGate, client: httpx.Client, secret: str
) -> None:
    offer(client, PATHS[0], secret)
    assert [request.path for request in gate.received] == ["/session", "/v1/realtime/calls"]
    assert secret not in repr(gate.received)
    assert gate.violations == []


def test_answers_have_request_ids(client: httpx.Client) -> None:
    first, second = (client.post(PATHS[0]).headers["x-request-id"] for _ in range(2))
    assert first != second


def test_a_refusal_goes_before_everything_else(gate: MockGate, client: httpx.Client) -> None:
    gate.voice.refuse_next(503, code="server_overloaded")
    gate.voice.refuse_next(400, code="beta_api_shape_disabled")
    assert client.options(PATHS[0]).status_code == 204
    first, second, third = (client.post(PATHS[0]) for _ in range(3))
    assert (first.status_code, code(first)) == (503, "server_overloaded")
    assert first.json()["error"]["type"] == "server_error"
    assert (second.status_code, code(second)) == (400, "beta_api_shape_disabled")
    assert third.status_code == 401


def test_orders_that_can_not_be(gate: MockGate) -> None:
    with pytest.raises(ValueError, match="from 200 to 599"):
        gate.voice.refuse_next(99)
    wrong: Any = "live"
    with pytest.raises(ValueError, match="'calls', 'beta' or None"):
        gate.voice.only(wrong)
    with pytest.raises(TimeoutError, match=r"in 0\.01 s"):
        gate.voice.wait_until(bool, timeout=0.01)


def test_orders_to_a_gate_without_calls_do_nothing(gate: MockGate) -> None:
    for _ in range(2):
        gate.voice.hang_up()
        gate.voice.vanish()
        gate.voice.send({"type": "error"})
        gate.voice.flood(1)
        gate.close()


def test_one_protocol_and_both_again(gate: MockGate, client: httpx.Client) -> None:
    gate.voice.only("beta")
    assert [client.post(path).status_code for path in PATHS] == [404, 401]
    gate.voice.only(None)
    assert [client.post(path).status_code for path in PATHS] == [401, 401]
