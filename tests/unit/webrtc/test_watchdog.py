"""Noticing silence, without waiting for it."""

from __future__ import annotations

import asyncio
from itertools import chain, repeat

import pytest

from ai_gate.webrtc import _watchdog
from ai_gate.webrtc._watchdog import Health, Pulse, watch


def healths(packets: list[int], step: float = 0.5) -> list[Health]:
    pulse = Pulse()
    return [pulse.look(number, index * step) for index, number in enumerate(packets)]


def test_packets_that_come_are_a_sign_of_life() -> None:
    assert set(healths(list(range(100)))) == {"connected"}


def test_silence_is_noticed_step_by_step() -> None:
    seen = healths([7] * 40)
    assert seen.index("disconnected") == 14
    assert seen.index("lost") == 28
    # 0.5 s can pass before the silence itself is noticed.
    assert 28 * 0.5 + _watchdog.INTERVAL < 15.0


def test_what_comes_in_between_is_enough() -> None:
    seen = healths([1] * 15 + [2] * 15)
    assert seen[14] == "disconnected"
    assert seen[15] == "connected"
    assert "lost" not in seen


def test_a_loop_that_was_blocked_is_no_silence() -> None:
    pulse = Pulse()
    pulse.look(1, 0.0)
    assert pulse.look(1, 3600.0) == "connected"
    assert pulse.look(2, 3600.5) == "connected"


def test_it_looks_until_the_call_is_lost(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_watchdog, "INTERVAL", 0.001)
    monkeypatch.setattr(_watchdog, "LONGEST_STEP", 10.0)
    monkeypatch.setattr(_watchdog, "DISCONNECTED_AFTER", 0.01)
    monkeypatch.setattr(_watchdog, "LOST_AFTER", 0.02)
    packets = chain(range(5), repeat(4))
    seen: list[Health] = []

    async def main() -> None:
        async with asyncio.timeout(60.0):
            await watch(lambda: next(packets), seen.append)

    asyncio.run(main())
    assert seen[0] == "connected"
    assert seen[-1] == "lost"
    assert seen.count("lost") == 1
