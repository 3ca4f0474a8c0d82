"""Whether another call is tried, and when."""

from __future__ import annotations

import pytest

from ai_gate import (
    AIGateError,
    APIConnectionError,
    APITimeoutError,
    AuthenticationError,
    BadRequestError,
    ConcurrentLimitError,
    InvalidResponseError,
    QuotaExceededError,
    RateLimitError,
    ServerError,
)
from ai_gate.webrtc import (
    CallEndedError,
    ClientSecretExpiredError,
    ConnectionLostError,
    MissingDependencyError,
    NoPathError,
    OpenTimeoutError,
    QueueOverflowError,
    SDPRefusedError,
    WebRTCError,
)
from ai_gate.webrtc._backoff import Backoff, may_pass


@pytest.mark.parametrize(
    "failure",
    [
        APIConnectionError("x"),
        APITimeoutError("x"),
        CallEndedError("x"),
        ConnectionLostError("x"),
        InvalidResponseError("x", 200),
        NoPathError("x"),
        OpenTimeoutError("x"),
        RateLimitError("x", 429),
        ConcurrentLimitError("x", 429),
        ServerError("x", 522),
        SDPRefusedError("x", 429),
        SDPRefusedError("x", 500),
    ],
    ids=repr,
)
def test_what_can_pass(failure: AIGateError) -> None:
    assert may_pass(failure)


@pytest.mark.parametrize(
    "failure",
    [
        *(SDPRefusedError("x", status) for status in (400, 401, 402, 403, 404)),
        AIGateError("x", 403),
        AIGateError("x"),
        AuthenticationError("x", 401),
        BadRequestError("x", 400),
        QuotaExceededError("x", 402),
        # The gate can name it so under any status.
        QuotaExceededError("x", 500),
        ClientSecretExpiredError("x", 401),
        MissingDependencyError("x"),
        QueueOverflowError("x"),
        WebRTCError("x"),
    ],
    ids=repr,
)
def test_what_cannot(failure: AIGateError) -> None:
    assert not may_pass(failure)
    assert Backoff().fail(failure) is None


def test_the_waits_grow_and_have_an_end() -> None:
    backoff = Backoff(uniform=lambda _, longest: longest)
    failure = ServerError("x", 500)
    assert [backoff.fail(failure) for _ in range(5)] == [0.5, 1.0, 2.0, 4.0, None]


def test_a_success_begins_anew() -> None:
    backoff = Backoff(uniform=lambda _, longest: longest)
    failure = ServerError("x", 500)
    assert [backoff.fail(failure) for _ in range(4)][-1] == 4.0
    backoff.succeed()
    assert backoff.fail(failure) == 0.5


def test_what_the_answer_asks_for_is_obeyed() -> None:
    assert Backoff().fail(RateLimitError("x", 429, retry_after=900.0)) == 900.0


@pytest.mark.parametrize("seconds", [900.5, 1e9])
def test_unless_it_asks_for_too_much(seconds: float) -> None:
    assert Backoff().fail(RateLimitError("x", 429, retry_after=seconds)) is None
