"""The page in Chromium, served by each app that does, started by its documented command."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest

from ai_gate.testing import MockGate
from tests.examples.programs import EXAMPLES, PROJECT, command, documented, free_port, started
from tests.voice.browser.visitor import Visitor

if TYPE_CHECKING:
    from playwright.sync_api import BrowserContext

README = (EXAMPLES / "browser" / "README.md").read_text("utf-8")
READY = r"(Uvicorn running on|Running on|development server at) http://"


@pytest.fixture(params=["browser", "fastapi", "flask", "django"])
def example(request: pytest.FixtureRequest) -> str:
    """Each app in turn."""
    chosen: str = request.param
    return chosen


@pytest.fixture
def framework_url(example: str, gate: MockGate) -> Iterator[str]:
    """The URL of an app, started by its first documented command."""
    if example == "browser":
        lines = [line for line in README.splitlines() if line.startswith("AI_GATE_PROJECT_ID=your")]
        _, words = command(lines[0])
    else:
        _, words = documented(EXAMPLES / example / "app.py")[0]
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


def test_the_page_tells_what_the_app_says(guest: Visitor, gate: MockGate, example: str) -> None:
    gate.respond_next(402, "quota_exceeded")
    guest.open()
    guest.press("Start a call")
    said = "Quota exceeded" if example == "browser" else "This month's calls are used up."
    guest.sees_problem(said)
