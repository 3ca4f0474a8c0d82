"""Connections that don't come about: nothing was sent, so both calls try again."""

from __future__ import annotations

import socket
from typing import Any

import anyio
import pytest

from ai_gate import APIConnectionError, APITimeoutError
from ai_gate.testing._faults.steps import Send
from tests.support.callers import GET, POST, Caller, Client, Operation, Outcome
from tests.support.fixtures import Serve
from tests.support.responses import GOOD, TURN
from tests.support.steps import ReadRequest, replay

from .addresses import Address
from .cases import Raises, Returns
from .checks import check, in_time
from .dials import Dials
from .resolver import NAME, Resolver

UNREACHABLE = Raises(APIConnectionError, chained=True)
SUCCESS = (ReadRequest(), Send(GOOD))


@pytest.mark.usefixtures("no_backoff")
@pytest.mark.parametrize("retries", [0, 3])
def test_refused(
    retries: int, caller: Caller, operation: Operation, dials: Dials, serve: Serve
) -> None:
    server = serve(SUCCESS, listening=False)
    with dials.watch(server.address) as watch:
        outcome = caller.attempt(operation, server.url, max_retries=retries)
    check(outcome, UNREACHABLE)
    assert "could not be reached" in str(outcome.error)
    assert watch.count == 1 + retries


@pytest.mark.usefixtures("no_backoff")
def test_refused_at_first(caller: Caller, operation: Operation, dials: Dials, serve: Serve) -> None:
    server = serve(SUCCESS, listening=False)
    with dials.watch(server.address) as watch:
        watch.before[3] = server.listen
        check(caller.attempt(operation, server.url), Returns())
    assert (watch.count, len(server.requests)) == (3, 1)


def test_refused_until_the_time_is_over(serve: Serve) -> None:
    server = serve(SUCCESS, listening=False)

    def run(caller: Caller, timeout: float) -> Outcome:
        outcome = caller.attempt(POST, server.url, timeout=timeout, max_retries=10**6)
        assert isinstance(outcome.error, APIConnectionError)
        return outcome

    in_time(run)


def expect_timeout(url: str) -> None:
    def run(caller: Caller, timeout: float) -> Outcome:
        outcome = caller.attempt(POST, url, timeout=timeout)
        check(outcome, Raises(APITimeoutError))
        return outcome

    in_time(run)


def test_connecting_hangs(holes: tuple[Address, ...]) -> None:
    expect_timeout("http://{}:{}".format(*holes[0]))


def test_connecting_hangs_at_each_of_several_addresses(
    holes: tuple[Address, ...], resolver: Resolver
) -> None:
    # One after another, each with the whole time, they would take three times what is allowed.
    assert len(holes) >= 12
    expect_timeout(resolver.url(*holes))
    assert resolver.lookups > 0


def test_there_is_no_time_to_connect(caller: Caller, operation: Operation, serve: Serve) -> None:
    server = serve(SUCCESS)
    outcome = caller.attempt(operation, server.url, timeout=1e-9)
    check(outcome, Raises(APITimeoutError))
    assert str(outcome.error) == "The gate could not be reached in time."
    assert server.requests == []


def test_an_address_that_refuses_is_passed_over(
    caller: Caller, operation: Operation, resolver: Resolver, serve: Serve
) -> None:
    server = serve(SUCCESS)
    port = server.address[1]
    url = resolver.url(("127.0.0.2", port), server.address)
    check(caller.attempt(operation, url, max_retries=0), Returns())
    assert (resolver.lookups, len(server.requests)) == (1, 1)
    assert server.requests[0].headers["host"] == f"{NAME}:{port}"


@pytest.mark.usefixtures("no_backoff")
def test_a_name_that_nobody_knows(caller: Caller, operation: Operation, resolver: Resolver) -> None:
    outcome = caller.attempt(operation, resolver.url(), max_retries=2)
    check(outcome, UNREACHABLE)
    assert "billed" not in str(outcome.error)
    assert resolver.lookups == 3


@pytest.mark.parametrize("is_known", [True, False])
def test_calls_at_once_share_a_look_up(
    is_known: bool, async_caller: Caller, resolver: Resolver, serve: Serve
) -> None:
    server = serve(*[replay(TURN)] * 20)
    outcomes: list[Outcome] = []

    async def body(client: Client) -> None:
        async def call() -> None:
            outcomes.append(await client.attempt(GET))

        async with anyio.create_task_group() as group:
            for _ in range(20):
                group.start_soon(call)

    async_caller.use(resolver.url(*[server.address] * is_known), body, max_retries=0)
    assert resolver.lookups == 1
    assert [isinstance(one.value, dict) for one in outcomes] == [is_known] * 20


def unspeakable(*_: object, **__: object) -> list[Any]:
    raise UnicodeError("label empty or too long")


def nowhere(*_: object, **__: object) -> list[Any]:
    return []


@pytest.mark.usefixtures("no_backoff")
@pytest.mark.parametrize("resolve", [unspeakable, nowhere])
def test_a_name_without_an_address(
    resolve: object, caller: Caller, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(socket, "getaddrinfo", resolve)
    error = caller.attempt(POST, f"http://{NAME}", max_retries=1).error
    assert type(error) is APIConnectionError
    assert "could not be reached" in str(error)
    assert "billed" not in str(error)


def test_an_ipv6_gate(caller: Caller, monkeypatch: pytest.MonkeyPatch) -> None:
    dialled: list[object] = []

    def resolve(host: object, port: object, *_: object, **__: object) -> list[Any]:
        dialled.append((host, port))
        raise socket.gaierror(socket.EAI_NONAME, "no IPv6 here")

    monkeypatch.setattr(socket, "getaddrinfo", resolve)
    error = caller.attempt(POST, "http://[::1]:9", max_retries=0).error
    assert type(error) is APIConnectionError
    assert all(address in {("::1", 9), (b"::1", 9)} for address in dialled)
