"""The stack of idle connections."""

from __future__ import annotations

import threading

from ai_gate._http.idle_stack import KEEP_ALIVE, IdleStack
from tests.support.fixtures import Clock


def stack(*connections: str) -> IdleStack[str]:
    filled: IdleStack[str] = IdleStack()
    for connection in connections:
        filled.put(connection)
    return filled


def test_the_connection_used_last_is_taken_first() -> None:
    filled = stack("first", "second")
    assert [filled.take(), filled.take(), filled.take()] == ["second", "first", None]


def test_its_length() -> None:
    filled = stack("first", "second")
    assert len(filled) == 2
    filled.take()
    assert len(filled) == 1


def test_draining_takes_all() -> None:
    filled = stack("first", "second")
    assert set(filled.drain()) == {"first", "second"}
    assert len(filled) == 0


def test_nothing_expires_before_its_time(clock: Clock) -> None:
    filled = stack("first")
    clock.now += KEEP_ALIVE - 1
    assert list(filled.expired()) == []
    assert filled.take() == "first"


def test_what_expires_is_taken(clock: Clock) -> None:
    filled = stack("first", "second")
    clock.now += 10
    filled.put("third")
    clock.now += KEEP_ALIVE - 10
    assert list(filled.expired()) == ["first", "second"]
    assert list(filled.drain()) == ["third"]


def test_all_may_expire(clock: Clock) -> None:
    filled = stack("first", "second")
    clock.now += KEEP_ALIVE
    assert list(filled.expired()) == ["first", "second"]
    assert filled.take() is None


def test_idle_connections_outlive_a_pause_between_calls_but_not_the_gateways() -> None:
    # Azure's outbound rules forget a connection first, after 240 s; httpx keeps one for 5 s.
    assert 60 <= KEEP_ALIVE < 240


def test_no_connection_is_taken_twice_by_threads() -> None:
    filled: IdleStack[int] = IdleStack()
    for number in range(2_000):
        filled.put(number)
    taken: list[list[int]] = [[] for _ in range(8)]
    start = threading.Barrier(len(taken))

    def take(mine: list[int]) -> None:
        start.wait()
        while (number := filled.take()) is not None:
            list(filled.expired())
            mine.append(number)

    threads = [threading.Thread(target=take, args=(mine,)) for mine in taken]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    numbers = [number for mine in taken for number in mine]
    assert len(numbers) == len(set(numbers))
