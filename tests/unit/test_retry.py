"""Whether and when a request is sent again: pure decisions."""

from __future__ import annotations

import random
from collections.abc import Callable

import httpcore
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ai_gate._call.exchange import Exchange
from ai_gate._call.retry import may_repeat, wait_before
from tests.support.running import modest

RETRIED = (429, 502, 503, 504, *range(520, 531))
LOST = httpcore.ReadError("lost")


def most(_: float, highest: float) -> float:
    return highest


def least(lowest: float, _: float) -> float:
    return lowest


@pytest.mark.parametrize("idempotent", [True, False])
@pytest.mark.parametrize("timed_out", [True, False])
def test_what_was_not_sent_can_be_sent_again(idempotent: bool, timed_out: bool) -> None:
    exchange = Exchange(failure=httpcore.ConnectError(), sent=False, timed_out=timed_out)
    assert may_repeat(exchange, idempotent)


@pytest.mark.parametrize(
    "exchange",
    [Exchange(failure=LOST), Exchange(200, failure=LOST), Exchange(204, failure=LOST)],
    ids=["before the answer", "in the answer", "in an answer without a body"],
)
def test_a_lost_answer(exchange: Exchange) -> None:
    assert may_repeat(exchange, idempotent=True)
    assert not may_repeat(exchange, idempotent=False)


def repeated(idempotent: bool, failure: Exception | None, statuses: range) -> set[int]:
    return {
        status for status in statuses if may_repeat(Exchange(status, failure=failure), idempotent)
    }


@pytest.mark.parametrize("failure", [None, LOST], ids=["whole", "cut short"])
def test_of_the_refusals_only_those_that_pass_are_repeated(failure: Exception | None) -> None:
    assert repeated(True, failure, range(300, 1000)) == set(RETRIED)
    assert repeated(False, failure, range(300, 1000)) == set()


@pytest.mark.parametrize("idempotent", [True, False])
def test_a_success_is_not_repeated(idempotent: bool) -> None:
    assert repeated(idempotent, None, range(200, 300)) == set()


@pytest.mark.parametrize(("retry", "longest"), [(1, 0.5), (2, 1.0), (3, 2.0), (5, 8.0), (9, 8.0)])
def test_the_wait_grows_up_to_a_limit(retry: int, longest: float) -> None:
    assert wait_before(retry, None, 60.0, uniform=most) == longest
    assert wait_before(retry, None, 60.0, uniform=least) == 0.0


def test_the_wait_is_drawn_at_random() -> None:
    waits = {wait_before(3, None, 60.0) for _ in range(20)}
    assert len(waits) > 1


@pytest.mark.parametrize("uniform", [most, least])
@pytest.mark.parametrize("seconds", [0.0, 0.25, 20.0, 59.0])
def test_retry_after_is_obeyed(seconds: float, uniform: Callable[[float, float], float]) -> None:
    assert wait_before(1, seconds, 60.0, uniform=uniform) == seconds


@pytest.mark.parametrize(
    ("retry_after", "seconds_left"),
    [(60.0, 60.0), (61.0, 60.0), (1e300, 60.0), (None, 0.5), (None, 0.1), (None, 0.0), (None, -1)],
)
def test_there_is_no_wait_past_the_time_left(
    retry_after: float | None, seconds_left: float
) -> None:
    assert wait_before(1, retry_after, seconds_left, uniform=most) is None


EXCHANGES = st.builds(
    Exchange,
    status=st.none() | st.integers(100, 999),
    failure=st.none() | st.just(LOST),
    timed_out=st.booleans(),
)


@modest
@given(EXCHANGES)
def test_a_session_request_that_was_sent_is_never_repeated(exchange: Exchange) -> None:
    assert not may_repeat(exchange, idempotent=False)


@modest
@given(
    retry=st.integers(1, 100_000),
    retry_after=st.none() | st.floats(0, 1e308),
    left=st.floats(-1e6, 86_400.0),
    seed=st.integers(),
)
def test_waits_are_within_bounds(
    retry: int, retry_after: float | None, left: float, seed: int
) -> None:
    draw = random.Random(seed).uniform
    wait = wait_before(retry, retry_after, left, uniform=draw)
    if wait is not None:
        assert 0 <= wait < left
        assert wait == retry_after if retry_after is not None else wait <= 8.0
