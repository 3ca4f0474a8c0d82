"""The app of examples/browser, without a browser."""

from __future__ import annotations

import httpx
import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route

from ai_gate.testing import MockGate
from examples.browser.app import app
from tests.voice.browser.conftest import PROJECT
from tests.voice.browser.serving import serving

# What the gate answers, and what becomes of it.
FAILURES = {
    (401, "unknown_project"): 401,
    (402, "quota_exceeded"): 402,
    (429, "rate_limit"): 429,
    (500, "internal_error"): 500,
    (522, "cloudflare_522"): 522,
}


def test_a_session_is_what_a_call_needs_and_no_more(app_url: str, gate: MockGate) -> None:
    response = httpx.post(f"{app_url}/session")
    assert response.status_code == 200
    session = response.json()
    assert session.keys() == {"model", "client_secret", "ice_servers", "realtime_url"}
    assert session["model"] == "gpt-realtime"
    assert session["client_secret"].startswith("ek_")
    assert session["realtime_url"] == gate.realtime_url
    assert response.headers["cache-control"] == "no-store"
    assert PROJECT not in response.text + str(response.headers)


def test_model_and_voice_are_the_servers_choice(
    app_url: str, gate: MockGate, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("REALTIME_MODEL", "gpt-realtime-mini")
    monkeypatch.setenv("REALTIME_VOICE", "cedar")
    assert httpx.post(f"{app_url}/session").json()["model"] == "gpt-realtime-mini"
    assert b'"cedar"' in gate.received[0].body


@pytest.mark.parametrize("answer", FAILURES, ids=lambda answer: answer[1])
def test_an_error_of_the_gate_is_told(
    app_url: str, gate: MockGate, answer: tuple[int, str]
) -> None:
    gate.respond_next(*answer)
    response = httpx.post(f"{app_url}/session")
    assert response.status_code == FAILURES[answer]
    assert response.json().keys() == {"message"}
    assert response.json()["message"]
    assert response.headers["cache-control"] == "no-store"
    assert PROJECT not in response.text


def test_the_gate_cannot_be_reached(app_url: str, gate: MockGate) -> None:
    gate.close()
    response = httpx.post(f"{app_url}/session")
    assert response.status_code == 502
    assert response.json()["message"]


def test_a_session_without_a_client_secret(
    app_url: str, gate: MockGate, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = httpx.post(f"{gate.url}/session", json={"project_id": PROJECT}).json()
    del whole["client_secret"]

    async def forget(_: Request) -> JSONResponse:
        return JSONResponse(whole)

    with serving(Starlette(routes=[Route("/session", forget, methods=["POST"])])) as forgetful:
        monkeypatch.setenv("AI_GATE_BASE_URL", forgetful)
        with serving(app) as url:
            response = httpx.post(f"{url}/session")
    assert response.status_code == 502
    assert response.json() == {"message": "The gate gave a session without a client secret."}


@pytest.mark.parametrize("site", ["cross-site", "same-site", "none"])
def test_other_sites_get_no_session(app_url: str, gate: MockGate, site: str) -> None:
    response = httpx.post(f"{app_url}/session", headers={"Sec-Fetch-Site": site})
    assert response.status_code == 403
    assert gate.received == []


def test_files(app_url: str) -> None:
    assert "<!doctype html>" in httpx.get(app_url).text
    for name in ("page.js", "voice.js", "style.css"):
        assert httpx.get(f"{app_url}/{name}").status_code == 200
    for name in ("session", "app.py", "README.md", "%2e%2e/app.py"):
        assert httpx.get(f"{app_url}/{name}").status_code == 404
