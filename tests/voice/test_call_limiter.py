"""A limiter of live sessions: a call that is over frees its slot, however it ended."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

import pytest

from ai_gate import AIGateError, AsyncAIGateClient
from ai_gate.limits import Limiter
from ai_gate.testing import MockGate
from ai_gate.webrtc import Connector
from tests.voice.calling import PROJECT, run


async def hang_up_here(connector: Connector, _: MockGate) -> None:
    async with connector:
        pass


async def hang_up_there(connector: Connector, gate: MockGate) -> None:
    async with connector as call:
        gate.voice.hang_up()
        assert [event async for event in call]


async def fail_to_open(connector: Connector, gate: MockGate) -> None:
    gate.voice.refuse_next(500)
    with pytest.raises(AIGateError):
        async with connector:
            pass


async def cancel(connector: Connector, gate: MockGate) -> None:
    opening = asyncio.ensure_future(connector.__aenter__())
    while len(gate.received) < 2:
        # The session is there, and its call is being opened.
        await asyncio.sleep(0)
    opening.cancel()
    await asyncio.wait({opening})
    if not opening.cancelled() and opening.exception() is None:
        await connector.__aexit__(None, None, None)


End = Callable[[Connector, MockGate], Awaitable[None]]


@pytest.mark.parametrize("end", [hang_up_here, hang_up_there, fail_to_open, cancel])
def test_a_call_that_is_over_frees_its_slot(end: End) -> None:
    async def main() -> None:
        limiter = Limiter(concurrent=1)
        with MockGate(realtime=True, concurrent=None) as gate:
            async with AsyncAIGateClient(PROJECT, gate.url, limiter=limiter) as client:
                connector = client.connect(realtime_url=gate.realtime_url)
                await end(connector, gate)
                async with asyncio.timeout(10.0):
                    while limiter.usage(PROJECT, gate.url).concurrent.used:
                        await asyncio.sleep(0.01)
                assert limiter.usage(PROJECT, gate.url).quota.used == 1

    run(main())
