"""Which request gets which response, what all of them have, and what is kept of requests."""

import copy
import json
import re
from importlib.resources import files
from typing import Any

import httpx
import pytest

from ai_gate.testing import MockGate, Violation
from ai_gate.testing._contract import Contract
from ai_gate.testing._limits import Plan
from ai_gate.testing._operations import Operations
from ai_gate.testing._request import ReceivedRequest
from ai_gate.testing._router import Router
from ai_gate.testing._state import State

SPEC: dict[str, Any] = json.loads((files("ai_gate_api") / "openapi.json").read_text("utf-8"))


def test_every_response_has_its_own_ray(client: httpx.Client) -> None:
    answers = [
        client.get("/health"),
        client.get("/health"),
        client.get("/turn-credentials", params={"identifier": "p"}),
        client.post("/session", json={"project_id": "p"}),
        client.post("/session", json={}),
        client.get("/nowhere"),
        client.delete("/session"),
    ]
    rays = [answer.headers["cf-ray"] for answer in answers]
    assert len(set(rays)) == len(rays)
    assert all(re.fullmatch("[0-9a-f]{16}-[A-Z]{3}", ray) for ray in rays)
    assert all(answer.headers["content-type"] == "application/json" for answer in answers)


@pytest.mark.parametrize(
    "path", ["/", "/sessions", "/session/", "/Session", "/turn-credentials/x", "/sess%69on", "/é"]
)
@pytest.mark.parametrize("method", ["GET", "POST"])
def test_any_other_path_is_not_found(
    gate: MockGate, client: httpx.Client, method: str, path: str
) -> None:
    answer = client.request(method, path)
    assert answer.status_code == 404
    assert answer.json() == {"error": "not_found", "message": "There is no such path"}
    (violation,) = gate.violations
    assert (violation.kind, violation.method) == ("request", method)
    assert violation.path == answer.request.url.raw_path.decode()


METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "QUERY", "HEAD")
DOCUMENTED = {"/session": "POST", "/turn-credentials": "GET", "/health": "GET"}


@pytest.mark.parametrize(
    ("path", "allowed", "method"),
    [
        (path, allowed, method)
        for path, allowed in DOCUMENTED.items()
        for method in METHODS
        if method != allowed
    ],
)
def test_other_methods_are_refused(
    gate: MockGate, client: httpx.Client, path: str, allowed: str, method: str
) -> None:
    answer = client.request(method, path)
    assert answer.status_code == 405
    assert answer.headers["allow"] == allowed
    assert gate.violations == [Violation("request", method, path, f"The method must be {allowed}")]
    if method == "HEAD":
        assert answer.content == b""
        assert int(answer.headers["content-length"]) > 0
    else:
        assert answer.json()["error"] == "invalid_request"
    assert client.get("/health").status_code == 200


def test_received_requests_are_kept_in_order(gate: MockGate, client: httpx.Client) -> None:
    client.post("/session?x=1&x=2&y=", json={"project_id": "p"}, headers={"X-Test": "yes"})
    client.get("/turn-credentials", params={"identifier": "é"})
    client.get("/nowhere")
    session, turn, nowhere = gate.received
    assert (session.method, session.path) == ("POST", "/session")
    assert session.query == {"x": ["1", "2"], "y": [""]}
    assert session.headers["x-test"] == "yes"
    assert session.json() == {"project_id": "p"}
    assert turn.query == {"identifier": ["é"]}
    assert turn.body == b""
    assert nowhere.path == "/nowhere"


def test_repr_shows_no_project(gate: MockGate, client: httpx.Client) -> None:
    secret = "proj_secret"
    client.post("/session", json={"project_id": secret}, headers={"x-project": secret})
    client.get("/turn-credentials", params={"identifier": secret})
    client.post("/session", json={"project_id": [secret], "voice": {secret: secret}})
    client.get("/turn-credentials", params={"identifier": [secret, secret]})
    assert len(gate.violations) == 2
    assert secret not in repr((gate.received, gate.violations, gate))
    assert repr(gate.received[0]) == "ReceivedRequest(method='POST', path='/session')"


def test_lists_are_copies(gate: MockGate, client: httpx.Client) -> None:
    client.get("/nowhere")
    gate.received.clear()
    gate.violations.clear()
    assert len(gate.received) == len(gate.violations) == 1


def log(method: str, path: str, status: int) -> None:
    """Log nothing."""


def router(document: dict[str, Any]) -> Router:
    contract = Contract(document)
    state = State(Plan(requests=None, concurrent=None, quota=None))
    return Router(contract, Operations(contract, state), state, log)


def router_with(path: str, method: str) -> Router:
    """A gate whose spec has one operation more, a copy of the one for the gate's health."""
    document = copy.deepcopy(SPEC)
    operation = copy.deepcopy(document["paths"]["/health"]["get"])
    document["paths"].setdefault(path, {})[method] = operation
    return router(document)


@pytest.mark.parametrize("path", ["/new", "/session"])
def test_an_operation_without_rules_gives_its_first_documented_success(path: str) -> None:
    gate = router_with(path, "get")
    answer = gate.respond(ReceivedRequest("GET", path, {}, {}, b""))
    assert (answer.status, json.loads(answer.body)) == (200, {"status": "healthy"})


@pytest.mark.parametrize("left_out", ["headers", "content"])
def test_a_response_may_lack_headers_and_content(left_out: str) -> None:
    document = copy.deepcopy(SPEC)
    answers = document["paths"]["/health"]["get"]["responses"]
    answers["204"] = {"description": "Nothing.", **answers["200"]}
    del answers["204"][left_out]
    gate = router(document)
    assert gate.respond(ReceivedRequest("GET", "/health", {}, {}, b"")).status == 200


def test_the_other_operations_keep_their_rules() -> None:
    gate = router_with("/session", "get")
    body = json.dumps({"project_id": "proj_demo", "voice": "marin"}).encode()
    headers = {"content-type": "application/json"}
    answer = gate.respond(ReceivedRequest("POST", "/session", {}, headers, body))
    assert json.loads(answer.body)["voice"] == "marin"
