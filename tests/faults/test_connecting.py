"""Connections that don't come about: nothing was sent, so both calls try again."""

from __future__ import annotations

import pytest

from ai_gate import APIConnectionError, APITimeoutError

from .addresses import Address
from .answers import GOOD
from .callers import Caller, Operation, all_at_once
from .cases import Raises, Returns
from .checks import SLACK, check
from .conftest import Serve
from .dials import Dials
from .resolver import Resolver
from .steps import ReadRequest, Send

TIMEOUT = 0.4
UNREACHABLE = Raises(APIConnectionError, chained=True)
SUCCESS = (ReadRequest(), Send(GOOD))


@pytest.mark.usefixtures("no_backoff")
@pytest.mark.parametrize("retries", [0, 3])
def test_refused(
    retries: int, caller: Caller, operation: Operation, dials: Dials, serve: Serve
) -> None:
    server = serve(SUCCESS, listening=False)
    with dials.watch(server.address) as watch:
        check(caller.call(operation, server.url, max_retries=retries), UNREACHABLE)
    assert watch.count == 1 + retries


@pytest.mark.usefixtures("no_backoff")
def test_refused_at_first(caller: Caller, operation: Operation, dials: Dials, serve: Serve) -> None:
    server = serve(SUCCESS, listening=False)
    with dials.watch(server.address) as watch:
        watch.before[3] = server.listen
        check(caller.call(operation, server.url), Returns())
    assert (watch.count, len(server.requests)) == (3, 1)


def test_refused_until_the_time_is_over(serve: Serve) -> None:
    server = serve(SUCCESS, listening=False)

    def run(caller: Caller, operation: Operation) -> None:
        outcome = caller.call(operation, server.url, timeout=TIMEOUT, max_retries=10**6)
        assert isinstance(outcome.error, APIConnectionError)
        assert outcome.seconds < TIMEOUT + SLACK

    all_at_once(run)


def expect_timeout(url: str) -> None:
    def run(caller: Caller, operation: Operation) -> None:
        outcome = caller.call(operation, url, timeout=TIMEOUT)
        check(outcome, Raises(APITimeoutError))
        assert outcome.seconds < TIMEOUT + SLACK

    all_at_once(run)


def test_connecting_hangs(holes: tuple[Address, ...]) -> None:
    expect_timeout("http://{}:{}".format(*holes[0]))


def test_connecting_hangs_at_each_of_several_addresses(
    holes: tuple[Address, ...], resolver: Resolver
) -> None:
    # One after another, each with the whole time, they would take longer than is allowed.
    assert len(holes) * TIMEOUT > TIMEOUT + SLACK
    expect_timeout(resolver.url(*holes))
    assert resolver.lookups > 0


def test_an_address_that_refuses_is_passed_over(
    caller: Caller, operation: Operation, resolver: Resolver, serve: Serve
) -> None:
    server = serve(SUCCESS)
    url = resolver.url(("127.0.0.2", server.address[1]), server.address)
    check(caller.call(operation, url, max_retries=0), Returns())
    assert (resolver.lookups, len(server.requests)) == (1, 1)


@pytest.mark.usefixtures("no_backoff")
def test_a_name_that_nobody_knows(caller: Caller, operation: Operation, resolver: Resolver) -> None:
    check(caller.call(operation, resolver.url(), max_retries=2), UNREACHABLE)
    assert resolver.lookups == 3
