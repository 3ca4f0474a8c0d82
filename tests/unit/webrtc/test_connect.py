"""Connecting to what is no session yet, twice, or without asyncio."""

from __future__ import annotations

import asyncio
import gc
from typing import Any

import pytest
import trio

from ai_gate import AIGateError
from ai_gate.webrtc import MissingDependencyError, connect


def test_a_factory_that_is_not_async() -> None:
    async def main() -> None:
        factory: Any = dict
        with pytest.raises(AIGateError, match="must be an async function"):
            async with connect(factory):
                pass

    asyncio.run(main())


def test_a_session_that_nobody_has_waited_for() -> None:
    async def create() -> Any:
        raise AssertionError("nobody calls this")

    async def main() -> None:
        forgotten: Any = create()
        with pytest.raises(AIGateError, match="await it first"):
            connect(forgotten)
        future: Any = asyncio.get_running_loop().create_future()
        with pytest.raises(AIGateError, match="await it first"):
            connect(future)
        assert not future.done()

    asyncio.run(main())
    # Else Python would complain about a coroutine that was never awaited.
    gc.collect()


def test_a_dependency_that_is_broken_where_it_is_used(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail() -> None:
        raise AttributeError("module 'lib' has no attribute 'X509_V_FLAG_NOTIFY_POLICY'")

    monkeypatch.setattr("aiortc.RTCCertificate.generateCertificate", fail)

    async def main() -> None:
        session: Any = {"client_secret": {"value": "ek_secret"}}
        with pytest.raises(MissingDependencyError, match="can't be loaded") as caught:
            async with connect(session):
                pass
        assert isinstance(caught.value.__cause__, AttributeError)

    asyncio.run(main())


def test_a_connector_makes_one_call_at_a_time() -> None:
    async def main() -> None:
        asked = asyncio.Event()

        async def factory() -> Any:
            asked.set()
            await asyncio.get_running_loop().create_future()

        connector = connect(factory)
        async with asyncio.timeout(5.0):
            # What failed can be tried again.
            for _ in range(2):
                opening = asyncio.create_task(connector.__aenter__())
                await asked.wait()
                asked.clear()
                with pytest.raises(AIGateError, match="has a call already"):
                    await connector.__aenter__()
                opening.cancel()
                await asyncio.wait([opening])

    asyncio.run(main())


def test_under_trio() -> None:
    session: Any = {"client_secret": {"value": "ek_secret"}}

    async def main() -> None:
        with pytest.raises(AIGateError, match="under asyncio only"):
            async with connect(session):
                pass

    trio.run(main)
