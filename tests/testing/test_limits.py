"""The free plan's rules: the counting itself, then the responses of a running gate."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest

from ai_gate.testing import MockGate
from ai_gate.testing._limits import Account, Plan, Refusal
from ai_gate.testing._response import isoformat
from tests.support.callers import BARE

NOON = datetime(2025, 10, 31, 12, tzinfo=UTC).timestamp()
MIDNIGHT = datetime(2025, 11, 1, tzinfo=UTC).timestamp()
UNLIMITED = Plan(requests=None, concurrent=None, quota=None)


def plan(
    requests: int | None = None, concurrent: int | None = None, quota: int | None = None
) -> Plan:
    return Plan(requests=requests, concurrent=concurrent, quota=quota)


def refusals(account: Account, *moments: float, session: bool = True) -> list[Refusal | None]:
    return [account.admit(moment, session=session).refusal for moment in moments]


def test_window_starts_at_the_first_request_and_is_fixed() -> None:
    account = Account(plan(requests=2))
    assert refusals(account, NOON, NOON + 899, NOON + 899.9, NOON + 900) == [
        None,
        None,
        Refusal.REQUESTS,
        None,
    ]
    assert account.admit(NOON + 901, session=False).window_end == NOON + 1800


def test_refused_requests_count_as_requests() -> None:
    account = Account(plan(requests=3, concurrent=1))
    assert refusals(account, NOON, NOON, NOON, NOON) == [
        None,
        Refusal.CONCURRENT,
        Refusal.CONCURRENT,
        Refusal.REQUESTS,
    ]


def test_session_ends_after_an_hour() -> None:
    account = Account(plan(concurrent=2))
    assert refusals(account, NOON, NOON + 60, NOON + 3599.9, NOON + 3600, NOON + 3601) == [
        None,
        None,
        Refusal.CONCURRENT,
        None,
        Refusal.CONCURRENT,
    ]


def test_quota_counts_made_sessions_of_a_calendar_month() -> None:
    account = Account(plan(quota=2, concurrent=1))
    assert refusals(account, NOON, NOON, NOON + 3600, NOON + 7200) == [
        None,
        Refusal.CONCURRENT,
        None,
        Refusal.QUOTA,
    ]
    assert refusals(account, MIDNIGHT - 0.001, MIDNIGHT) == [Refusal.QUOTA, None]
    assert account.admit(MIDNIGHT, session=False).month_sessions == 1


def test_same_month_of_another_year_is_another_month() -> None:
    account = Account(plan(quota=1))
    assert refusals(account, NOON, NOON + 365 * 86400) == [None, None]


def test_order_of_refusal() -> None:
    account = Account(plan(requests=3, concurrent=1, quota=1))
    assert refusals(account, NOON, NOON, NOON, NOON) == [
        None,
        Refusal.QUOTA,
        Refusal.QUOTA,
        Refusal.REQUESTS,
    ]


def test_requests_for_no_session_meet_the_request_limit_alone() -> None:
    account = Account(plan(requests=2, concurrent=0, quota=0))
    assert refusals(account, NOON, NOON, NOON, session=False) == [None, None, Refusal.REQUESTS]


def test_none_switches_a_limit_off() -> None:
    assert set(refusals(Account(UNLIMITED), *[NOON] * 500)) == {None}


@pytest.mark.parametrize("name", ["requests", "concurrent", "quota"])
def test_negative_limit_is_refused(name: str) -> None:
    with pytest.raises(ValueError, match=f"{name} must be None or not negative, got -1"):
        plan(**{name: -1})


@pytest.mark.parametrize("name", ["requests", "concurrent", "quota"])
@pytest.mark.parametrize("number", [1.5, 1.0, True, "5", float("nan")])
def test_a_limit_is_a_whole_number(name: str, number: Any) -> None:
    with pytest.raises(TypeError, match=f"{name} must be a whole number"):
        MockGate(**{name: number})


def test_a_limit_of_millions_takes_no_more_room() -> None:
    with MockGate(requests=None, quota=None, concurrent=10**12) as gate:
        url = f"{gate.url}/session"
        gate.exhaust("concurrent")
        refused = httpx.post(url, json={"project_id": "p"}, **BARE).json()
        gate.advance(3600)
        again = httpx.post(url, json={"project_id": "p"}, **BARE)
    assert (refused["current"], refused["max"]) == (10**12, 10**12)
    assert again.status_code == 200


@pytest.mark.parametrize("seconds", [-1, float("nan"), float("inf"), 1e12])
def test_clock_goes_nowhere_else(gate: MockGate, seconds: float) -> None:
    with pytest.raises(ValueError, match="seconds must"):
        gate.advance(seconds)


def test_time_is_written_as_the_gate_does() -> None:
    assert isoformat(1759492800.0004) == "2025-10-03T12:00:00.000Z"


Create = Callable[..., httpx.Response]


def test_rate_limit_of_the_free_plan(gate: MockGate, client: httpx.Client) -> None:
    path = "/turn-credentials?identifier=proj_demo"
    answers = [client.get(path) for _ in range(101)]
    assert [answer.status_code for answer in answers] == [200] * 100 + [429]
    assert [int(answer.headers["x-ratelimit-remaining"]) for answer in answers] == [
        *range(99, -1, -1),
        0,
    ]
    assert {answer.headers["x-ratelimit-limit"] for answer in answers} == {"100"}
    (reset,) = {int(answer.headers["x-ratelimit-reset"]) for answer in answers}
    refused = answers[-1]
    body = refused.json()
    assert {**body, "resetAt": ""} == {
        "error": "Rate limit exceeded",
        "message": "Too many requests for this project",
        "limit": 100,
        "window": "15 minutes",
        "resetAt": "",
    }
    assert datetime.fromisoformat(body["resetAt"]).timestamp() == reset
    assert 0 < int(refused.headers["retry-after"]) <= 900
    assert all("retry-after" not in answer.headers for answer in answers[:-1])

    gate.advance(int(refused.headers["retry-after"]))
    assert client.get(path).headers["x-ratelimit-remaining"] == "99"


def test_retry_after_is_the_time_to_the_reset() -> None:
    with MockGate(requests=0) as gate:
        path = f"{gate.url}/turn-credentials?identifier=p"
        httpx.get(path, **BARE)
        gate.advance(600)
        refused = httpx.get(path, **BARE)
    assert 0 < int(refused.headers["retry-after"]) <= 300


@pytest.mark.parametrize(("window", "shown"), [(120.0, "2 minutes"), (45.5, "45.5 seconds")])
def test_a_window_of_another_length(window: float, shown: str) -> None:
    with MockGate(requests=1, window=window) as gate:
        url = f"{gate.url}/turn-credentials?identifier=proj_demo"
        first, second = (httpx.get(url, **BARE) for _ in range(2))
        gate.advance(window)
        third = httpx.get(url, **BARE)
    assert [one.status_code for one in (first, second, third)] == [200, 429, 200]
    assert second.json()["window"] == shown


@pytest.mark.parametrize("window", [0.0, -1.0, float("inf"), float("nan"), 1e9, 10**400])
def test_a_window_of_no_length_or_of_years_is_refused(window: float) -> None:
    with pytest.raises(ValueError, match="window"):
        MockGate(window=window)


def test_live_sessions_of_the_free_plan(gate: MockGate, create_session: Create) -> None:
    answers = [create_session() for _ in range(6)]
    assert [answer.status_code for answer in answers] == [200] * 5 + [429]
    assert answers[-1].json() == {
        "error": "concurrent_limit_exceeded",
        "message": "This project has reached its limit of live sessions",
        "current": 5,
        "max": 5,
        "hint": "A session ends after one hour without activity",
    }
    assert answers[-1].headers["x-ratelimit-remaining"] == "94"
    assert "retry-after" not in answers[-1].headers
    gate.advance(3600)
    assert create_session().status_code == 200


def test_monthly_quota() -> None:
    with MockGate(quota=2, projects=["proj_demo"]) as gate:
        # From the middle of a month, so that the test may run in its last second.
        now = datetime.now(UTC)
        middle = (now.replace(day=15) + timedelta(days=31)).replace(day=15)
        gate.advance((middle - now).total_seconds())

        def post() -> httpx.Response:
            return httpx.post(f"{gate.url}/session", json={"project_id": "proj_demo"}, **BARE)

        answers = [post() for _ in range(3)]
        assert [answer.status_code for answer in answers] == [200, 200, 402]
        assert answers[-1].json() == {
            "error": "quota_exceeded",
            "message": "The monthly quota of 2 sessions is used up",
            "usage": {
                "plan": "free",
                "sessionsIncluded": 2,
                "sessionsUsed": 2,
                "sessionsRemaining": 0,
                "percentUsed": 100,
            },
            "upgrade_url": "https://www.ai-gate.dev/pricing",
        }
        assert answers[-1].headers["x-ratelimit-remaining"] == "97"
        gate.advance(31 * 86400)
        assert post().status_code == 200


def test_projects_are_counted_apart(create_session: Create) -> None:
    for project in ("proj_a", "proj_b"):
        answers = [create_session(project) for _ in range(5)]
        assert {answer.status_code for answer in answers} == {200}
        assert answers[0].headers["x-ratelimit-remaining"] == "99"


def test_bad_requests_and_unknown_projects_count_for_nothing() -> None:
    with MockGate(requests=1, projects=["proj_known"]) as gate:
        url = f"{gate.url}/session"
        bad = httpx.post(url, json={"project_id": "proj_known", "voice": 1}, **BARE)
        unknown = httpx.post(url, json={"project_id": "proj_other"}, **BARE)
        good = httpx.post(url, json={"project_id": "proj_known"}, **BARE)
    assert (bad.status_code, unknown.status_code, good.status_code) == (400, 401, 200)
    assert unknown.json() == {
        "error": "authentication_required",
        "message": "There is no project with this ID",
    }
    for answer in (bad, unknown):
        assert not any(name.startswith("x-ratelimit") for name in answer.headers)
    assert good.headers["x-ratelimit-remaining"] == "0"


def test_projects_are_no_single_string() -> None:
    with pytest.raises(TypeError, match="projects must be a collection"):
        MockGate(projects="proj_demo")


def test_projects_have_plans() -> None:
    plans: Any = {"proj_demo": {"concurrent": 3}}
    with pytest.raises(TypeError, match="projects must be IDs, or each ID with a Plan"):
        MockGate(projects=plans)


def test_unknown_project_has_no_turn_credentials() -> None:
    with MockGate(projects=[]) as gate:
        answer = httpx.get(f"{gate.url}/turn-credentials?identifier=p", **BARE)
    assert answer.status_code == 401


def test_without_a_request_limit_there_are_no_such_headers() -> None:
    with MockGate(requests=None) as gate:
        answer = httpx.post(f"{gate.url}/session", json={"project_id": "p"}, **BARE)
    assert answer.status_code == 200
    assert not any(name.startswith("x-ratelimit") for name in answer.headers)


def test_health_counts_against_no_limit() -> None:
    with MockGate(requests=0, projects=[]) as gate:
        answers = [httpx.get(f"{gate.url}/health", **BARE) for _ in range(3)]
    assert {answer.status_code for answer in answers} == {200}
    assert "x-ratelimit-limit" not in answers[0].headers


def test_reset_forgets_everything(gate: MockGate, create_session: Create) -> None:
    gate.advance(10 * 86400)
    gate.respond_next(500)
    create_session(voice=1)
    gate.reset()
    assert gate.received == []
    assert gate.violations == []
    answer = create_session()
    assert answer.status_code == 200
    assert answer.headers["x-ratelimit-remaining"] == "99"
    created = datetime.fromisoformat(answer.json()["metadata"]["created_at"])
    assert abs(created - datetime.now(UTC)) < timedelta(minutes=5)
