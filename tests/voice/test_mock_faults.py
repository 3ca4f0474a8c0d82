"""The faults of the mock gate's calls, and what is left of the gate after its end."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Callable
from typing import Any

import pytest
from aiortc import RTCPeerConnection, RTCTransportStats

from ai_gate.testing import MockGate
from ai_gate.testing._openai import peer
from ai_gate.testing._openai.peer import Peer
from ai_gate.testing._openai.wire import WiredLoop
from tests.voice.plain_client import (
    PlainClient,
    calling,
    create_session,
    new_connection,
    post_offer,
)
from tests.voice.running import run, sockets

Tell = Callable[[MockGate, PlainClient], None]
SILENT_SECONDS = 2.0


def by_the_gate(name: str) -> Tell:
    def tell(gate: MockGate, _: PlainClient) -> None:
        getattr(gate.voice, name)()

    return tell


def by_an_event(name: str) -> Tell:
    def tell(_: MockGate, client: PlainClient) -> None:
        client.send(f"mock.{name}")

    return tell


BOTH_WAYS = pytest.mark.parametrize("way", [by_the_gate, by_an_event])


async def packets_received(connection: RTCPeerConnection) -> int:
    report = await connection.getStats()
    (transport,) = (it for it in report.values() if isinstance(it, RTCTransportStats))
    return transport.packetsReceived


@BOTH_WAYS
def test_vanishing_is_a_silence_without_a_goodbye(
    gate: MockGate, way: Callable[[str], Tell]
) -> None:
    async def call() -> None:
        async with calling(gate) as client:
            await client.hears(0)
            way("vanish")(gate, client)
            await asyncio.to_thread(gate.voice.wait_until, lambda it: it[0].state == "closed")
            before = await packets_received(client.connection)
            # Nothing is to come, and nothing but time can tell.
            await asyncio.sleep(SILENT_SECONDS)
            assert await packets_received(client.connection) == before
            assert client.connection.connectionState == "connected"
            assert client.channel.readyState == "open"

    run(call())


def test_new_calls_come_through_after_vanishing(gate: MockGate) -> None:
    async def calls() -> None:
        async with calling(gate):
            gate.voice.vanish()
            async with calling(gate) as client:
                client.say("hello")
                await client.until("response.done")

    run(calls())


@BOTH_WAYS
def test_hanging_up_closes_the_channel(gate: MockGate, way: Callable[[str], Tell]) -> None:
    async def call() -> None:
        async with calling(gate) as client:
            way("hang_up")(gate, client)
            async with asyncio.timeout(2.0):
                await client.closed.wait()

    run(call())
    gate.voice.wait_until(lambda calls: calls[0].state == "closed")


def end_while(
    monkeypatch: pytest.MonkeyPatch, owner: type, method: str, end: Callable[[], None]
) -> None:
    """Let something end the calls while a coroutine method of the mock's is at its beginning."""
    original, end_soon = getattr(owner, method), Peer.end_soon
    ended = asyncio.Event()
    tasks = set()

    def note_the_end(self: Peer) -> None:
        end_soon(self)
        ended.set()

    async def interrupted(*args: Any, **options: Any) -> Any:
        tasks.add(asyncio.create_task(asyncio.to_thread(end)))
        await ended.wait()
        return await original(*args, **options)

    monkeypatch.setattr(Peer, "end_soon", note_the_end)
    monkeypatch.setattr(owner, method, interrupted)


async def refused_offer(gate: MockGate) -> dict[str, Any]:
    client = PlainClient(*new_connection())
    await client.offer(gate, "calls", await create_session(gate))
    await client.close()
    assert client.answer is not None
    assert client.answer.status_code == 503
    error: dict[str, Any] = client.answer.json()["error"]
    return error


ENDS = pytest.mark.parametrize(
    "end",
    [
        lambda gate: gate.voice.hang_up(),
        lambda gate: gate.voice.vanish(),
        lambda gate: gate.reset(),
    ],
    ids=["hang_up", "vanish", "reset"],
)


@ENDS
def test_a_call_that_ends_while_its_sockets_are_opened(
    gate: MockGate, monkeypatch: pytest.MonkeyPatch, end: Callable[[MockGate], None]
) -> None:
    end_while(monkeypatch, WiredLoop, "create_datagram_endpoint", lambda: end(gate))
    # That no socket is left is seen by `run`.
    assert run(refused_offer(gate))["code"] == "call_ended"
    assert gate.voice.calls == []
    assert gate.violations == []


@ENDS
def test_a_call_that_is_closed_before_its_exchange_is_over(
    gate: MockGate, monkeypatch: pytest.MonkeyPatch, end: Callable[[MockGate], None]
) -> None:
    closed = asyncio.Event()

    class Slow(RTCPeerConnection):
        async def setRemoteDescription(self, *args: Any, **options: Any) -> None:  # noqa: N802
            await super().setRemoteDescription(*args, **options)
            task = asyncio.create_task(asyncio.to_thread(end, gate))
            await closed.wait()
            await task

        async def close(self) -> None:
            await super().close()
            closed.set()

    monkeypatch.setattr(peer, "_EXCHANGE_SECONDS", 0.05)
    monkeypatch.setattr(peer, "RTCPeerConnection", Slow)
    assert run(refused_offer(gate))["code"] == "call_ended"
    assert gate.voice.calls == []
    assert gate.violations == []


def test_a_flood_told_to_the_gate(gate: MockGate) -> None:
    async def indexes() -> list[int]:
        async with calling(gate) as client:
            gate.voice.flood(300, size=2000)
            events = [await client.next_event() for _ in range(300)]
            assert {len(event["data"]) for event in events} == {2000}
            return [event["index"] for event in events]

    assert run(indexes()) == list(range(300))


def test_a_flood_told_in_an_event(gate: MockGate) -> None:
    async def events() -> list[dict[str, Any]]:
        async with calling(gate) as client:
            client.send("mock.flood", count="many")
            client.send("mock.flood", count=1, size=10**6)
            client.send("mock.flood", count=3)
            return [await client.next_event() for _ in range(5)]

    first, second, *flood = run(events())
    assert first["error"]["message"] == "count must be a whole number"
    assert second["error"]["message"] == "size must be at most 200000"
    assert [event["index"] for event in flood] == [0, 1, 2]


def test_a_flood_waits_for_the_channel(gate: MockGate) -> None:
    async def events() -> list[dict[str, Any]]:
        client = PlainClient(*new_connection())
        await client.offer(gate, "calls", await create_session(gate))
        gate.voice.flood(2)
        await client.accept()
        found = [await client.next_event() for _ in range(3)]
        await client.close()
        return found

    first, *flood = run(events())
    assert first["type"] == "session.created"
    assert [event["index"] for event in flood] == [0, 1]


def test_a_flood_of_a_closed_channel_is_over(gate: MockGate) -> None:
    async def call() -> None:
        async with calling(gate) as client:
            client.channel.close()
            async with asyncio.timeout(2.0):
                await client.closed.wait()
            gate.voice.flood(10**8)
            gate.voice.hang_up()

    run(call())


def test_a_flood_lets_others_have_their_turn(
    gate: MockGate, monkeypatch: pytest.MonkeyPatch
) -> None:
    # No amount that is to be sent makes it wait.
    monkeypatch.setattr(peer, "_FLOOD_BUFFER", 2**62)

    async def call() -> None:
        async with calling(gate):
            gate.voice.flood(10**8)
            gate.voice.hang_up()

    run(call())


@pytest.mark.parametrize(("count", "size"), [(-1, 0), (1, -1), (1, 200_001)])
def test_a_flood_that_can_not_be(gate: MockGate, count: int, size: int) -> None:
    with pytest.raises(ValueError, match="must"):
        gate.voice.flood(count, size)


def test_any_event_can_be_sent(gate: MockGate) -> None:
    async def event() -> dict[str, Any]:
        async with calling(gate, "beta") as client:
            with pytest.raises(ValueError, match="bytes"):
                gate.voice.send({"type": "x" * 300_000})
            gate.voice.send({"type": "response.output_text.delta", "delta": "a"})
            return await client.next_event()

    assert run(event()) == {"type": "response.output_text.delta", "delta": "a"}


def test_a_client_that_takes_no_such_event_is_in_nobodys_way(gate: MockGate) -> None:
    async def call() -> None:
        small = PlainClient(*new_connection())
        await small.offer(gate, "calls", await create_session(gate), max_message_size=2000)
        await small.accept()
        async with calling(gate) as client:
            await small.next_event()
            with pytest.raises(ValueError, match="up to 2000 bytes"):
                gate.voice.send({"type": "large", "text": "x" * 3000})
            assert (await client.next_event())["type"] == "large"
        await small.close()

    run(call())


def test_refusals_queue_up_and_are_used_up(gate: MockGate) -> None:
    gate.voice.refuse_next(429, code="rate_limit_exceeded", message="Slow down", retry_after=1.5)
    gate.voice.refuse_next(502, body=b"<html>")
    gate.voice.refuse_next(201, body=b"no SDP")

    async def answers() -> list[Any]:
        secret = (await create_session(gate))["client_secret"]["value"]
        connection, _ = new_connection()
        await connection.setLocalDescription(await connection.createOffer())
        sdp = connection.localDescription.sdp
        url = f"{gate.realtime_url}/calls"
        found = [await post_offer(url, sdp, secret) for _ in range(4)]
        await connection.close()
        return found

    limited, html, nonsense, taken = run(answers(), clean=False)
    assert limited.status_code == 429
    assert limited.headers["retry-after"] == "1.5"
    assert limited.json()["error"]["code"] == "rate_limit_exceeded"
    assert limited.json()["error"]["message"] == "Slow down"
    assert (html.status_code, html.content) == (502, b"<html>")
    assert (nonsense.status_code, nonsense.content) == (201, b"no SDP")
    assert taken.status_code == 201


@pytest.mark.parametrize(("api", "statuses"), [("calls", (201, 404)), ("beta", (404, 201))])
def test_one_protocol_alone(gate: MockGate, api: Any, statuses: tuple[int, int]) -> None:
    gate.voice.only(api)

    async def answers() -> list[Any]:
        secret = (await create_session(gate))["client_secret"]["value"]
        connection, _ = new_connection()
        await connection.setLocalDescription(await connection.createOffer())
        sdp = connection.localDescription.sdp
        found = [
            await post_offer(f"{gate.realtime_url}{path}", sdp, secret)
            for path in ("/calls", "?model=gpt-realtime")
        ]
        await connection.close()
        return found

    found = run(answers(), clean=False)
    assert tuple(answer.status_code for answer in found) == statuses
    (record,) = gate.voice.calls
    assert record.api == api


@pytest.mark.usefixtures("on_loopback")
def test_closing_leaves_no_thread_and_no_socket() -> None:
    threads, open_sockets = set(threading.enumerate()), sockets()
    gate = MockGate(realtime=True).start()

    async def calls() -> None:
        clients = [PlainClient(*new_connection()) for _ in range(3)]
        for client in clients:
            await client.exchange(gate, "calls", await create_session(gate))
            await client.until("session.created")
            client.say("a long answer that is cut off by the end of the gate")
        # One that was answered and never came.
        secret = (await create_session(gate))["client_secret"]["value"]
        absent, _ = new_connection()
        await absent.setLocalDescription(await absent.createOffer())
        sdp = absent.localDescription.sdp
        await post_offer(f"{gate.realtime_url}/calls", sdp, secret)
        started = time.perf_counter()
        await asyncio.to_thread(gate.close)
        assert time.perf_counter() - started < 4
        for client in clients:
            async with asyncio.timeout(2.0):
                await client.closed.wait()
            await client.close()
        await absent.close()

    run(calls())
    assert {call.state for call in gate.voice.calls} == {"closed"}
    assert set(threading.enumerate()) - threads == set()
    assert sockets() - open_sockets == set()


def test_a_client_that_never_comes_is_given_up(
    gate: MockGate, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(peer, "_OPEN_SECONDS", 0.1)

    async def call() -> None:
        secret = (await create_session(gate))["client_secret"]["value"]
        absent, _ = new_connection()
        await absent.setLocalDescription(await absent.createOffer())
        sdp = absent.localDescription.sdp
        await post_offer(f"{gate.realtime_url}/calls", sdp, secret)
        await asyncio.to_thread(gate.voice.wait_until, lambda it: it[0].state == "closed")
        await absent.close()

    run(call())


@pytest.mark.usefixtures("on_loopback")
def test_a_gate_that_was_closed_takes_calls_again() -> None:
    gate = MockGate(realtime=True)

    async def call() -> None:
        async with calling(gate) as client:
            client.say("hello")
            await client.until("response.done")

    for _ in range(2):
        with gate:
            run(call())
    assert len(gate.voice.calls) == 2


def test_a_reset_hangs_up(gate: MockGate) -> None:
    gate.voice.only("beta")

    async def calls() -> None:
        async with calling(gate, "beta") as client:
            gate.reset()
            async with asyncio.timeout(2.0):
                await client.closed.wait()
        async with calling(gate, "calls"):
            pass

    run(calls())
    assert [call.api for call in gate.voice.calls] == ["calls"]
