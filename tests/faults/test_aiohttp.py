"""The faults once more, over aiohttp, as `ai-gate[aiohttp]` brings it."""

from __future__ import annotations

from typing import Any

import pytest
from httpx_aiohttp import HttpxAiohttpClient

from ai_gate import APIConnectionError
from ai_gate.testing._faults.steps import Send
from tests.support.callers import NO_TLS, POST, PROJECT, Caller, Client, Injected, Outcome
from tests.support.fixtures import Serve
from tests.support.responses import GOOD
from tests.support.steps import ReadRequest

from .cases import BY_NAME, FAULTS, Fault
from .checks import check, in_time


class AiohttpCaller(Caller):
    """Sends through an httpx client over aiohttp."""

    def httpx_client(self, **options: Any) -> Injected:
        """Make one."""
        return Injected(HttpxAiohttpClient(verify=NO_TLS, **options))


async def noop(_: object) -> None:
    """Do nothing, as a hook."""


class HookedCaller(AiohttpCaller):
    """The same with hooks."""

    def httpx_client(self, **options: Any) -> Injected:
        """Make one."""
        hooks = {"request": [noop], "response": [noop]}
        return super().httpx_client(event_hooks=hooks, **options)


CALLER = AiohttpCaller("asyncio", injected=True)
HOOKED = HookedCaller("asyncio", injected=True)
READ_OTHERWISE = {
    "101",
    "302 with a location that is none",
    "402 with garbage for a chunk",
    "429 with garbage for a chunk",
    "522 with garbage for a chunk",
    "a bad trailer",
    "a chunk size that is none",
    "a chunk that is longer than its size",
    "a header of 60 KB",
    "a length too small",
    "a status below 100",
    "chunk lines without CR",
    "garbage for a chunk",
    "the same length twice",
}
"""What aiohttp reads in its own way: stricter, laxer, or without handing out what came before."""
IN_TIME = ("stalled before the headers", "stalled in the body", "dripping body")


@pytest.mark.parametrize(
    "fault",
    [fault for fault in FAULTS if not fault.slow and fault.name not in READ_OTHERWISE],
    ids=lambda fault: fault.name,
)
def test_fault(fault: Fault, serve: Serve) -> None:
    server = serve((ReadRequest(), *fault.script))
    check(CALLER.attempt(POST, server.url), fault.outcome)
    assert len(server.requests) == 1


@pytest.mark.parametrize("name", sorted(READ_OTHERWISE))
@pytest.mark.parametrize("caller", [CALLER, HOOKED], ids=["", "with hooks"])
def test_what_aiohttp_reads_otherwise(name: str, caller: Caller, serve: Serve) -> None:
    server = serve((ReadRequest(), *BY_NAME[name].script))
    error = caller.attempt(POST, server.url).error
    shown = f"{error} {error!r} {error.__cause__} {error.__cause__!r}"
    assert PROJECT not in shown
    assert "aigate_session_01" not in shown
    assert len(server.requests) == 1


@pytest.mark.parametrize("name", IN_TIME)
def test_slow_fault(name: str, serve: Serve) -> None:
    def run(caller: Caller, timeout: float) -> Outcome:
        server = serve((ReadRequest(), *BY_NAME[name].script))
        outcome = caller.attempt(POST, server.url, timeout=timeout)
        check(outcome, BY_NAME[name].outcome)
        assert len(server.requests) == 1
        return outcome

    in_time(run, [CALLER])


def test_a_refused_connection_is_not_believed_and_not_repeated(serve: Serve) -> None:
    server = serve((ReadRequest(), Send(GOOD)), listening=False)
    error = CALLER.attempt(POST, server.url).error
    assert type(error) is APIConnectionError
    assert "billed" in str(error)


def test_calls_in_a_row_share_a_connection(serve: Serve) -> None:
    async def body(client: Client) -> None:
        for _ in range(2):
            await client.call(POST)

    server = serve((ReadRequest(), Send(GOOD), ReadRequest(), Send(GOOD)))
    CALLER.use(server.url, body)
    assert len(server.requests) == 2
