"""Waiting for a condition, for a limited time; the tests of the queues wait without a limit."""

from __future__ import annotations

import asyncio

from ai_gate.webrtc._condition import Condition


def test_a_limited_wait() -> None:
    async def main() -> None:
        condition = Condition()
        assert await condition.wait_at_most(1.0, lambda: True)
        assert not await condition.wait_at_most(0.01, lambda: False)
        changed = asyncio.Event()
        loop = asyncio.get_running_loop()
        loop.call_later(0.01, changed.set)
        loop.call_later(0.02, condition.notify)
        assert await condition.wait_at_most(1.0, changed.is_set)

    asyncio.run(main())
