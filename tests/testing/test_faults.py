"""The faults by name: what both clients make of each, when they happen, and what is left behind."""

from collections.abc import Callable, Iterator
from typing import Any

import httpx
import pytest

import ai_gate
from ai_gate import AIGateError
from ai_gate.testing import FREE, MockGate, Plan, _state
from tests.support.callers import ASYNCIO, BARE, CALLERS, POST, PROJECT, SYNC, Caller

# Each fault: the error of a session request, its status, and how many sessions were created.
FAULTS: dict[str, tuple[str | None, int | None, int]] = {
    "latency": (None, None, 1),
    "drip": (None, None, 1),
    "reset_after": (None, None, 1),
    "stall": ("APITimeoutError", None, 0),
    "stall_in_body": ("APITimeoutError", 200, 1),
    "reset": ("APIConnectionError", None, 0),
    "reset_in_body": ("InvalidResponseError", 200, 1),
    "truncate": ("InvalidResponseError", 200, 1),
    "wrong_length": ("InvalidResponseError", 200, 1),
    "malformed": ("InvalidResponseError", 200, 1),
    "empty": ("InvalidResponseError", 200, 1),
    "huge": ("InvalidResponseError", 200, 1),
    "html": ("InvalidResponseError", 200, 0),
    "redirect": ("AIGateError", 302, 0),
    **{f"cloudflare_{s}": ("ServerError", s, 0) for s in (521, 523, 524, 525, 526, 527)},
}
SECONDS = {"latency": 0.3, "drip": 0.0001}


@pytest.fixture
def project_gate() -> Iterator[MockGate]:
    # Small responses: drip sends them byte by byte.
    with MockGate(requests=None, concurrent=None, quota=None, ice_servers=[]) as gate:
        yield gate


def catalog(gate: MockGate) -> list[str]:
    with pytest.raises(ValueError, match="there is no fault 'stal'; there is ") as caught:
        gate.fail_next("stal")
    return str(caught.value).partition("; there is ")[2].split(", ")


def test_every_name_that_a_typo_lists_is_tried_here(gate: MockGate) -> None:
    documented = {example.name for example in gate._router._examples}
    assert set(catalog(gate)) == documented | FAULTS.keys()


@pytest.mark.parametrize("caller", CALLERS, ids=str)
@pytest.mark.parametrize("fault", FAULTS)
def test_fault(fault: str, caller: Caller, project_gate: MockGate) -> None:
    name, status, created = FAULTS[fault]
    project_gate.fail_next(fault, seconds=SECONDS.get(fault))
    timeout = 1.0 if name == "APITimeoutError" else 60.0
    outcome = caller.attempt(POST, project_gate.url, timeout=timeout)
    if name is None:
        assert not isinstance(outcome.value, AIGateError), outcome.value
        assert outcome.seconds >= (0.3 if fault == "latency" else 0)
    else:
        assert type(outcome.error) is getattr(ai_gate, name)
        assert outcome.error.status_code == status
        assert PROJECT not in f"{outcome.error} {outcome.error!r}"
    # Sent once, whatever became of it.
    assert len(project_gate.received) == 1
    assert project_gate.sessions_created(PROJECT) == created == len(project_gate.sessions)
    again = caller.attempt(POST, project_gate.url)
    assert not isinstance(again.value, AIGateError)
    project_gate.assert_no_violations()


@pytest.mark.parametrize("caller", [SYNC, ASYNCIO], ids=str)
def test_every_documented_error_is_a_fault_by_name(caller: Caller, project_gate: MockGate) -> None:
    for example in project_gate._router._documented_for("create_session"):
        if example.status >= 400:
            project_gate.fail_next(example.name)
            error = caller.attempt(POST, project_gate.url).error
            assert error.status_code == example.status
            assert error.body == example.response().body
    assert project_gate.sessions_created() == 0


def post(gate: MockGate, project: str = "p", prefer: str = "", **fields: object) -> httpx.Response:
    body = {"project_id": project, **fields}
    return httpx.post(f"{gate.url}/session", json=body, headers={"prefer": prefer}, **BARE)


def credentials(gate: MockGate) -> int:
    url = f"{gate.url}/turn-credentials?identifier=p"
    return httpx.get(url, **BARE).status_code


def test_a_fault_of_one_request_by_its_header(gate: MockGate) -> None:
    assert post(gate, prefer="fault=cloudflare_524").status_code == 524
    assert post(gate, prefer="fault=concurrent_limit").status_code == 429
    slow = post(gate, prefer="fault=latency, wait=0.2")
    assert slow.status_code == 200
    assert slow.elapsed.total_seconds() >= 0.2
    assert post(gate).status_code == 200
    unknown = post(gate, prefer="fault=stal")
    assert unknown.status_code == 400
    assert "there is no fault 'stal'; there is cloudflare_520, " in unknown.json()["message"]
    for wait in ("soon", "", "-1", "1e3", "3601"):
        unreadable = post(gate, prefer=f"fault=latency, wait={wait}")
        assert unreadable.status_code == 400
    assert post(gate, prefer="fault=html, wait=1").status_code == 400
    foreign = httpx.get(f"{gate.url}/health", headers={"prefer": "fault=quota_exceeded"}, **BARE)
    assert foreign.status_code == 400


def test_so_many_times_and_then_no_more(gate: MockGate) -> None:
    gate.fail("internal_error", times=2)
    assert [post(gate).status_code for _ in range(3)] == [500, 500, 200]


def test_only_one_operation(gate: MockGate) -> None:
    gate.fail("cloudflare_530", operation="create_session")
    assert (credentials(gate), post(gate).status_code) == (200, 530)
    gate.recover()
    assert post(gate).status_code == 200


def test_the_queue_goes_first_and_then_what_was_said_last(gate: MockGate) -> None:
    gate.fail("internal_error")
    gate.fail("service_unavailable")
    gate.fail_next("quota_exceeded")
    gate.respond_next(401)
    assert [post(gate).status_code for _ in range(3)] == [402, 401, 503]


def test_some_requests_the_same_in_each_run() -> None:
    def run() -> list[int]:
        with MockGate(requests=None, concurrent=None, quota=None) as gate:
            gate.fail("internal_error", probability=0.5)
            return [post(gate).status_code for _ in range(30)]

    statuses = run()
    assert set(statuses) == {200, 500}
    assert run() == statuses


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"operation": "session"}, "there is no operation 'session'; there is create_session, get"),
        ({"times": 0}, "times must be None or at least 1"),
        ({"times": 1.5}, "times must be None or at least 1, and whole"),
        ({"times": float("nan")}, "times must be None or at least 1, and whole"),
        ({"probability": 0}, "probability must be more than 0 and at most 1"),
        ({"probability": float("nan")}, "probability must be more than 0"),
        ({"fault": "latency", "seconds": -1}, "seconds must be from 0 to 3600"),
        ({"fault": "latency", "seconds": float("nan")}, "seconds must be from 0 to 3600"),
        ({"fault": "drip", "seconds": 3601}, "seconds must be from 0 to 3600"),
        ({"fault": "stall", "seconds": 1}, "'stall' takes no seconds; latency and drip do"),
        ({"seconds": 1}, "'quota_exceeded' takes no seconds"),
        ({"operation": "get_health"}, "get_health documents no response 'quota_exceeded'"),
    ],
)
def test_mistakes(gate: MockGate, arguments: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        gate.fail(**{"fault": "quota_exceeded", **arguments})
    assert post(gate).status_code == 200


def test_outage(gate: MockGate) -> None:
    gate.outage(3000)
    assert (post(gate).status_code, credentials(gate)) == (522, 522)
    gate.advance(2000)
    assert post(gate).status_code == 522
    gate.advance(1000)
    assert post(gate).status_code == 200
    gate.outage(fault="service_unavailable")
    gate.advance(1e6)
    assert post(gate).status_code == 503
    gate.reset()
    assert post(gate).status_code == 200
    for seconds in (-1, float("inf"), 10**400):
        with pytest.raises(ValueError, match="duration must be finite"):
            gate.outage(seconds)


@pytest.mark.parametrize(
    ("limit", "error", "seconds"),
    [
        ("quota", "quota_exceeded", 31 * 86400),
        ("requests", "Rate limit exceeded", 900),
        ("concurrent", "concurrent_limit_exceeded", 3600),
    ],
)
@pytest.mark.parametrize("is_known", [True, False])
def test_exhaust(gate: MockGate, limit: str, error: str, seconds: float, is_known: bool) -> None:
    if is_known:
        assert post(gate).status_code == 200
    gate.exhaust(limit)
    gate.recover()
    refused = post(gate).json()
    assert refused["error"] == error
    gate.advance(seconds)
    assert post(gate).status_code == 200
    assert post(gate, "p_new").status_code == 200
    gate.assert_no_violations()


def test_exhaust_one_project() -> None:
    plans = {"p": FREE, "q": Plan(quota=3), "r": Plan(quota=None)}
    with MockGate(projects=plans) as gate:
        gate.exhaust("quota", "q")
        assert post(gate, "q").json()["usage"]["sessionsUsed"] == 3
        assert post(gate, "p").status_code == 200
        with pytest.raises(ValueError, match="there is no limit 'sessions'; there is requests, "):
            gate.exhaust("sessions")
        with pytest.raises(ValueError, match="there is no such project"):
            gate.exhaust("quota", "s")
        with pytest.raises(ValueError, match="no plan has a limit of quota"):
            gate.exhaust("quota", "r")
    with pytest.raises(ValueError, match="there is no such project"):
        MockGate(projects=[]).exhaust("quota", "p")


@pytest.mark.parametrize("fault", ["latency, wait=0.2", "drip, wait=0.0001"])
def test_late_for_a_client_that_has_closed_its_half(
    exchange: Callable[..., httpx.Response], fault: str
) -> None:
    request = f"GET /health HTTP/1.1\r\nPrefer: fault={fault}\r\n\r\n"
    answer = exchange(request.encode(), half_close=True)
    assert answer.json() == {"status": "healthy"}


def test_slow(gate: MockGate) -> None:
    gate.slow(0.2)
    assert post(gate).elapsed.total_seconds() >= 0.2


def test_fields_that_say_something_else(gate: MockGate) -> None:
    gate.answer_with({"turn_credentials.iceServers.0.urls": ["stun:a", "stun:b"]}, voice="odd")
    gate.answer_with({"_auth_method": "bearer"}, operation="get_turn_credentials")
    session = post(gate).json()
    assert session["turn_credentials"]["iceServers"][0]["urls"] == ["stun:a", "stun:b"]
    assert session["voice"] == "odd"
    url = f"{gate.url}/turn-credentials?identifier=p"
    assert httpx.get(url, **BARE).json()["_auth_method"] == "bearer"
    gate.recover()
    assert post(gate).json()["voice"] == "echo"
    gate.assert_no_violations()


def test_fields_are_checked_unless_told_otherwise(gate: MockGate) -> None:
    with pytest.raises(ValueError, match=r"voice does not satisfy type.*validate=False"):
        gate.answer_with(client_secret=None, voice=1)
    assert post(gate).json()["client_secret"] is not None
    for path in ("metadata.voice.x", "turn_credentials.iceServers.9", "nothing.x"):
        with pytest.raises(ValueError, match=f"the response has no {path}"):
            gate.answer_with({path: 1})
    gate.answer_with({"client_secret.value": 1}, validate=False)
    assert post(gate).json()["client_secret"]["value"] == 1
    gate.assert_no_violations()


def test_null_needs_no_leave_of_the_spec(gate: MockGate) -> None:
    gate.answer_with({"turn_credentials.iceServers": None}, client_secret=None)
    session = post(gate).json()
    assert (session["client_secret"], session["turn_credentials"]["iceServers"]) == (None, None)
    with pytest.raises(ValueError, match=r"no turn_credentials\.iceServers\.0"):
        gate.answer_with({"turn_credentials.iceServers.0": None})
    gate.assert_no_violations()


def test_checked_fields_after_unchecked_ones(gate: MockGate) -> None:
    gate.answer_with({"client_secret": 1, "metadata": 2}, validate=False)
    gate.answer_with(voice="ash")
    session = post(gate).json()
    assert (session["client_secret"], session["voice"]) == (1, "ash")
    with pytest.raises(ValueError, match=r"the response has no metadata\.turn_server"):
        gate.answer_with({"metadata.turn_server": "cloudflare"})
    assert post(gate).status_code == 200
    gate.assert_no_violations()


SERVER = {"urls": "stun:127.0.0.1"}


@pytest.mark.parametrize("operation", ["create_session", "get_turn_credentials"])
@pytest.mark.parametrize(
    ("settings", "number"),
    [({"realtime": True}, 0), ({"ice_servers": []}, 0), ({"ice_servers": [SERVER]}, 1), ({}, 9)],
)
def test_a_place_is_one_of_this_gates_responses(
    operation: str, settings: dict[str, Any], number: int
) -> None:
    servers = "turn_credentials.iceServers" if operation == "create_session" else "iceServers"
    with MockGate(**settings) as gate:
        with pytest.raises(ValueError, match=rf"the response has no {servers}\.{number}\.urls"):
            gate.answer_with({f"{servers}.{number}.urls": "stun:a"}, operation=operation)
        gate.answer_with({servers: [SERVER]}, operation=operation)
        gate.answer_with({f"{servers}.0.urls": "stun:b"}, operation=operation)
        assert (post(gate).status_code, credentials(gate)) == (200, 200)
        gate.assert_no_violations()
        gate.respond_next(200, "session")
        assert post(gate).json()["metadata"]["created_at"] == "2025-10-03T12:00:00.000Z"


def test_a_place_that_the_client_asked_away(gate: MockGate) -> None:
    gate.answer_with({"turn_detection.threshold": 0.25, "voice": "ash"})
    url = f"{gate.url}/session"
    sessions = [
        httpx.post(url, json={"project_id": "p", **fields}, **BARE).json()
        for fields in ({"turn_detection": None}, {})
    ]
    assert [session["voice"] for session in sessions] == ["ash", "ash"]
    assert sessions[0]["turn_detection"] is None
    assert sessions[1]["turn_detection"]["threshold"] == 0.25
    gate.assert_no_violations()


def test_projects_with_plans_of_their_own() -> None:
    plans = {"proj_free": FREE, "proj_paid": Plan(requests=1000, concurrent=50, name="growth")}
    with MockGate(projects=plans) as gate:
        free = [post(gate, "proj_free").status_code for _ in range(6)]
        paid = [post(gate, "proj_paid") for _ in range(6)]
        assert free == [200] * 5 + [429]
        assert [answer.status_code for answer in paid] == [200] * 6
        assert paid[0].headers["x-ratelimit-limit"] == "1000"
        assert post(gate, "proj_other").status_code == 401
        assert gate.sessions_created("proj_free") == 5
        assert gate.sessions_created("proj_other") == 0
        assert gate.sessions_created() == 11
        gate.exhaust("quota", "proj_paid")
        assert post(gate, "proj_paid").json()["usage"]["plan"] == "growth"


def test_large_bodies_are_bounded_all_together(
    project_gate: MockGate, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert _state.MOST_BYTES == 64 * 2**20
    monkeypatch.setattr(_state, "MOST_BYTES", 64 * 2**10)
    for number in range(9):
        post(project_gate, voice=str(number), instructions="x" * 2**13)
    kept = [session["voice"] for session in project_gate.sessions]
    assert kept == ["2", "3", "4", "5", "6", "7", "8"]
    assert [one.json()["voice"] for one in project_gate.received] == kept
    assert project_gate.sessions_created() == 9


def test_what_is_kept_is_bounded(gate: MockGate) -> None:
    post(gate, instructions="x" * 2**20)
    (large,) = gate.received
    assert large.is_cut
    assert len(large.body) == 2**20
    with pytest.raises(ValueError, match="only the first 1048576 bytes"):
        large.json()
    post(gate, voice=1)
    (bad,) = gate.violations
    for number in range(1, 1002):
        gate._state.add_request(type(large)("GET", f"/{number}", {}, {}, b""))
        gate._state.violations.add(bad)
    assert [one.path for one in gate.received][::999] == ["/2", "/1001"]
    assert len(gate.violations) == 1000
    with pytest.raises(AssertionError, match="voice does not satisfy type"):
        gate.assert_no_violations()
