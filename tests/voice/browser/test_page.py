"""The page of examples/browser, in Chromium, with calls that a real TURN server relays."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from typing import TYPE_CHECKING, Literal

import pytest

from ai_gate.testing import MockGate
from tests.voice.browser.conftest import PROJECT
from tests.voice.browser.visitor import Visitor
from tests.voice.coturn import CREDENTIAL, USERNAME, Coturn
from tests.voice.dead_ends import refusing

if TYPE_CHECKING:
    from playwright.sync_api import Route

RELAY_ONLY = "?relay=1"
SECRET = re.compile(rb"\bek_\w+")
SCREENSHOT = os.environ.get("AI_GATE_SCREENSHOT")


# Of this module alone: what a browser leaves behind is not to be in other tests' way.
@pytest.fixture(scope="module")
def coturn(turnserver: None, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Coturn]:
    """A TURN server."""
    with Coturn(tmp_path_factory.mktemp("turn")) as server:
        yield server


@pytest.fixture
def gate(on_loopback: None, coturn: Coturn) -> Iterator[MockGate]:
    """A mock gate that hands out a TURN server which is dead, and one which isn't."""
    dead = {"urls": refusing("udp"), "username": USERNAME, "credential": CREDENTIAL}
    with MockGate(realtime=True, ice_servers=[dead, coturn.ice_server("udp", "tcp")]) as gate:
        yield gate


@pytest.mark.parametrize("api", ["calls", "beta"])
def test_a_call_by_relay(
    visitor: Visitor, gate: MockGate, coturn: Coturn, api: Literal["calls", "beta"]
) -> None:
    gate.voice.only(api)
    allocations, packets = coturn.allocations(), coturn.relayed_packets()
    visitor.open(RELAY_ONLY)
    visitor.press("Start a call")
    visitor.sees_state("Connected by relay")
    visitor.say("Good morning! Can you hear me?")
    visitor.sees_line("You said: Good morning! Can you hear me?")
    visitor.hears_sound()
    visitor.sees_level("Model")
    visitor.sees_level("You")
    gate.voice.wait_until(lambda calls: calls[0].sounds_heard > 0)
    visitor.sees_no_problem()
    if SCREENSHOT and api == "calls":
        visitor.say("Then all is well.")
        visitor.sees_line("You said: Then all is well.")
        visitor.sees_level("Model")
        visitor.sees_level("You")
        visitor.page.screenshot(path=SCREENSHOT)

    assert visitor.pair()[0] == "relay"
    assert coturn.allocations() > allocations
    received = visitor.everything_received()
    assert PROJECT.encode() not in received
    assert b"You said" in received
    (secret,) = set(SECRET.findall(received))

    visitor.press("Hang up")
    visitor.sees_state("Not connected")
    visitor.stops_listening()
    left = visitor.everything_left()
    assert secret.decode() not in left
    assert "/session" in left
    (call,) = gate.voice.wait_until(lambda calls: calls[0].state == "closed")
    assert (call.api, call.model) == (api, "gpt-realtime")
    assert coturn.all_given_back()
    assert coturn.wait_for(lambda: coturn.relayed_packets() > packets + 50)


def test_another_text_ends_the_answer_to_the_first(visitor: Visitor, gate: MockGate) -> None:
    visitor.open()
    visitor.press("Start a call")
    visitor.sees_state("Connected")
    visitor.say("one " * 200)
    visitor.sees_line("You said: one one one")
    visitor.say("two")
    visitor.sees_line("You said: two")
    visitor.sees_no_problem()
    (call,) = gate.voice.calls
    names = [event["type"] for event in call.events]
    assert names.count("response.cancel") == 1
    assert names.count("response.create") == 2


@pytest.mark.parametrize("name", ["response.output_text.delta", "response.text.delta"])
def test_a_written_answer(visitor: Visitor, gate: MockGate, name: str) -> None:
    visitor.open()
    visitor.press("Start a call")
    visitor.sees_state("Connected")
    for delta in ("In ", "writing"):
        gate.voice.send({"type": name, "item_id": "item_1", "delta": delta})
    visitor.sees_line("In writing")


def test_what_the_model_says_is_no_html(visitor: Visitor, gate: MockGate) -> None:
    text = '<img src=x onerror="window.pwned=1"><b>x</b>'
    visitor.open()
    visitor.press("Start a call")
    visitor.sees_state("Connected")
    visitor.say(text)
    visitor.sees_line(f"You said: {text}")
    gate.voice.send({"type": "error", "error": {"message": text}})
    visitor.sees_problem(text)
    assert visitor.page.locator("main img, main b").count() == 0
    assert visitor.page.evaluate("window.pwned === undefined")


def test_without_a_microphone_one_types(visitor: Visitor, gate: MockGate) -> None:
    visitor.page.add_init_script(
        "navigator.mediaDevices.getUserMedia = async () => { throw new Error('none'); };"
    )
    visitor.open()
    visitor.press("Start a call")
    visitor.sees_problem("There is no microphone")
    visitor.sees_state("Connected")
    visitor.say("hello")
    visitor.sees_line("You said: hello")
    visitor.hears_sound()
    assert gate.voice.calls[0].frames_heard == 0


def test_a_refused_session(visitor: Visitor, gate: MockGate) -> None:
    gate.respond_next(402, "quota_exceeded")
    visitor.open()
    visitor.press("Start a call")
    visitor.sees_problem("Quota exceeded")
    visitor.sees_state("Failed")
    assert PROJECT.encode() not in visitor.everything_received()
    # The next attempt is a new one.
    visitor.press("Start a call")
    visitor.sees_state("Connected")
    visitor.sees_no_problem()


def test_a_refused_call(visitor: Visitor, gate: MockGate) -> None:
    gate.voice.refuse_next(429, message="Too many calls at once")
    visitor.open()
    visitor.press("Start a call")
    visitor.sees_problem("The call was refused (429): Too many calls at once")
    # The other protocol isn't tried: this one is there.
    paths = [request.path for request in gate.received if request.method == "POST"]
    assert paths == ["/session", "/v1/realtime/calls"]


def test_the_other_side_hangs_up(visitor: Visitor, gate: MockGate) -> None:
    visitor.open()
    visitor.press("Start a call")
    visitor.sees_state("Connected")
    gate.voice.hang_up()
    visitor.sees_state("The other side hung up.")
    visitor.stops_listening()
    # It was in the field for text, which can't be used any more.
    visitor.is_at("Start a call")
    visitor.press("Start a call")
    visitor.sees_state("Connected")


def test_the_other_side_is_gone(visitor: Visitor, gate: MockGate) -> None:
    visitor.open()
    visitor.press("Start a call")
    visitor.sees_state("Connected")
    gate.voice.vanish()
    # Chromium notices it after about 5 s, and gives up after about 18: that isn't waited for.
    visitor.sees_state("Connection interrupted")
    visitor.gives_the_connection_up()
    visitor.sees_state("The connection was lost.")
    visitor.stops_listening()
    visitor.is_at("Start a call")


def test_hanging_up_before_the_microphone_is_allowed(visitor: Visitor, gate: MockGate) -> None:
    visitor.page.add_init_script("""
        const open = navigator.mediaDevices.getUserMedia.bind(navigator.mediaDevices);
        window.allowed = new Promise((resolve) => { window.allow = resolve; });
        navigator.mediaDevices.getUserMedia = async (wanted) => {
            await window.allowed;
            window.microphone = await open(wanted);
            return window.microphone;
        };
    """)
    visitor.open()
    visitor.press("Start a call")
    visitor.sees_state("Asking for the microphone")
    visitor.press("Hang up")
    visitor.sees_state("Not connected")
    visitor.page.evaluate("window.allow()")
    visitor.page.wait_for_function("() => window.microphone?.getTracks()[0].readyState === 'ended'")
    visitor.sees_no_problem()
    # Nothing is billed.
    assert gate.received == []


def test_no_path(visitor: Visitor, coturn: Coturn) -> None:
    wrong = {**coturn.ice_server("udp"), "credential": "wrong"}

    def spoil(route: Route) -> None:
        session = route.fetch().json()
        route.fulfill(json={**session, "ice_servers": [wrong]})

    visitor.page.route("**/session", spoil)
    visitor.page.clock.install()
    visitor.open(RELAY_ONLY)
    with visitor.page.expect_response("**/v1/realtime/calls"):
        visitor.press("Start a call")
        visitor.page.clock.run_for(1_000)
    visitor.page.clock.run_for(15_000)
    visitor.sees_problem("No path to the model was found.")
    visitor.sees_problem(f"{coturn.url('udp')}: Unauthorized")
