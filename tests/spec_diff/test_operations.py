"""Operations, their names and what they need, and servers."""

import pytest

from tests.spec_diff.spec import SPEC, Case

HEALTH = "paths/~1health"
PRODUCTION, STAGING = SPEC["servers"]
KEY = {"type": "apiKey", "in": "header", "name": "X-Key"}
SCHEMES = {
    "components/securitySchemes": {"key": KEY, "token": {"type": "http", "scheme": "bearer"}}
}

CASES = {
    "operation": Case(
        {HEALTH: ...},
        ["! GET /health: the operation is gone"],
        ["- GET /health: new operation"],
    ),
    "other path": Case(
        {HEALTH: ..., "paths/~1status": SPEC["paths"]["/health"]},
        ["! GET /health: the operation is now GET /status"],
        ["! GET /status: the operation is now GET /health"],
    ),
    "other path and name": Case(
        {
            HEALTH: ...,
            "paths/~1status": {
                "get": {**SPEC["paths"]["/health"]["get"], "operationId": "getStatus"}
            },
        },
        ["- GET /status: new operation", "! GET /health: the operation is gone"],
        ["- GET /health: new operation", "! GET /status: the operation is gone"],
    ),
    "other method and a field less": Case(
        {
            HEALTH: {"put": SPEC["paths"]["/health"]["get"]},
            "components/schemas/HealthResponse/required": [],
        },
        [
            "! GET /health: the operation is now PUT /health",
            "! PUT /health 200: `status` may now be missing",
        ],
        [
            "! PUT /health: the operation is now GET /health",
            "- GET /health 200: `status` is now always there",
        ],
    ),
    "operation ID": Case(
        {f"{HEALTH}/get/operationId": "checkHealth"},
        ["! GET /health: the operation ID is now `checkHealth`, was `getHealth`"],
        ["! GET /health: the operation ID is now `getHealth`, was `checkHealth`"],
    ),
    "operation ID that moves to a new path": Case(
        {
            f"{HEALTH}/get/operationId": "checkHealth",
            "paths/~1status": SPEC["paths"]["/health"],
        },
        [
            "! GET /health: the operation ID is now `checkHealth`, was `getHealth`",
            "- GET /status: new operation",
        ],
        [
            "! GET /health: the operation ID is now `getHealth`, was `checkHealth`",
            "! GET /status: the operation is gone",
        ],
    ),
    "tag": Case(
        {f"{HEALTH}/get/tags": ["turn"]},
        ["! GET /health: the tag is now `turn`, was `health`"],
        ["! GET /health: the tag is now `health`, was `turn`"],
    ),
    "deprecated": Case(
        {f"{HEALTH}/get/deprecated": True},
        ["- GET /health: the operation is now deprecated"],
        ["- GET /health: the operation is no longer deprecated"],
    ),
    "credentials": Case(
        {f"{HEALTH}/get/security": [{"key": []}]},
        ["! GET /health: now needs key, needed no credentials"],
        ["- GET /health: now needs no credentials, needed key"],
        base=SCHEMES,
    ),
    "other credentials": Case(
        {f"{HEALTH}/get/security": [{"key": []}, {"token": []}]},
        ["- GET /health: now needs key or token, needed key"],
        ["! GET /health: now needs key, needed key or token"],
        base={**SCHEMES, f"{HEALTH}/get/security": [{"key": []}]},
    ),
    "credentials in another order": Case(
        {"security": [{"token": [], "key": []}]},
        [],
        [],
        base={**SCHEMES, "security": [{"key": [], "token": []}]},
    ),
    "credentials of all": Case(
        {"security": [{"key": [], "token": []}]},
        [
            f"! {name}: now needs key with token, needed no credentials"
            for name in ("POST /session", "GET /turn-credentials", "GET /health")
        ],
        [
            f"- {name}: now needs no credentials, needed key with token"
            for name in ("POST /session", "GET /turn-credentials", "GET /health")
        ],
        base=SCHEMES,
    ),
    "server": Case(
        {"servers": [PRODUCTION]},
        ["! : the server `https://staging.ai-gate.dev` is gone"],
        ["- : new server `https://staging.ai-gate.dev`"],
    ),
    "other URL": Case(
        {"servers/0/url": "https://gate.ai-gate.dev"},
        [
            "! : the server `https://api.ai-gate.dev` is gone",
            "- : new server `https://gate.ai-gate.dev`",
        ],
        [
            "! : the server `https://gate.ai-gate.dev` is gone",
            "- : new server `https://api.ai-gate.dev`",
        ],
    ),
    "first server": Case(
        {"servers": [STAGING, PRODUCTION]},
        ["! : the first server, which clients take, is now `https://staging.ai-gate.dev`"],
        ["! : the first server, which clients take, is now `https://api.ai-gate.dev`"],
    ),
}


@pytest.mark.parametrize("case", CASES.values(), ids=CASES)
def test_operation(case: Case) -> None:
    assert case.found() == (case.done, case.undone)
