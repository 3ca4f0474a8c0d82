"""The control path: as its own document says, for JavaScript, and for tools."""

import json
import shutil
import subprocess
from collections.abc import Iterator
from importlib.resources import files
from pathlib import Path
from typing import Any

import httpx
import pytest
import requests
import schemathesis
from hypothesis import settings
from openapi_spec_validator import validate

from ai_gate.testing import MockGate
from tests.support.callers import BARE

DOCUMENT = json.loads((files("ai_gate.testing") / "control.json").read_text("utf-8"))
NODE = shutil.which("node") or ""
schema = schemathesis.openapi.from_dict(DOCUMENT)


@pytest.fixture
def control(gate: MockGate) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=f"{gate.url}/__mock__", **BARE) as client:
        yield client


def test_the_document_is_openapi(control: httpx.Client) -> None:
    validate(DOCUMENT)
    assert control.get("/openapi.json").json() == DOCUMENT


@pytest.fixture(scope="module")
def session() -> Iterator[requests.Session]:
    with requests.Session() as session:
        session.trust_env = False
        yield session


@pytest.fixture(scope="module")
def any_gate() -> Iterator[MockGate]:
    with MockGate() as gate:
        yield gate


@schema.parametrize()
@settings(max_examples=20, deadline=None, derandomize=True, database=None)
def test_schemathesis(
    any_gate: MockGate, session: requests.Session, case: schemathesis.Case[Any]
) -> None:
    case.call_and_validate(base_url=any_gate.url, session=session)


def test_what_is_done_and_seen(gate: MockGate, control: httpx.Client) -> None:
    def status() -> int:
        body = {"project_id": "proj_demo"}
        return httpx.post(f"{gate.url}/session", json=body, **BARE).status_code

    control.post("/faults", json={"fault": "cloudflare_522", "times": 1})
    control.post("/faults", json={"fault": "quota_exceeded", "operation": "create_session"})
    assert [status(), status()] == [522, 402]
    control.delete("/faults")
    assert status() == 200
    state = control.get("/").json()
    assert (state["sessions_created"], state["projects"]) == (1, {"proj_demo": 1})
    later = control.post("/advance", json={"seconds": 3600}).json()
    assert later["now"] > state["now"]
    received = control.get("/received").json()["requests"]
    assert [request["path"] for request in received] == ["/session"] * 3
    assert json.loads(received[0]["body"]) == {"project_id": "proj_demo"}
    httpx.get(f"{gate.url}/nowhere", **BARE)
    assert [it["path"] for it in control.get("/").json()["violations"]] == ["/nowhere"]
    assert control.post("/reset").json()["sessions_created"] == 0
    assert (gate.received, gate.violations) == ([], [])


@pytest.mark.parametrize(
    ("method", "path", "body", "status", "message"),
    [
        ("POST", "/faults", {"fault": "stal"}, 409, "there is no fault 'stal'; there is cloud"),
        ("POST", "/faults", {"fault": "html", "time": 1}, 400, "may hold only fault, times, "),
        ("POST", "/advance", {"seconds": -1}, 400, "minimum"),
        ("POST", "/advance", {"seconds": 1e300}, 409, "past the year 9998"),
        ("POST", "/advance", {"seconds": 10**400}, 409, "past the year 9998"),
        ("POST", "/faults", {"fault": "html", "duration": 10**400}, 409, "duration must be fin"),
        ("POST", "/faults", {"fault": "drip", "seconds": 10**400}, 400, "maximum"),
        ("PUT", "/faults", {}, 405, "There is no such operation"),
        ("GET", "/fault", {}, 404, "There is no such operation"),
    ],
)
def test_mistakes(
    gate: MockGate,
    *,
    control: httpx.Client,
    method: str,
    path: str,
    body: dict[str, object],
    status: int,
    message: str,
) -> None:
    answer = control.request(method, path, json=body)
    assert answer.status_code == status
    assert message in answer.json()["message"]
    assert gate.violations == []


def test_pages_are_refused(gate: MockGate, control: httpx.Client) -> None:
    headers = {"Origin": "http://localhost:3000"}
    assert control.post("/reset", headers=headers).status_code == 403
    preflight = {**headers, "Access-Control-Request-Method": "POST"}
    answer = control.options("/reset", headers=preflight)
    assert answer.status_code == 403
    assert "access-control-allow-origin" not in answer.headers


@pytest.mark.skipif(NODE == "", reason="Node isn't installed")
def test_javascript(gate: MockGate) -> None:
    script = Path(__file__).with_name("control.mjs")
    result = subprocess.run(
        [NODE, str(script), gate.url], capture_output=True, text=True, timeout=60, check=False
    )
    assert result.returncode == 0, result.stderr
    assert gate.sessions_created("proj_js") == 1
