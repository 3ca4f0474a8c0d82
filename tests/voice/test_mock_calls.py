"""Calls to the mock gate: both protocols, their events, and what is offered."""

from __future__ import annotations

import asyncio
import re
import socket
from typing import Any

import pytest
from aioice.stun import Class, Message, Method, parse_message
from aiortc import RTCConfiguration, RTCIceServer, RTCPeerConnection

from ai_gate.testing import MockGate
from tests.voice import coturn as coturn_module
from tests.voice.coturn import Coturn
from tests.voice.plain_client import (
    PlainClient,
    calling,
    create_session,
    new_connection,
    post_offer,
)
from tests.voice.running import run

CURRENT = [
    "conversation.item.added",
    "conversation.item.done",
    "response.created",
    "response.output_item.added",
    "conversation.item.added",
    "response.content_part.added",
    "output_audio_buffer.started",
    *["response.output_audio_transcript.delta"] * 5,
    "response.output_audio.done",
    "response.output_audio_transcript.done",
    "response.content_part.done",
    "conversation.item.done",
    "response.output_item.done",
    "response.done",
]
BETA = [
    "conversation.item.created",
    "response.created",
    "response.output_item.added",
    "conversation.item.created",
    "response.content_part.added",
    "output_audio_buffer.started",
    *["response.audio_transcript.delta"] * 5,
    "response.audio.done",
    "response.audio_transcript.done",
    "response.content_part.done",
    "response.output_item.done",
    "response.done",
]


@pytest.mark.parametrize(("api", "names"), [("calls", CURRENT), ("beta", BETA)])
def test_it_answers_text_in_the_spelling_of_the_path(
    gate: MockGate, api: str, names: list[str]
) -> None:
    async def conversation() -> list[dict[str, Any]]:
        async with calling(gate, api) as client:
            client.say("hello to you")
            events = await client.until("response.done")
            await client.until("output_audio_buffer.stopped")
            return events

    events = run(conversation())
    assert [event["type"] for event in events] == names
    deltas = [event["delta"] for event in events if event["type"].endswith(".delta")]
    assert "".join(deltas) == "You said: hello to you"
    assert events[-1]["response"]["status"] == "completed"
    assert len({event["event_id"] for event in events}) == len(events)
    parts = [event["part"] for event in events if "part" in event]
    kind = "output_audio" if api == "calls" else "audio"
    assert parts[-1] == {"type": kind, "transcript": "You said: hello to you"}


@pytest.mark.parametrize(
    ("api", "setting", "stream"),
    [
        ("calls", "output_modalities", "response.output_text"),
        ("beta", "modalities", "response.text"),
    ],
)
def test_it_answers_in_writing_where_that_is_wanted(
    gate: MockGate, api: str, setting: str, stream: str
) -> None:
    async def conversation() -> list[dict[str, Any]]:
        async with calling(gate, api) as client:
            client.send("response.create", response={setting: ["text"]})
            return await client.until("response.done")

    events = run(conversation())
    names = [event["type"] for event in events]
    assert f"{stream}.delta" in names
    assert not any("audio" in name for name in names)
    (done,) = (event for event in events if event["type"] == f"{stream}.done")
    assert done["text"] == "Hello from the mock gate"


@pytest.mark.parametrize("api", ["calls", "beta"])
def test_the_session_is_shown_in_the_shape_of_the_path(gate: MockGate, api: str) -> None:
    async def session() -> dict[str, Any]:
        async with calling(gate, api) as client:
            client.send("session.update", session={"instructions": "Be brief", "audio": {"a": 1}})
            event = (await client.until("session.updated"))[-1]
            shown: dict[str, Any] = event["session"]
            return shown

    shown = run(session())
    assert shown["instructions"] == "Be brief"
    assert "client_secret" not in shown
    assert "turn_credentials" not in shown
    if api == "calls":
        assert shown["type"] == "realtime"
        # A change of an object leaves its other fields as they are.
        assert shown["audio"]["output"]["voice"] == "echo"
        assert shown["audio"]["a"] == 1
    else:
        assert shown["voice"] == "echo"


def test_the_answer_says_where_the_call_is(gate: MockGate) -> None:
    async def answers() -> list[Any]:
        found = []
        for api in ("calls", "beta"):
            async with calling(gate, api) as client:
                assert client.answer is not None
                found.append(client.answer)
        return found

    current, beta = run(answers())
    first, second = gate.voice.calls
    assert current.headers["location"] == f"/v1/realtime/calls/{first.call_id}"
    assert current.headers["content-type"] == "application/sdp"
    assert current.text.endswith("\r\n")
    assert "location" not in beta.headers
    assert (first.api, second.api) == ("calls", "beta")
    assert first.model == second.model == "gpt-4o-realtime-preview-2024-10-01"
    assert first.selected_pair == ("host", "host")


def test_calls_are_recorded(gate: MockGate) -> None:
    async def call() -> None:
        async with calling(gate) as client:
            client.send("response.create", event_id="mine")
            await client.until("response.done")
            assert gate.voice.calls[0].state == "connected"
            await asyncio.to_thread(gate.voice.wait_until, lambda it: it[0].frames_heard > 5)

    run(call())
    (record,) = gate.voice.wait_until(lambda calls: calls[0].state == "closed")
    assert record.events == ({"type": "response.create", "event_id": "mine"},)
    assert record.sounds_heard == 0
    assert "mine" not in repr(record)
    gate.reset()
    assert gate.voice.calls == []


def test_events_that_it_does_not_know_are_errors(gate: MockGate) -> None:
    async def errors() -> list[dict[str, Any]]:
        async with calling(gate) as client:
            client.send("response.cancel", event_id="a")
            client.send("conversation.item.retrieve", event_id="b")
            client.send("conversation.item.create", item="no item")
            client.send("session.update")
            for message in ("no JSON", "[]", "{}", "[" * 100_000):
                client.channel.send(message)
            return [(await client.next_event())["error"] for _ in range(8)]

    found = run(errors())
    assert [error["code"] for error in found] == [
        "response_cancel_not_active",
        "invalid_value",
        *["missing_required_parameter"] * 2,
        *["invalid_event"] * 4,
    ]
    assert [error["event_id"] for error in found[:2]] == ["a", "b"]
    assert "response.create" in found[1]["message"]


def test_other_events_of_a_client(gate: MockGate) -> None:
    async def names() -> list[str]:
        async with calling(gate) as client:
            client.send("input_audio_buffer.append", audio="")
            client.send("input_audio_buffer.clear")
            client.send("input_audio_buffer.commit")
            client.send("conversation.item.delete", item_id="item_1")
            return [event["type"] for event in await client.until("conversation.item.deleted")]

    assert run(names()) == [
        "input_audio_buffer.cleared",
        "input_audio_buffer.committed",
        "conversation.item.added",
        "conversation.item.done",
        "conversation.item.deleted",
    ]


def test_an_answer_can_be_cancelled_and_cut_off(gate: MockGate) -> None:
    async def events() -> list[dict[str, Any]]:
        async with calling(gate) as client:
            client.say("one two three four five six seven eight nine ten")
            await client.until("response.output_audio_transcript.delta")
            client.send("response.create")
            client.send("response.cancel")
            client.send("output_audio_buffer.clear")
            return await client.until("output_audio_buffer.cleared")

    found = run(events())
    (error,) = (event["error"] for event in found if event["type"] == "error")
    assert error["code"] == "conversation_already_has_active_response"
    (done,) = (event["response"] for event in found if event["type"] == "response.done")
    assert done["status"] == "cancelled"
    assert found[-1]["response_id"] == done["id"]
    assert not any(event["type"] == "output_audio_buffer.stopped" for event in found)


def test_a_long_answer_comes_in_groups_of_words(gate: MockGate) -> None:
    text = " ".join(str(number) for number in range(20_000))

    async def events() -> list[dict[str, Any]]:
        async with calling(gate) as client:
            client.say(text)
            return await client.until("response.done")

    deltas = [event["delta"] for event in run(events()) if event["type"].endswith(".delta")]
    assert "".join(deltas) == f"You said: {text}"
    assert len(deltas) <= 50


def test_what_is_too_large_for_the_client_becomes_an_error(gate: MockGate) -> None:
    async def error() -> dict[str, Any]:
        async with calling(gate) as client:
            # With what the answer adds to it, the item is larger than aiortc takes.
            client.say("x" * 262_000)
            found: dict[str, Any] = (await client.until("error"))[-1]["error"]
            return found

    assert run(error())["code"] == "event_too_large"


def test_five_calls_at_once(gate: MockGate) -> None:
    async def call(number: int) -> str:
        async with calling(gate, "calls" if number % 2 else "beta", hertz=0) as client:
            client.say(f"call {number}")
            done = (await client.until("response.done"))[-1]
            await client.hears(440)
            text: str = done["response"]["output"][0]["content"][0]["transcript"]
            return text

    async def calls() -> list[str]:
        return await asyncio.gather(*(call(number) for number in range(5)))

    assert run(calls()) == [f"You said: call {number}" for number in range(5)]
    assert len(gate.voice.calls) == 5


def test_a_call_without_audio(gate: MockGate) -> None:
    async def call() -> list[dict[str, Any]]:
        connection = RTCPeerConnection(RTCConfiguration(iceServers=[]))
        client = PlainClient(connection, connection.createDataChannel("oai-events"))
        await client.exchange(gate, "calls", await create_session(gate))
        client_ready = await client.next_event()
        assert client_ready["type"] == "session.created"
        client.say("hello")
        events = await client.until("response.done")
        await client.close()
        return events

    names = [event["type"] for event in run(call())]
    assert "response.output_text.delta" in names


def test_offers_that_can_not_be_answered(gate: MockGate) -> None:
    async def statuses() -> list[tuple[int, str]]:
        secret = (await create_session(gate))["client_secret"]["value"]
        connection, _ = new_connection()
        await connection.setLocalDescription(await connection.createOffer())
        sdp = connection.localDescription.sdp
        await connection.close()
        offers = [
            "",
            "no SDP",
            "v=0\r\nm=audio\r\n",
            sdp.strip(),
            sdp.replace("opus", "g722"),
            sdp.replace("a=ice-pwd", "a=nothing"),
        ]
        url = f"{gate.realtime_url}/calls"
        answers = [await post_offer(url, offer, secret) for offer in offers]
        return [(it.status_code, it.json()["error"]["code"]) for it in answers]

    assert run(statuses()) == [(400, "invalid_offer")] * 6
    assert gate.voice.calls == []


def test_a_peer_without_an_address_says_so(gate: MockGate, monkeypatch: pytest.MonkeyPatch) -> None:
    async def answer() -> Any:
        session = await create_session(gate)
        connection, _ = new_connection()
        await connection.setLocalDescription(await connection.createOffer())
        monkeypatch.setattr("aioice.ice.get_host_addresses", lambda use_ipv4, use_ipv6: [])
        secret = session["client_secret"]["value"]
        sdp = connection.localDescription.sdp
        found = await post_offer(f"{gate.realtime_url}/calls", sdp, secret)
        await connection.close()
        return found

    found = run(answer())
    assert (found.status_code, found.json()["error"]["code"]) == (503, "no_candidates")


def test_a_relayed_call_is_recorded_as_one(coturn: Coturn, on_loopback: None) -> None:
    relay = RTCIceServer(
        urls=f"turn:{coturn_module.HOST}:{coturn.port}?transport=udp",
        username=coturn_module.USERNAME,
        credential=coturn_module.CREDENTIAL,
    )

    async def call(gate: MockGate) -> None:
        async with calling(gate, relay=relay) as client:
            client.say("hello")
            await client.until("response.done")

    with MockGate(realtime=True) as gate:
        run(call(gate), clean=False)
        assert gate.voice.calls[0].selected_pair == ("host", "relay")


def receive(client: socket.socket) -> Message:
    client.settimeout(5.0)
    return parse_message(client.recv(2048))


def of_binding(message: Message) -> str:
    assert message.message_method is Method.BINDING
    return message.message_class.name


@pytest.mark.parametrize("is_lite", [True, False])
def test_whether_it_checks_the_path_itself(gate: MockGate, is_lite: bool) -> None:
    async def offered(port: int) -> tuple[str, str]:
        connection, _ = new_connection()
        await connection.setLocalDescription(await connection.createOffer())
        sdp = re.sub(
            r"(a=candidate:\S+ 1 udp \d+ \S+) \d+", rf"\1 {port}", connection.localDescription.sdp
        )
        await connection.close()
        secret = (await create_session(gate))["client_secret"]["value"]
        answer = await post_offer(f"{gate.realtime_url}/calls", sdp, secret)
        return sdp, answer.text

    def value(name: str, sdp: str) -> str:
        found = re.search(rf"^a={name}:(\S+)", sdp, re.MULTILINE)
        assert found
        return found[1]

    if not is_lite:
        gate.voice.ice_lite(False)
    with socket.socket(type=socket.SOCK_DGRAM) as client:
        client.bind((coturn_module.HOST, 0))
        offer, answer = run(offered(client.getsockname()[1]), clean=False)
        assert ("a=ice-lite\r\n" in answer) is is_lite
        if not is_lite:
            assert of_binding(receive(client)) == "REQUEST"
            return
        check = Message(Method.BINDING, Class.REQUEST)
        check.attributes["USERNAME"] = f"{value('ice-ufrag', answer)}:{value('ice-ufrag', offer)}"
        check.attributes["PRIORITY"] = 1
        check.attributes["ICE-CONTROLLING"] = 1
        check.attributes["USE-CANDIDATE"] = None
        check.add_message_integrity(value("ice-pwd", answer).encode())
        port = re.search(r"a=candidate:.* (\d+) typ host", answer)
        assert port
        client.sendto(bytes(check), (coturn_module.HOST, int(port[1])))
        assert of_binding(receive(client)) == "RESPONSE"
        # Then comes DTLS, whose client it is, and no check of its own before.
        client.settimeout(5.0)
        assert client.recv(2048)[0] == 22


def test_it_answers_as_openai_does(gate: MockGate) -> None:
    async def answered() -> str:
        client = PlainClient(*new_connection())
        await client.offer(gate, "calls", await create_session(gate))
        await client.close()
        assert client.answer is not None
        return client.answer.text

    session, audio, channel = re.split("^(?=m=)", run(answered(), clean=False), flags=re.MULTILINE)
    for line in ("a=fingerprint:sha-256 ", "a=ice-lite\r\n", "a=group:BUNDLE 0 1\r\n"):
        assert line in session
    ufrag = re.search(r"a=ice-ufrag:(\S+)", audio)
    assert ufrag
    candidates = re.findall(r"a=candidate:.*?\r\n", audio)
    assert candidates
    assert all(one.endswith(f" ufrag {ufrag[1]}\r\n") for one in candidates)
    assert "a=max-message-size:1073741823\r\n" in channel
    assert "a=candidate" not in channel
    for section in (audio, channel):
        assert "a=setup:active\r\n" in section
        assert "fingerprint" not in section
        assert "end-of-candidates" not in section
