"""The app of examples/browser, without a browser."""

from __future__ import annotations

import httpx
import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route

from ai_gate.testing import MockGate
from examples.browser.app import app, create_app
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


@pytest.mark.parametrize("is_null", [False, True])
@pytest.mark.parametrize("name", ["client_secret", "turn_credentials"])
def test_a_session_that_is_not_whole(
    app_url: str, gate: MockGate, monkeypatch: pytest.MonkeyPatch, name: str, is_null: bool
) -> None:
    whole = httpx.post(f"{gate.url}/session", json={"project_id": PROJECT}).json()
    del whole[name]
    whole |= {name: None} if is_null else {}

    async def forget(_: Request) -> JSONResponse:
        return JSONResponse(whole)

    with serving(Starlette(routes=[Route("/session", forget, methods=["POST"])])) as forgetful:
        monkeypatch.setenv("AI_GATE_BASE_URL", forgetful)
        with serving(app) as url:
            response = httpx.post(f"{url}/session")
    assert response.status_code == 502
    assert response.json() == {"message": "The session came without what a call needs."}


@pytest.mark.parametrize("site", ["cross-site", "same-site", "none"])
def test_other_sites_get_no_session(app_url: str, gate: MockGate, site: str) -> None:
    response = httpx.post(f"{app_url}/session", headers={"Sec-Fetch-Site": site})
    assert response.status_code == 403
    assert gate.received == []


# The second one is as if another page on the same machine asked.
@pytest.mark.parametrize("origin", ["https://other.example", "http://127.0.0.1:1", "null"])
def test_other_origins_get_no_session(app_url: str, gate: MockGate, origin: str) -> None:
    response = httpx.post(f"{app_url}/session", headers={"Origin": origin})
    assert response.status_code == 403
    assert gate.received == []


def test_the_pages_own_name_without_https_is_another_origin(app_url: str) -> None:
    # As a proxy says that took the page's request over https.
    headers = {"Origin": app_url, "X-Forwarded-Proto": "https"}
    assert httpx.post(f"{app_url}/session", headers=headers).status_code == 403
    headers["Origin"] = app_url.replace("http:", "https:")
    assert httpx.post(f"{app_url}/session", headers=headers).status_code == 200


def test_the_pages_own_origin_gets_a_session(app_url: str) -> None:
    assert httpx.post(f"{app_url}/session", headers={"Origin": app_url}).status_code == 200


@pytest.mark.parametrize("path", ["/", "/session"])
def test_under_another_name_there_is_no_app(app_url: str, gate: MockGate, path: str) -> None:
    # What a browser sends whose site has its own name lead here.
    headers = {"Host": "other.example", "Origin": "http://other.example"}
    headers["Sec-Fetch-Site"] = "same-origin"
    response = httpx.request("GET" if path == "/" else "POST", app_url + path, headers=headers)
    assert response.status_code == 400
    assert gate.received == []


@pytest.mark.usefixtures("app_url")
def test_the_names_of_the_app_can_be_set(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ALLOWED_HOSTS", "voice.example, talk.example")
    with serving(create_app()) as url:
        for name, status in (("talk.example", 200), ("voice.example", 200), ("localhost", 400)):
            headers = {"Host": name, "Origin": f"https://{name}", "X-Forwarded-Proto": "https"}
            assert httpx.post(f"{url}/session", headers=headers).status_code == status


def test_the_page_reaches_the_model_and_its_own_app(app_url: str, gate: MockGate) -> None:
    header = httpx.get(app_url).headers["content-security-policy"]
    policy = dict(part.split(" ", 1) for part in header.split("; "))
    assert policy["default-src"] == "'self'"
    assert policy["connect-src"] == f"'self' {gate.url}"


def test_files(app_url: str) -> None:
    assert "<!doctype html>" in httpx.get(app_url).text
    for name in ("page.js", "voice.js", "style.css"):
        assert httpx.get(f"{app_url}/{name}").status_code == 200
    for name in ("session", "app.py", "README.md", "%2e%2e/app.py"):
        assert httpx.get(f"{app_url}/{name}").status_code == 404
