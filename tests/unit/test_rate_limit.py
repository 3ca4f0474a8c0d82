"""`RateLimit`, from the headers to `client.rate_limit`."""

from __future__ import annotations

from datetime import UTC, datetime

import httpx
import pytest

from ai_gate import RateLimit
from tests.support.callers import GET, POST, Caller, Client, Operation
from tests.support.fixtures import Serve
from tests.support.responses import TURN, TURN_JSON, json_response, response
from tests.support.steps import replay

NOON = datetime(2025, 10, 3, 12, tzinfo=UTC)
REPORT = {
    "X-RateLimit-Limit": "100",
    "X-RateLimit-Remaining": "99",
    "X-RateLimit-Reset": "1759492800",
}
REPORTED = RateLimit(limit=100, remaining=99, reset_at=NOON)


def lines(report: dict[str, str]) -> list[str]:
    """Write a report as it is sent."""
    return [f"{name}: {value}" for name, value in report.items()]


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
    server = serve(replay(response(status, TURN_JSON, *lines(REPORT))))

    async def body(client: Client) -> None:
        assert client.rate_limit is None
        if status == 200:
            await client.get_turn_credentials()
        else:
            await client.failure(POST)
        assert client.rate_limit == REPORTED

    caller.use(server.url, body, max_retries=0)


def test_it_is_kept_when_an_answer_reports_nothing(caller: Caller, serve: Serve) -> None:
    server = serve(replay(response(200, TURN_JSON, *lines(REPORT)), TURN, json_response({}, 400)))

    async def body(client: Client) -> None:
        await client.get_turn_credentials()
        await client.get_turn_credentials()
        await client.failure(GET)
        assert client.rate_limit == REPORTED

    caller.use(server.url, body)


def test_it_is_kept_when_no_answer_comes(
    caller: Caller, serve: Serve, operation: Operation
) -> None:
    server = serve(replay(response(200, TURN_JSON, *lines(REPORT)), None))

    async def body(client: Client) -> None:
        await client.get_turn_credentials()
        await client.failure(operation)
        assert client.rate_limit == REPORTED

    caller.use(server.url, body, max_retries=0)


@pytest.mark.usefixtures("no_backoff")
def test_the_answer_to_the_last_attempt_counts(caller: Caller, serve: Serve) -> None:
    last = {**REPORT, "X-RateLimit-Remaining": "98"}
    server = serve(
        replay(response(503, b"", *lines(REPORT)), response(200, TURN_JSON, *lines(last)))
    )

    async def body(client: Client) -> None:
        await client.get_turn_credentials()
        assert client.rate_limit == RateLimit(100, 98, NOON)

    caller.use(server.url, body)
