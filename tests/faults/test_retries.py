"""Which requests are repeated, how often, and when."""

from __future__ import annotations

from email.utils import formatdate

import pytest

from ai_gate import APIConnectionError, APITimeoutError, RateLimitError, ServerError
from ai_gate.testing._faults.steps import Reset, Send, Stall
from tests.support.callers import GET, POST, SYNC, Caller, Outcome
from tests.support.fixtures import Serve
from tests.support.responses import GOOD, HTML, response
from tests.support.server import Script, Step
from tests.support.steps import ReadRequest

from .cases import FAULTS, Fault, Raises, Returns
from .checks import check, in_time


def exchange(*steps: Step) -> Script:
    return (ReadRequest(), *steps)


def busy(status: int = 503, *headers: str) -> Script:
    # Said, so that the next attempt doesn't race with the end of the connection.
    return exchange(Send(response(status, HTML, "Connection: close", *headers)))


SUCCESS = exchange(Send(GOOD))
DECIDED = [
    fault
    for fault in FAULTS
    if not fault.slow and fault.repeated is not None and isinstance(fault.outcome, Raises)
]


@pytest.mark.usefixtures("no_backoff")
@pytest.mark.parametrize("fault", DECIDED, ids=lambda fault: fault.name)
def test_only_what_is_worth_it_is_asked_again(fault: Fault, serve: Serve) -> None:
    # Whether it is, is decided alike for all clients, from what test_answers sees of each.
    server = serve(exchange(*fault.script), SUCCESS)
    outcome = SYNC.attempt(GET, server.url, max_retries=1)
    check(outcome, Returns() if fault.repeated else fault.own_outcome)
    assert len(server.requests) == (2 if fault.repeated else 1)


@pytest.mark.usefixtures("no_backoff")
@pytest.mark.parametrize("retries", [0, 1, 4])
def test_gives_up_after_as_many_retries_as_allowed(
    retries: int, caller: Caller, serve: Serve
) -> None:
    server = serve(busy())
    outcome = caller.attempt(GET, server.url, max_retries=retries)
    check(outcome, Raises(ServerError, 503, HTML))
    assert len(server.requests) == 1 + retries


@pytest.mark.usefixtures("no_backoff")
@pytest.mark.parametrize("script", [busy(), exchange(Reset())], ids=["503", "reset"])
def test_two_retries_unless_told_otherwise(script: Script, caller: Caller, serve: Serve) -> None:
    server = serve(script)
    caller.attempt(GET, server.url)
    assert len(server.requests) == 3


@pytest.mark.usefixtures("no_backoff")
def test_each_attempt_may_fail_in_its_own_way(caller: Caller, serve: Serve) -> None:
    server = serve(exchange(Reset()), busy(522), exchange(Send(b"garbage")), SUCCESS)
    check(caller.attempt(GET, server.url, max_retries=3), Returns())
    assert len(server.requests) == 4


@pytest.mark.usefixtures("no_backoff")
def test_the_last_failure_is_the_one_that_is_raised(caller: Caller, serve: Serve) -> None:
    server = serve(busy(502), exchange(Reset()), busy(429))
    check(caller.attempt(GET, server.url), Raises(RateLimitError, 429, HTML))


@pytest.mark.usefixtures("no_backoff")
def test_an_answer_that_cannot_be_retried_ends_it(caller: Caller, serve: Serve) -> None:
    server = serve(busy(503), busy(500), SUCCESS)
    check(caller.attempt(GET, server.url), Raises(ServerError, 500, HTML))
    assert len(server.requests) == 2


@pytest.mark.parametrize("status", [429, 503])
def test_a_session_request_that_was_answered_is_not_repeated(
    status: int, caller: Caller, serve: Serve
) -> None:
    server = serve(busy(status, "Retry-After: 0"), SUCCESS)
    error = caller.attempt(POST, server.url, max_retries=5).error
    assert (error.status_code, error.retry_after) == (status, 0.0)
    assert (server.opened, len(server.requests)) == (1, 1)


@pytest.mark.usefixtures("no_backoff")
def test_retry_after_is_obeyed(caller: Caller, serve: Serve) -> None:
    server = serve(busy(429, "Retry-After: 0.3"), SUCCESS)
    check(caller.attempt(GET, server.url), Returns())
    first, second = server.requests
    assert second.arrived - first.arrived >= 0.3


@pytest.mark.parametrize(
    "value", ["0", formatdate(0, usegmt=True)], ids=["no time", "a date in the past"]
)
def test_retry_after_that_is_over_is_no_wait(value: str, caller: Caller, serve: Serve) -> None:
    server = serve(busy(503, f"Retry-After: {value}"), SUCCESS)
    check(caller.attempt(GET, server.url), Returns())
    assert len(server.requests) == 2


@pytest.mark.parametrize(
    "value",
    ["60", formatdate(4102444800, usegmt=True), "9" * 100],
    ids=["a minute", "a date far ahead", "ages"],
)
def test_retry_after_that_does_not_fit_ends_it_at_once(
    value: str, caller: Caller, serve: Serve
) -> None:
    server = serve(busy(503, f"Retry-After: {value}"), SUCCESS)
    outcome = caller.attempt(GET, server.url, timeout=50.0)
    assert outcome.error.status_code == 503
    assert outcome.error.headers["retry-after"] == value
    assert outcome.seconds < 25
    assert len(server.requests) == 1


@pytest.mark.usefixtures("no_backoff")
@pytest.mark.parametrize("value", ["soon", "", "-1e400", "nan", "1 2"])
def test_retry_after_that_says_nothing_is_as_none(value: str, caller: Caller, serve: Serve) -> None:
    server = serve(busy(503, f"Retry-After: {value}"), SUCCESS)
    check(caller.attempt(GET, server.url), Returns())
    assert len(server.requests) == 2


def test_an_attempt_takes_the_connection_of_the_one_before(caller: Caller, serve: Serve) -> None:
    refusal = exchange(Send(response(503, HTML, "Retry-After: 0")))
    server = serve((*refusal, *refusal, *SUCCESS))
    check(caller.attempt(GET, server.url), Returns())
    assert (server.opened, len(server.requests)) == (1, 3)


@pytest.mark.parametrize("script", [busy(), exchange(Reset())], ids=["503", "reset"])
def test_retries_end_with_the_time(script: Script, serve: Serve) -> None:
    def run(caller: Caller, timeout: float) -> Outcome:
        server = serve(script)
        outcome = caller.attempt(GET, server.url, timeout=timeout, max_retries=10**6)
        assert isinstance(outcome.error, (ServerError, APIConnectionError))
        return outcome

    in_time(run)


@pytest.mark.usefixtures("no_backoff")
def test_a_stall_after_a_retry_ends_with_the_time_too(serve: Serve) -> None:
    def run(caller: Caller, timeout: float) -> Outcome:
        server = serve(busy(), exchange(Stall()))
        outcome = caller.attempt(GET, server.url, timeout=timeout)
        check(outcome, Raises(APITimeoutError))
        assert len(server.requests) == 2
        return outcome

    in_time(run)
