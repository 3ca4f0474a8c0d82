"""What pages get of a mock gate that runs beside the browser."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING

import pytest

from ai_gate.testing import MockGate

if TYPE_CHECKING:
    from playwright.sync_api import BrowserContext, Page

FETCH = """
async ([url, method, body]) => {
  const headers = body ? { "Content-Type": "application/json" } : {};
  try {
    const response = await fetch(url, { method, headers, body });
    return [response.status, await response.text(), response.headers.get("x-ratelimit-limit")];
  } catch (error) {
    return error.name;
  }
}
"""


class EmptyPage(BaseHTTPRequestHandler):
    """An empty page."""

    def do_GET(self) -> None:
        self.send_response(200)
        self.send_header("Content-Type", "text/html")
        self.end_headers()

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 (of the base class)
        """Log nothing."""


# Chromium asks before a page from elsewhere may reach this machine: a real server has the pages.
@pytest.fixture
def port() -> Iterator[int]:
    with ThreadingHTTPServer(("127.0.0.1", 0), EmptyPage) as server:
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        yield server.server_port
        server.shutdown()


@pytest.fixture
def open_gate(port: int) -> Iterator[MockGate]:
    ice = [{"urls": "turn:turn.example", "username": "user", "credential": "REALCRED"}]
    with MockGate(ice_servers=ice, allow_origin=[f"http://app.example:{port}"]) as gate:
        yield gate


@pytest.fixture
def page(chromium: BrowserContext) -> Iterator[Page]:
    page = chromium.new_page()
    yield page
    page.close()


@pytest.mark.parametrize("name", ["localhost", "app.example"])
def test_a_page_that_may_use_it(page: Page, open_gate: MockGate, port: int, name: str) -> None:
    page.goto(f"http://{name}:{port}/")
    session = [f"{open_gate.url}/session", "POST", '{"project_id": "p"}']
    status, body, limit = page.evaluate(FETCH, session)
    assert (status, limit) == (200, "100")
    assert "sess_" in body
    assert page.evaluate(FETCH, [f"{open_gate.url}/__mock__/reset", "POST", "{}"]) == "TypeError"
    assert page.evaluate(FETCH, [f"{open_gate.url}/__mock__", "GET", None]) == "TypeError"
    assert open_gate.sessions_created("p") == 1


def test_a_page_of_another_origin(page: Page, open_gate: MockGate, port: int) -> None:
    page.goto(f"http://evil.example:{port}/")
    session = [f"{open_gate.url}/session", "POST", '{"project_id": "p"}']
    turn = [f"{open_gate.url}/turn-credentials?identifier=p", "GET", None]
    assert [page.evaluate(FETCH, one) for one in (session, turn)] == ["TypeError"] * 2
    assert open_gate.sessions_created() == 0


def test_a_page_whose_name_leads_here(page: Page, open_gate: MockGate) -> None:
    origin = f"http://evil.example:{open_gate.port}"
    response = page.goto(f"{origin}/turn-credentials?identifier=p")
    assert response is not None
    assert response.status == 421
    turn = [f"{origin}/turn-credentials?identifier=p", "GET", None]
    status, body, _ = page.evaluate(FETCH, turn)
    assert status == 421
    assert "REALCRED" not in body
