"""The race for a TURN server that works, as connecting runs it."""

from __future__ import annotations

import asyncio
import time

import pytest

from ai_gate.webrtc._types import TurnServer
from ai_gate.webrtc.turn._race import Race
from ai_gate.webrtc.turn._urls import turn_servers
from tests.voice.coturn import CREDENTIAL, TRANSPORTS, USERNAME, Coturn
from tests.voice.dead_ends import refusing, silent
from tests.voice.running import finished, run, tasks

LIMIT = 1.0
STAGGER = 0.1


def servers(*urls: str, credential: str = CREDENTIAL) -> list[TurnServer]:
    entry = {"urls": list(urls), "username": USERNAME, "credential": credential}
    found, unusable = turn_servers([entry])
    assert unusable == []
    return found


def race(found: list[TurnServer], stagger: float = STAGGER) -> tuple[Race, float]:
    """Run a race, and give its time too; everything is closed and given back behind it."""

    async def timed() -> tuple[Race, float]:
        start = time.monotonic()
        ended = Race(found, timeout=LIMIT, stagger=stagger)
        assert await ended.run() == ended.winner
        seconds = time.monotonic() - start
        assert await finished(LIMIT + 2)
        return ended, seconds

    return run(timed())


@pytest.mark.usefixtures("trusted")
def test_the_first_one_wins_where_all_work(coturn: Coturn) -> None:
    found = servers(*(coturn.url(transport) for transport in TRANSPORTS))
    before = coturn.allocations()
    ended, _ = race(found, stagger=LIMIT)
    assert ended.winner == found[0]
    assert [result.works for result in ended.results] == [True]
    # The others weren't even asked.
    assert coturn.wait_for(lambda: coturn.allocations() == before + 1)
    assert coturn.all_given_back()


def test_a_failure_starts_the_next_at_once(coturn: Coturn) -> None:
    found = servers(*(refusing("udp") for _ in range(5)), coturn.url("tcp"))
    ended, seconds = race(found, stagger=LIMIT)
    assert ended.winner == found[5]
    assert seconds < LIMIT
    reasons = [result.reason for result in ended.results]
    assert reasons == [*["connection refused"] * 5, None]


@pytest.mark.usefixtures("trusted")
def test_silence_starts_the_next_after_the_stagger(coturn: Coturn) -> None:
    with silent("udp") as first, silent("tcp") as second:
        found = servers(first, second, coturn.url("tls"), coturn.url("udp"))
        ended, seconds = race(found)
    assert ended.winner == found[2]
    assert 2 * STAGGER <= seconds < LIMIT
    # The last wasn't asked, and the first two failed later.
    assert [result.reason for result in ended.results] == [*["timed out after 1.0 s"] * 2, None]
    assert coturn.all_given_back()


def test_the_last_one_wins_while_others_hang(coturn: Coturn) -> None:
    with silent("udp") as first, silent("tcp") as second:
        ended, seconds = race(servers(first, second, coturn.url("udp")))
    assert ended.winner is not None
    assert ended.winner.url == coturn.url("udp")
    assert 2 * STAGGER <= seconds < LIMIT


def test_attempts_that_somebody_else_cancels() -> None:
    async def main(hanging: str) -> None:
        racing = asyncio.create_task(Race(servers(hanging)).run())
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        others = tasks() - {racing}
        assert others
        for task in others:
            task.cancel()
        await asyncio.wait([racing], timeout=LIMIT)
        assert racing.cancelled()

    with silent("udp") as url:
        run(main(url))


def test_no_server_works() -> None:
    with silent("udp") as hanging:
        ended, seconds = race(servers(refusing("tcp"), hanging, refusing("tls")))
    assert ended.winner is None
    assert [result.reason for result in ended.results] == [
        "connection refused",
        "timed out after 1.0 s",
        "connection refused",
    ]
    assert LIMIT <= seconds < LIMIT + 1


def test_wrong_credentials_everywhere(coturn: Coturn) -> None:
    ended, _ = race(servers(coturn.url("udp"), coturn.url("tcp"), credential="wrong"))
    assert ended.winner is None
    assert {result.reason for result in ended.results} == {"401 Unauthorized"}


def test_cancelled_it_knows_what_has_failed_so_far() -> None:
    async def main(hanging: str) -> None:
        unfinished = Race(servers(refusing("tcp"), hanging), timeout=LIMIT)
        racing = asyncio.create_task(unfinished.run())
        async with asyncio.timeout(LIMIT):
            while not unfinished.results:
                await asyncio.sleep(0.01)
        racing.cancel()
        await asyncio.wait([racing])
        assert [result.reason for result in unfinished.results] == ["connection refused"]
        # The other one finishes by itself.
        assert await finished(LIMIT + 2)
        assert [result.reason for result in unfinished.results] == [
            "connection refused",
            "timed out after 1.0 s",
        ]

    with silent("udp") as url:
        run(main(url))


def test_no_servers() -> None:
    ended, _ = race([])
    assert (ended.winner, ended.results) == (None, ())


@pytest.mark.usefixtures("trusted")
@pytest.mark.parametrize("milliseconds", [0, 0.3, 0.6, 1, 1.5, 2, 3, 5, 8, 20, 90, 110])
def test_cancelled_it_leaves_nothing(coturn: Coturn, milliseconds: float) -> None:
    async def cancelled(hanging: str) -> None:
        found = servers(refusing("udp"), hanging, coturn.url("tls"), coturn.url("udp"))
        task = asyncio.create_task(Race(found, timeout=STAGGER, stagger=0.0).run())
        await asyncio.sleep(milliseconds / 1000)
        task.cancel()
        await asyncio.wait([task])
        assert await finished(LIMIT + 2)

    with silent("tcp") as url:
        run(cancelled(url))
    assert coturn.all_given_back()
