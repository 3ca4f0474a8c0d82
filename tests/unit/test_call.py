"""A call without I/O: what it orders, and what it makes of what happened."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from typing import Any

import httpcore
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ai_gate import AIGateError, APITimeoutError, RateLimit, RateLimitError, ServerError
from ai_gate._call import Call
from ai_gate._call import call as start
from ai_gate._call.exchange import Exchange, Order
from ai_gate._call.operations import Operation, create_session, get_turn_credentials
from ai_gate._config import Config
from tests.support.callers import PROJECT
from tests.support.fixtures import Clock
from tests.support.running import modest

POST = create_session(
    PROJECT, model="m", voice="v", temperature=0.7, instructions="i", extra_fields={"tools": []}
)
GET = get_turn_credentials(PROJECT)
GOOD = Exchange(200, body=bytearray(b'{"iceServers": []}'))
LOST = httpcore.ReadError("lost")
UNSENT = Exchange(failure=httpcore.ConnectError("refused"), sent=False)


def config(**settings: Any) -> Config:
    defaults: dict[str, Any] = {
        "project_id": PROJECT,
        "base_url": "https://gate.test/prefix",
        "timeout": 30.0,
        "max_retries": 2,
        "debug": False,
    }
    return Config.checked(**{**defaults, **settings})


class Play:
    """A call, and what it reported."""

    def __init__(self, operation: Operation, **settings: Any) -> None:
        self.reports: list[RateLimit] = []
        self.orders: list[Order] = []
        self.call: Call = start(operation, config(**settings), self.reports.append)

    def run(self, *exchanges: Exchange) -> dict[str, Any]:
        """Let one thing after another happen; fails where the call orders more or less."""
        try:
            order = next(self.call)
            for exchange in exchanges:
                assert isinstance(order, Order)
                self.orders.append(order)
                order = self.call.send(exchange)
        except StopIteration as finished:
            answer: dict[str, Any] = finished.value
            assert len(self.orders) == len(exchanges), "the call ended early"
            return answer
        raise AssertionError("the call orders more")

    def fail(self, *exchanges: Exchange) -> AIGateError:
        """The same for a call that ends with an error."""
        with pytest.raises(AIGateError) as caught:
            self.run(*exchanges)
        assert len(self.orders) == len(exchanges), "the call ended early"
        return caught.value


def answered(status: int, headers: Mapping[str, str] | None = None) -> Exchange:
    return Exchange(status, {} if headers is None else headers)


def test_the_session_request() -> None:
    play = Play(POST)
    play.run(GOOD)
    request = play.orders[0].request
    assert request["method"].upper() == "POST"
    assert str(request["url"]) == "https://gate.test/prefix/session"
    assert request["json"] == {
        "project_id": PROJECT,
        "model": "m",
        "voice": "v",
        "temperature": 0.7,
        "instructions": "i",
        "tools": [],
    }


def test_the_request_for_turn_credentials() -> None:
    play = Play(GET)
    play.run(GOOD)
    request = play.orders[0].request
    assert request["method"].upper() == "GET"
    assert str(request["url"]) == "https://gate.test/prefix/turn-credentials"
    assert request["params"] == {"identifier": PROJECT}


@pytest.mark.parametrize("operation", [POST, GET], ids=["POST", "GET"])
def test_the_first_request_is_sent_at_once_and_the_deadline_is_one(
    operation: Operation, clock: Clock
) -> None:
    play = Play(operation)
    play.run(UNSENT, UNSENT, GOOD)
    assert play.orders[0].delay == 0
    assert len({id(order.deadline) for order in play.orders}) == 1
    clock.now += 12
    assert play.orders[0].deadline.left() == 18
    assert 0 <= play.orders[1].delay <= 0.5
    assert 0 <= play.orders[2].delay <= 1.0


@pytest.mark.parametrize("max_retries", [0, 1, 3])
@pytest.mark.parametrize("operation", [POST, GET], ids=["POST", "GET"])
def test_max_retries(operation: Operation, max_retries: int) -> None:
    play = Play(operation, max_retries=max_retries)
    error = play.fail(*[UNSENT] * (max_retries + 1))
    assert error.__cause__ is UNSENT.failure


NOT_REPEATED = [
    Exchange(failure=LOST),
    Exchange(failure=LOST, timed_out=True),
    Exchange(200, failure=LOST),
    Exchange(200, body=bytearray(b"<html>")),
    *map(answered, (302, 400, 401, 402, 429, 500, 502, 503, 504, 520, 522, 530)),
    answered(429, {"retry-after": "0"}),
]


@pytest.mark.parametrize("exchange", NOT_REPEATED, ids=lambda exchange: str(exchange.status))
def test_a_session_request_that_was_sent_is_not_repeated(exchange: Exchange) -> None:
    Play(POST).fail(exchange)


@pytest.mark.parametrize(
    "exchange",
    [Exchange(failure=LOST), Exchange(200, failure=LOST), answered(503), answered(429)],
    ids=lambda exchange: str(exchange.status),
)
def test_a_request_for_turn_credentials_is_repeated(exchange: Exchange) -> None:
    assert Play(GET).run(exchange, UNSENT, GOOD) == {"iceServers": []}


@pytest.mark.parametrize("exchange", [*map(answered, (302, 400, 401, 402, 404, 500))])
def test_a_final_refusal_is_not_repeated(exchange: Exchange) -> None:
    Play(GET).fail(exchange)


def test_the_last_answer_is_the_error() -> None:
    assert Play(GET).fail(UNSENT, answered(503), answered(429)).status_code == 429
    assert type(Play(GET).fail(answered(429), answered(429), answered(503))) is ServerError


def test_retry_after_is_obeyed() -> None:
    play = Play(GET)
    play.run(answered(429, {"retry-after": "7.5"}), GOOD)
    assert play.orders[1].delay == 7.5


def test_a_retry_after_that_does_not_fit_ends_the_call() -> None:
    error = Play(GET).fail(answered(429, {"retry-after": "31"}))
    assert type(error) is RateLimitError
    assert error.retry_after == 31.0


def test_nothing_is_sent_once_the_time_is_over(clock: Clock) -> None:
    play = Play(GET)
    next(play.call)
    clock.now += 30
    with pytest.raises(APITimeoutError):
        play.call.send(Exchange(failure=httpcore.ReadTimeout(), timed_out=True))


def test_every_attempt_reports_the_rate_limit() -> None:
    play = Play(GET)
    play.run(
        answered(503, {"x-ratelimit-remaining": "2"}),
        answered(503),
        Exchange(200, {"x-ratelimit-remaining": "1"}, bytearray(GOOD.body)),
    )
    assert [report.remaining for report in play.reports] == [2, 1]


def test_each_attempt_is_logged(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG, "ai_gate")
    Play(GET, debug=True).run(UNSENT, answered(503, {"cf-ray": "8c1-FRA"}), GOOD)
    lines = [record.getMessage() for record in caplog.records]
    assert [line.split(" in ")[0] for line in lines] == [
        "GET /turn-credentials -> ConnectError",
        "GET /turn-credentials -> 503",
        "GET /turn-credentials -> 200",
    ]
    assert [line.split("(")[1] for line in lines] == [
        "attempt 1, request ID None)",
        "attempt 2, request ID 8c1-FRA)",
        "attempt 3, request ID None)",
    ]
    assert {record.levelno for record in caplog.records} == {logging.DEBUG}


def test_the_duration_is_that_of_the_attempt(
    caplog: pytest.LogCaptureFixture, clock: Clock
) -> None:
    caplog.set_level(logging.DEBUG, "ai_gate")
    play = Play(GET)
    next(play.call)
    clock.now += 0.25
    order = play.call.send(answered(503, {"retry-after": "5"}))
    clock.now += order.delay + 0.125
    with pytest.raises(StopIteration):
        play.call.send(GOOD)
    lines = [record.getMessage() for record in caplog.records]
    assert [line.split()[4:7] for line in lines] == [["in", "250", "ms"], ["in", "125", "ms"]]


@pytest.mark.parametrize(
    ("operation", "body", "missing"),
    [
        (GET, b"{}", "iceServers"),
        (
            POST,
            b"{}",
            "client_secret, id, metadata, model, session_id, turn_credentials",
        ),
        (
            POST,
            b'{"id": 1, "model": 1, "turn_credentials": 1, "session_id": 1, "metadata": 1}',
            "client_secret",
        ),
    ],
)
def test_missing_keys_are_warned_of_by_name_and_the_answer_returned(
    operation: Operation, body: bytes, missing: str, caplog: pytest.LogCaptureFixture
) -> None:
    Play(operation).run(Exchange(200, body=bytearray(body)))
    (record,) = [record for record in caplog.records if record.levelno == logging.WARNING]
    assert record.name == "ai_gate"
    assert record.getMessage() == f"the response to {operation.path} lacks {missing}"


def test_a_key_that_is_null_is_not_missing(caplog: pytest.LogCaptureFixture) -> None:
    assert Play(GET).run(Exchange(200, body=bytearray(b'{"iceServers": null}')))
    assert caplog.records == []


EXCHANGES = st.builds(
    Exchange,
    status=st.none() | st.integers(100, 599) | st.sampled_from([200, 429, 503]),
    headers=st.dictionaries(st.just("retry-after"), st.sampled_from(["0", "1", "soon", "99"])),
    body=st.sampled_from([b"", b"{}", b"<html>"]).map(bytearray),
    failure=st.none() | st.just(LOST),
    sent=st.booleans(),
)


@modest
@given(exchanges=st.lists(EXCHANGES, min_size=9, max_size=9), max_retries=st.integers(0, 8))
def test_a_session_request_is_sent_at_most_once(
    exchanges: list[Exchange], max_retries: int
) -> None:
    play = start(POST, config(max_retries=max_retries), lambda _: None)
    happened: list[Exchange] = []
    try:
        next(play)
        for exchange in exchanges:
            happened.append(exchange)
            play.send(exchange)
    except (StopIteration, AIGateError):
        pass
    assert len(happened) <= max_retries + 1
    assert not any(exchange.sent for exchange in happened[:-1])
