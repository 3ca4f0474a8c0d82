"""`RateLimit`, from the headers to `client.rate_limit`."""

from __future__ import annotations

from datetime import UTC, datetime

import httpx
import pytest

from ai_gate import RateLimit

from .callers import CALLS, Call, Caller, failure, get
from .conftest import Serve
from .server import TURN, Reply, json_reply, replay

NOON = datetime(2025, 10, 3, 12, tzinfo=UTC)
REPORT = {
    "X-RateLimit-Limit": "100",
    "X-RateLimit-Remaining": "99",
    "X-RateLimit-Reset": "1759492800",
}
REPORTED = RateLimit(limit=100, remaining=99, reset_at=NOON)


@pytest.mark.parametrize(
    ("headers", "expected"),
    [
        (REPORT, REPORTED),
        ({name.lower(): value for name, value in REPORT.items()}, REPORTED),
        ({"X-RateLimit-Limit": "100"}, RateLimit(100, None, None)),
        ({"X-RateLimit-Remaining": "0"}, RateLimit(None, 0, None)),
        ({"X-RateLimit-Reset": "1759492800"}, RateLimit(None, None, NOON)),
        ({**REPORT, "X-RateLimit-Limit": "many"}, RateLimit(None, 99, NOON)),
        ({**REPORT, "X-RateLimit-Remaining": ""}, RateLimit(100, None, NOON)),
        ({**REPORT, "X-RateLimit-Reset": "soon"}, RateLimit(100, 99, None)),
        ({**REPORT, "X-RateLimit-Limit": "9" * 5_000}, RateLimit(None, 99, NOON)),
        ({**REPORT, "X-RateLimit-Limit": "1.5"}, RateLimit(None, 99, NOON)),
        ({}, None),
        ({"X-RateLimit-Limit": "many", "X-RateLimit-Reset": "nan"}, None),
    ],
)
def test_headers(headers: dict[str, str], expected: RateLimit | None) -> None:
    assert RateLimit.from_headers(httpx.Headers(headers)) == expected


def test_it_cannot_be_changed() -> None:
    with pytest.raises(AttributeError):
        setattr(REPORTED, "limit", 1)  # noqa: B010 - type checkers see that it can't be set


@pytest.mark.parametrize("status", [200, 402, 429, 500])
def test_every_answer_reports(status: int, caller: Caller, serve: Serve) -> None:
    server = serve(replay(Reply(status, TURN.body, REPORT)))

    async def body() -> None:
        async with caller.client("p", server.url, max_retries=0) as client:
            assert client.rate_limit is None
            if status == 200:
                await get(client)
            else:
                await failure(client, CALLS["create_session"])
            assert client.rate_limit == REPORTED

    caller.run(body)


def test_it_is_kept_when_an_answer_reports_nothing(caller: Caller, serve: Serve) -> None:
    server = serve(replay(Reply(200, TURN.body, REPORT), TURN, json_reply({}, 400)))

    async def body() -> None:
        async with caller.client("p", server.url) as client:
            await get(client)
            await get(client)
            await failure(client, get)
            assert client.rate_limit == REPORTED

    caller.run(body)


def test_it_is_kept_when_no_answer_comes(caller: Caller, serve: Serve, call: Call) -> None:
    server = serve(replay(Reply(200, TURN.body, REPORT), None))

    async def body() -> None:
        async with caller.client("p", server.url, max_retries=0) as client:
            await get(client)
            await failure(client, call)
            assert client.rate_limit == REPORTED

    caller.run(body)


@pytest.mark.usefixtures("no_backoff")
def test_the_answer_to_the_last_attempt_counts(caller: Caller, serve: Serve) -> None:
    last = {**REPORT, "X-RateLimit-Remaining": "98"}
    server = serve(replay(Reply(503, b"", REPORT), Reply(200, TURN.body, last)))

    async def body() -> None:
        async with caller.client("p", server.url) as client:
            await get(client)
            assert client.rate_limit == RateLimit(100, 98, NOON)

    caller.run(body)
