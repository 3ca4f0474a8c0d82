"""Whole stories against the mock gate's own rules, which are those of the free plan."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from ai_gate import (
    AuthenticationError,
    ConcurrentLimitError,
    QuotaExceededError,
    RateLimit,
    RateLimitError,
)
from ai_gate.testing import MockGate
from tests.support.callers import PROJECT, Caller, Client

WINDOW = timedelta(minutes=15)
HOUR = timedelta(hours=1)
MONTH = timedelta(days=31)
SOON = timedelta(seconds=30)


def test_a_sixth_live_session(caller: Caller, gate: MockGate) -> None:
    async def body(client: Client) -> None:
        sessions = [await client.create_session(voice="marin") for _ in range(5)]
        assert len({session["id"] for session in sessions}) == 5
        with pytest.raises(ConcurrentLimitError) as caught:
            await client.create_session()
        assert (caught.value.current, caught.value.max) == (5, 5)
        assert caught.value.hint
        await client.get_turn_credentials()
        gate.advance(HOUR.total_seconds())
        assert (await client.create_session())["session_id"]

    caller.use(gate.url, body)
    assert gate.violations == []


def test_a_request_too_many(caller: Caller) -> None:
    async def body(client: Client) -> None:
        for _ in range(3):
            await client.get_turn_credentials()
        for refused in (client.get_turn_credentials, client.create_session):
            with pytest.raises(RateLimitError) as caught:
                await refused()
            error = caught.value
            assert (error.limit, error.window) == (3, "15 minutes")
            assert error.reset_at is not None
            assert error.reset_at.utcoffset() is not None
            assert timedelta(0) < error.reset_at - datetime.now(UTC) <= WINDOW + SOON
            assert error.retry_after is not None
            assert 0 < error.retry_after <= WINDOW.total_seconds()
        gate.advance(WINDOW.total_seconds())
        await client.create_session()

    with MockGate(requests=3) as gate:
        caller.use(gate.url, body)
        # The wait that the gate asked for is longer than a call may take, so nothing was repeated.
        assert len(gate.received) == 6
        assert gate.violations == []


def test_the_months_sessions(caller: Caller) -> None:
    async def body(client: Client) -> None:
        for _ in range(3):
            await client.create_session()
        with pytest.raises(QuotaExceededError) as caught:
            await client.create_session()
        usage = caught.value.usage
        assert usage is not None
        assert (usage["plan"], usage["sessionsUsed"]) == ("free", 3)
        assert usage.get("sessionsRemaining") == 0
        assert caught.value.upgrade_url == "https://www.ai-gate.dev/pricing"
        await client.get_turn_credentials()
        gate.advance(MONTH.total_seconds())
        assert (await client.create_session())["session_id"]

    with MockGate(quota=3) as gate:
        caller.use(gate.url, body)
        assert gate.violations == []


def test_an_unknown_project(caller: Caller) -> None:
    async def body(client: Client) -> None:
        await client.create_session()
        await client.get_turn_credentials()

    with MockGate(projects=[PROJECT]) as gate:
        with pytest.raises(AuthenticationError) as caught:
            caller.use(gate.url, body, project_id="proj_of_nobody")
        assert caught.value.status_code == 401
        assert caught.value.response["error"] == "authentication_required"
        caller.use(gate.url, body)
        assert gate.violations == []


def test_limits_are_each_projects_own(caller: Caller, gate: MockGate) -> None:
    async def body(client: Client) -> None:
        for _ in range(5):
            await client.create_session()

    caller.use(gate.url, body, project_id="proj_one")
    caller.use(gate.url, body, project_id="proj_two")
    assert len(gate.received) == 10


def test_the_rate_limit_that_the_gate_reports(caller: Caller, gate: MockGate) -> None:
    async def body(client: Client) -> None:
        before = client.rate_limit
        assert before is None
        await client.create_session()
        first = client.rate_limit
        assert isinstance(first, RateLimit)
        assert (first.limit, first.remaining) == (100, 99)
        assert first.reset_at is not None
        assert first.reset_at.utcoffset() == timedelta(0)
        assert timedelta(0) < first.reset_at - datetime.now(UTC) <= WINDOW + SOON
        await client.get_turn_credentials()
        assert client.rate_limit == RateLimit(100, 98, first.reset_at)
        gate.respond_next(522)
        with pytest.raises(Exception, match="522"):
            await client.create_session()
        # An answer that reports nothing takes nothing away.
        assert client.rate_limit == RateLimit(100, 98, first.reset_at)

    caller.use(gate.url, body)


def test_the_rate_limit_of_a_refusal(caller: Caller) -> None:
    async def body(client: Client) -> None:
        await client.create_session()
        with pytest.raises(RateLimitError):
            await client.create_session()
        assert client.rate_limit is not None
        assert (client.rate_limit.limit, client.rate_limit.remaining) == (1, 0)

    with MockGate(requests=1) as gate:
        caller.use(gate.url, body)
