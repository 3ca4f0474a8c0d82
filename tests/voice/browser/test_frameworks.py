"""The page, served by the apps of examples/fastapi, django and flask, in Chromium."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest

from ai_gate.testing import MockGate
from tests.examples.programs import EXAMPLES, PROJECT, documented, free_port, started
from tests.voice.browser.visitor import Visitor

if TYPE_CHECKING:
    from playwright.sync_api import BrowserContext

READY = r"(Uvicorn running on|Running on|Starting development server at) http://"


@pytest.fixture(params=[("fastapi", 0), ("flask", 0), ("django", 0)], ids=lambda one: one[0])
def framework_url(request: pytest.FixtureRequest, gate: MockGate) -> Iterator[str]:
    """The URL of an app, started by its first documented command."""
    name, index = request.param
    _, words = documented(EXAMPLES / name / "app.py")[index]
    url = f"http://127.0.0.1:{(port := free_port())}"
    environment = {
        "AI_GATE_PROJECT_ID": PROJECT,
        "AI_GATE_BASE_URL": gate.url,
        "REALTIME_URL": gate.realtime_url,
        "ALLOWED_ORIGINS": url,
    }
    options = [f"127.0.0.1:{port}"] if words[0] == "python" else ["--port", f"{port}"]
    with started([*words, *options], environment) as program:
        program.wait_for(READY)
        yield url


@pytest.fixture
def guest(chromium: BrowserContext, framework_url: str) -> Iterator[Visitor]:
    """Somebody in front of its page, who hasn't been there before."""
    chromium.clear_cookies()
    visitor = Visitor(chromium.new_page(), framework_url)
    yield visitor
    visitor.leave()


def test_the_page_talks(guest: Visitor, gate: MockGate) -> None:
    guest.open()
    guest.press("Start a call")
    guest.sees_state("Connected")
    guest.say("Good morning!")
    guest.sees_line("You said: Good morning!")
    guest.hears_sound()
    guest.sees_no_problem()
    guest.press("Hang up")
    guest.sees_state("Not connected")
    (call,) = gate.voice.wait_until(lambda calls: calls[0].state == "closed")
    assert call.model == "gpt-realtime"
    assert PROJECT.encode() not in guest.everything_received()


def test_the_page_tells_what_the_app_says(guest: Visitor, gate: MockGate) -> None:
    gate.respond_next(402, "quota_exceeded")
    guest.open()
    guest.press("Start a call")
    guest.sees_problem("This month's calls are used up.")
