"""The app of examples/browser, and a browser."""

from __future__ import annotations

import importlib.util
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from ai_gate.testing import MockGate
from tests.voice.browser.visitor import Visitor
from tests.voice.conftest import missing

if TYPE_CHECKING:
    from playwright.sync_api import BrowserContext

PROJECT = "proj_known_to_the_server_alone"
PROGRAMS = ("chromium", "chromium-browser", "google-chrome")
FLAGS = [
    # A microphone that beeps, and nobody is asked about it.
    "--use-fake-device-for-media-stream",
    "--use-fake-ui-for-media-stream",
    # Else it finds no candidate on a host without another network.
    "--allow-loopback-in-peer-connection",
    # Names that somebody made to lead to this machine.
    "--host-resolver-rules=MAP *.example 127.0.0.1",
]


@pytest.fixture
def app_url(gate: MockGate, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """The app's URL. The app is led to the mock gate."""
    # They need packages without which the tests are skipped, and this module is imported before.
    from examples.browser.app import app  # noqa: PLC0415
    from tests.voice.browser.serving import serving  # noqa: PLC0415

    monkeypatch.setenv("AI_GATE_PROJECT_ID", PROJECT)
    monkeypatch.setenv("AI_GATE_BASE_URL", gate.url)
    monkeypatch.setenv("REALTIME_URL", gate.realtime_url)
    with serving(app) as url:
        yield url


# Not for the whole run: Playwright leaves an event loop running in this thread, so that no other
# test could run one of its own.
@pytest.fixture(scope="module")
def chromium(tmp_path_factory: pytest.TempPathFactory) -> Iterator[BrowserContext]:
    """A headless Chromium, as its Debian package installs it."""
    if importlib.util.find_spec("playwright") is None:
        missing("playwright")
    from playwright.sync_api import sync_playwright  # noqa: PLC0415

    with sync_playwright() as playwright:
        context = playwright.chromium.launch_persistent_context(
            tmp_path_factory.mktemp("chromium"),
            executable_path=program(),
            headless=True,
            args=FLAGS,
            viewport={"width": 720, "height": 800},
        )
        yield context
        context.close()


@pytest.fixture
def visitor(chromium: BrowserContext, app_url: str) -> Iterator[Visitor]:
    """Somebody with a tab of their own."""
    visitor = Visitor(chromium.new_page(), app_url)
    yield visitor
    visitor.leave()


def program() -> Path:
    """The browser's program."""
    found = [path for path in map(shutil.which, PROGRAMS) if path]
    if not found:
        missing("chromium")
    return Path(found[0])
