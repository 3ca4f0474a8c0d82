"""The page that docs/start.md makes in ten minutes, in a browser."""

from __future__ import annotations

import importlib.util
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from ai_gate.testing import MockGate
from tests.docs.pages import DOCS_BLOCKS
from tests.docs.running import write_files

from .serving import serving

if TYPE_CHECKING:
    from playwright.sync_api import BrowserContext

START = [block for block in DOCS_BLOCKS if block.source == "start"]


@pytest.fixture
def app_url(gate: MockGate, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    write_files(START, tmp_path)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("AI_GATE_PROJECT_ID", "proj_demo")
    monkeypatch.setenv("AI_GATE_BASE_URL", gate.url)
    monkeypatch.setenv("REALTIME_URL", gate.realtime_url)
    spec = importlib.util.spec_from_file_location("app_of_the_start", tmp_path / "app.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    # FastAPI looks the names of annotations up in it.
    monkeypatch.setitem(sys.modules, spec.name, module)
    spec.loader.exec_module(module)
    with serving(module.app) as url:
        yield url


def test_a_call(chromium: BrowserContext, app_url: str, gate: MockGate) -> None:
    page = chromium.new_page()
    page.set_default_timeout(15_000)
    page.goto(app_url)
    page.get_by_role("button", name="Call").click()
    page.get_by_text("Connected", exact=True).wait_for()
    page.wait_for_function("document.getElementById('transcript').textContent.length > 10")
    page.wait_for_function("document.getElementById('sound').srcObject.active")
    assert [call.state for call in gate.voice.calls] == ["connected"]
    gate.voice.hang_up()
    page.get_by_text("The call is over").wait_for()
    page.close()


def test_a_refusal(chromium: BrowserContext, app_url: str, gate: MockGate) -> None:
    gate.respond_next(402, "quota_exceeded")
    page = chromium.new_page()
    page.set_default_timeout(15_000)
    page.goto(app_url)
    page.get_by_role("button", name="Call").click()
    page.get_by_text("Quota exceeded").wait_for()
    page.close()
