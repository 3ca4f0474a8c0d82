"""The end of the event loop, at any moment, cuts nothing that must be given back."""

from __future__ import annotations

import asyncio
import contextlib
import gc
import time
from collections.abc import Coroutine
from typing import Any

import pytest

from ai_gate.types import SessionResponse
from ai_gate.webrtc import _background as background
from ai_gate.webrtc import connect
from tests.voice import running
from tests.voice.calling import minted, open_for_long
from tests.voice.coturn import Coturn, Transport
from tests.voice.gate_process import GateProcess

pytestmark = pytest.mark.usefixtures("on_loopback")


def left(main: Coroutine[Any, Any, None], caplog: pytest.LogCaptureFixture) -> list[str]:
    """Run something as a program does, and tell what it left behind or complained about."""
    gc.collect()
    before = running.sockets()
    start = time.monotonic()
    with contextlib.suppress(ZeroDivisionError):
        asyncio.run(main)
    assert time.monotonic() - start < 5.0
    assert not background._tasks
    gc.collect()
    complaints = [one.getMessage() for one in caplog.records if one.name == "asyncio"]
    return [*complaints, *sorted(running.sockets() - before)]


async def relayed(
    gate: GateProcess, coturn: Coturn, transport: Transport = "udp"
) -> SessionResponse:
    session = await minted(gate)
    session["turn_credentials"] = {"iceServers": [coturn.ice_server(transport)]}
    return session


@pytest.mark.parametrize("transport", ["udp", "tcp"])
@pytest.mark.parametrize("milliseconds", [0, 5, 10, 20, 40, 150, 300, 400, 700])
def test_while_a_call_is_made(
    gate_process: GateProcess,
    coturn: Coturn,
    milliseconds: int,
    transport: Transport,
    caplog: pytest.LogCaptureFixture,
) -> None:
    async def main() -> None:
        session = await relayed(gate_process, coturn, transport)
        opening = asyncio.create_task(open_for_long(session, gate_process, relay_only=True))
        await asyncio.wait({opening}, timeout=milliseconds / 1000)

    assert left(main(), caplog) == []
    assert coturn.all_given_back()


@pytest.mark.parametrize("close_timeout", [0.0, 2.0])
def test_just_when_a_call_is_closed(
    gate_process: GateProcess,
    coturn: Coturn,
    close_timeout: float,
    caplog: pytest.LogCaptureFixture,
) -> None:
    async def main() -> None:
        session = await relayed(gate_process, coturn)
        url = gate_process.realtime_url
        connector = connect(session, realtime_url=url, relay_only=True, close_timeout=close_timeout)
        call = await connector.__aenter__()
        closing = asyncio.create_task(call.close())
        await asyncio.sleep(0)
        closing.cancel()
        await asyncio.wait({closing})

    assert left(main(), caplog) == []
    assert coturn.all_given_back()


def test_with_a_call_that_nobody_closes(
    gate_process: GateProcess, coturn: Coturn, caplog: pytest.LogCaptureFixture
) -> None:
    async def main() -> None:
        session = await relayed(gate_process, coturn)
        url = gate_process.realtime_url
        await connect(session, realtime_url=url, relay_only=True).__aenter__()

    assert left(main(), caplog) == []
    assert coturn.all_given_back()


@pytest.mark.parametrize("end", ["break", "raise"])
def test_in_the_body_of_a_loop_over_calls(
    gate_process: GateProcess, end: str, caplog: pytest.LogCaptureFixture
) -> None:
    async def main() -> None:
        async def factory() -> SessionResponse:
            return await minted(gate_process)

        async for _ in connect(factory, realtime_url=gate_process.realtime_url):
            if end == "break":
                break
            _ = 1 / 0

    for _ in range(3):
        assert left(main(), caplog) == []
