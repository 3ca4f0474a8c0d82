"""One client shared by threads."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from ai_gate import AIGateClient
from ai_gate.testing._faults.steps import Send
from tests.support.callers import PROJECT
from tests.support.fixtures import Serve
from tests.support.responses import TURN, json_response
from tests.support.server import PATIENCE, Request
from tests.support.steps import ReadRequest, Until, answer, replay

THREADS = 20
ROUNDS = 5


def test_threads_get_their_own_answers_over_their_own_connections(serve: Serve) -> None:
    # The first request of each thread waits for those of all others: all are under way at once.
    together = threading.Barrier(THREADS)

    def echo(request: Request) -> bytes:
        instructions: str = request.json["instructions"]
        if instructions.endswith("/0"):
            together.wait(PATIENCE)
        return json_response({"instructions": instructions})

    server = serve(answer(echo))

    def calls(client: AIGateClient, thread: int) -> list[Any]:
        asked = [f"{thread}/{number}" for number in range(ROUNDS)]
        answers = [client.create_session(instructions=text) for text in asked]
        assert [answer.get("instructions") for answer in answers] == asked
        return answers

    with AIGateClient(PROJECT, server.url) as client, ThreadPoolExecutor(THREADS) as pool:
        answers = list(pool.map(lambda thread: calls(client, thread), range(THREADS)))
    assert sum(map(len, answers)) == THREADS * ROUNDS == len(server.requests)
    assert server.shared == []
    assert server.opened == THREADS


def test_first_calls_at_once(serve: Serve) -> None:
    server = serve(replay(TURN))
    start = threading.Barrier(8)

    def call(client: AIGateClient) -> None:
        start.wait(PATIENCE)
        assert client.get_turn_credentials() == {"iceServers": []}

    for _ in range(10):
        with AIGateClient(PROJECT, server.url) as client, ThreadPoolExecutor(8) as pool:
            list(pool.map(call, [client] * 8))
    server.wait_for(lambda: server.closed == server.opened)


def test_a_call_under_way_survives_close_and_its_connection_does_not(serve: Serve) -> None:
    release = threading.Event()
    server = serve((ReadRequest(), Send(TURN[:-5]), Until(release), Send(TURN[-5:]), ReadRequest()))
    client = AIGateClient(PROJECT, server.url)
    with ThreadPoolExecutor(1) as pool:
        call = pool.submit(client.get_turn_credentials)
        server.wait_for(lambda: len(server.requests) == 1)
        client.close()
        release.set()
        assert call.result(PATIENCE) == {"iceServers": []}
    server.wait_for(lambda: server.closed == 1)
