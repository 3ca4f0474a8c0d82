"""An operation that the mock gate has no rules for."""

import copy
import json
from importlib.resources import files
from typing import Any

import pytest

from ai_gate.testing._contract import Contract
from ai_gate.testing._limits import Plan
from ai_gate.testing._operations import Operations
from ai_gate.testing._request import ReceivedRequest
from ai_gate.testing._router import Router
from ai_gate.testing._state import State

SPEC: dict[str, Any] = json.loads((files("ai_gate_api") / "openapi.json").read_text("utf-8"))


def log(method: str, path: str, status: int) -> None:
    """Log nothing."""


def router(path: str, method: str) -> Router:
    """A gate whose spec has one operation more, a copy of the one for the gate's health."""
    document = copy.deepcopy(SPEC)
    operation = copy.deepcopy(document["paths"]["/health"]["get"])
    document["paths"].setdefault(path, {})[method] = operation
    contract, plan = Contract(document), Plan(requests=None, concurrent=None, quota=None)
    state = State(plan)
    return Router(contract, Operations(contract, plan, None, state), state, log)


@pytest.mark.parametrize("path", ["/new", "/session"])
def test_it_gives_its_first_documented_success(path: str) -> None:
    gate = router(path, "get")
    answer = gate.respond(ReceivedRequest("GET", path, {}, {}, b""))
    assert (answer.status, json.loads(answer.body)) == (200, {"status": "healthy"})


@pytest.mark.parametrize("left_out", ["headers", "content"])
def test_an_answer_can_do_without_what_the_others_have(left_out: str) -> None:
    document = copy.deepcopy(SPEC)
    answers = document["paths"]["/health"]["get"]["responses"]
    answers["204"] = {"description": "Nothing.", **answers["200"]}
    del answers["204"][left_out]
    contract, plan = Contract(document), Plan(requests=None, concurrent=None, quota=None)
    state = State(plan)
    gate = Router(contract, Operations(contract, plan, None, state), state, log)
    assert gate.respond(ReceivedRequest("GET", "/health", {}, {}, b"")).status == 200


def test_the_others_keep_their_rules() -> None:
    gate = router("/session", "get")
    body = json.dumps({"project_id": "proj_demo", "voice": "marin"}).encode()
    headers = {"content-type": "application/json"}
    answer = gate.respond(ReceivedRequest("POST", "/session", {}, headers, body))
    assert json.loads(answer.body)["voice"] == "marin"
