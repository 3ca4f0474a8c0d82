"""A server that is slow or unwilling to take the request."""

from __future__ import annotations

import pytest

from ai_gate import AIGateError, APIConnectionError, APITimeoutError

from .answers import JSON, answer
from .callers import POST, Caller, Operation, all_at_once
from .cases import Raises
from .checks import SLACK, check
from .conftest import Serve
from .server import Script
from .steps import ReadBody, ReadHead, ReadSlowly, Reset, Send, Stall

TIMEOUT = 0.7
# Three times what the buffers of both ends hold.
LARGE = "x" * 12_000_000
# Some 4 MB a second: fast enough for each write, too slow for all of them.
SLOW = ReadSlowly(16 * 1024, 0.004)


@pytest.mark.parametrize(
    ("script", "requests"),
    [((Stall(),), 0), ((ReadHead(), SLOW), 1)],
    ids=["nothing is read", "the body is read slowly"],
)
def test_the_request_is_not_taken(script: Script, requests: int, serve: Serve) -> None:
    def run(caller: Caller, operation: Operation) -> None:
        server = serve(script)
        outcome = caller.call(operation, server.url, instructions=LARGE, timeout=TIMEOUT)
        check(outcome, Raises(APITimeoutError))
        assert outcome.seconds < TIMEOUT + SLACK
        assert (server.connections, len(server.requests)) == (1, requests)

    all_at_once(run, operations=[POST])


@pytest.mark.parametrize("end", [(), (Reset(),)], ids=["closed", "reset"])
def test_the_connection_ends_within_the_request(end: Script, caller: Caller, serve: Serve) -> None:
    server = serve((ReadHead(), *end))
    outcome = caller.call(POST, server.url, instructions=LARGE)
    check(outcome, Raises(APIConnectionError, chained=True))
    assert (server.connections, len(server.requests)) == (1, 1)


def test_the_answer_comes_before_the_request_has_gone(caller: Caller, serve: Serve) -> None:
    server = serve((ReadHead(), Send(answer(413, JSON)), ReadBody()))
    outcome = caller.call(POST, server.url, instructions=LARGE)
    check(outcome, Raises(AIGateError, 413, JSON))
    server.wait_for(lambda server: server.ended == 1)
    (request,) = server.requests
    assert len(request.body) > len(LARGE)
