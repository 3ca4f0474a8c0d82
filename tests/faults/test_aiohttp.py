"""The faults once more, over aiohttp, as `ai-gate[aiohttp]` brings it."""

from __future__ import annotations

from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass

import httpx
import pytest
from httpx_aiohttp import HttpxAiohttpClient

from ai_gate import APIConnectionError

from .answers import GOOD
from .callers import NO_TLS, OPERATIONS, POST, PROJECT, Caller, Client, Operation, attempt
from .cases import BY_NAME, FAULTS, Fault
from .checks import SLACK, check
from .conftest import Serve
from .steps import ReadRequest, Send


async def noop(_: object) -> None:
    """Do nothing, as a hook."""


@dataclass(frozen=True)
class AiohttpCaller(Caller):
    """Sends through an httpx client over aiohttp."""

    has_hooks: bool = False

    def _async_http(self) -> AbstractAsyncContextManager[httpx.AsyncClient]:
        client = HttpxAiohttpClient(verify=NO_TLS)
        if self.has_hooks:
            client.event_hooks = {"request": [noop], "response": [noop]}
        return client


CALLER = AiohttpCaller("asyncio")
READ_OTHERWISE = {
    "101",
    "302 with a location that is none",
    "402 with garbage for a chunk",
    "429 with garbage for a chunk",
    "522 with garbage for a chunk",
    "a header of 60 KB",
    "a length too small",
    "a status below 100",
    "an unknown transfer encoding",
    "garbage for a chunk",
    "the same length twice",
}
"""What aiohttp reads in its own way: stricter, laxer, or without handing out what came before."""
IN_TIME = ("stalled before the headers", "stalled in the body", "dripping body")
TIMEOUT = 0.5


@pytest.mark.parametrize(
    "fault",
    [fault for fault in FAULTS if not fault.slow and fault.name not in READ_OTHERWISE],
    ids=lambda fault: fault.name,
)
def test_fault(fault: Fault, serve: Serve) -> None:
    server = serve((ReadRequest(), *fault.script))
    check(CALLER.call(POST, server.url), fault.outcome)
    assert len(server.requests) == 1


@pytest.mark.parametrize("operation", OPERATIONS)
@pytest.mark.parametrize("name", sorted(READ_OTHERWISE - {"an unknown transfer encoding"}))
@pytest.mark.parametrize("has_hooks", [False, True], ids=["", "with hooks"])
def test_what_aiohttp_reads_otherwise(
    name: str, operation: Operation, has_hooks: bool, serve: Serve
) -> None:
    server = serve((ReadRequest(), *BY_NAME[name].script))
    error = (
        AiohttpCaller("asyncio", has_hooks=has_hooks)
        .call(operation, server.url, max_retries=0)
        .error
    )
    shown = f"{error} {error!r} {error.__cause__} {error.__cause__!r}"
    assert PROJECT not in shown
    assert "aigate_session_01" not in shown
    assert len(server.requests) == 1


@pytest.mark.parametrize("name", IN_TIME)
def test_slow_fault(name: str, serve: Serve) -> None:
    server = serve((ReadRequest(), *BY_NAME[name].script))
    outcome = CALLER.call(POST, server.url, timeout=TIMEOUT)
    check(outcome, BY_NAME[name].outcome)
    assert outcome.seconds < TIMEOUT + SLACK
    assert len(server.requests) == 1


def test_a_refused_connection_is_not_believed_and_not_repeated(serve: Serve) -> None:
    server = serve((ReadRequest(), Send(GOOD)), listening=False)
    error = CALLER.call(POST, server.url).error
    assert type(error) is APIConnectionError
    assert "billed" in str(error)


def test_calls_in_a_row_share_a_connection(serve: Serve) -> None:
    async def body(client: Client) -> None:
        for _ in range(2):
            assert isinstance((await attempt(client, POST)).value, dict)

    server = serve((ReadRequest(), Send(GOOD), ReadRequest(), Send(GOOD)))
    CALLER.run(server.url, body)
    assert len(server.requests) == 2
