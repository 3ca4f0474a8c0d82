"""A limiter's refusals beside the gate's: handlers of the one serve the other."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import jsonschema
import pytest
from ruamel.yaml import YAML

from ai_gate import (
    AIGateClient,
    AIGateError,
    ConcurrentLimitError,
    QuotaExceededError,
    RateLimitError,
)
from ai_gate.limits import Limiter
from ai_gate.testing import MockGate
from tests.support.callers import PROJECT

SPEC = YAML(typ="safe").load(Path(__file__).parents[2] / "openapi.yaml")
SCHEMAS = {
    "requests": "RateLimitResponse",
    "quota": "QuotaExceededResponse",
    "concurrent": "ConcurrentLimitResponse",
}
UNKNOWN = {"usage.estimatedMinutes", "usage.minutesUsed"}
"""What the gate need not say, and a limiter doesn't know."""


def leaves(value: dict[str, Any], prefix: str = "") -> dict[str, type]:
    """Return the names and types of what is in a response."""
    found: dict[str, type] = {}
    for name, one in value.items():
        path = f"{prefix}{name}"
        found |= leaves(one, f"{path}.") if isinstance(one, dict) else {path: type(one)}
    return found


def handle(error: AIGateError) -> list[Any]:
    """Do what the product page and the README do with an error."""
    if isinstance(error, QuotaExceededError):
        usage = error.response["usage"]
        told = [usage["plan"], usage["sessionsUsed"], usage["sessionsIncluded"]]
        return [*told, usage["percentUsed"], error.response["upgrade_url"], error.upgrade_url]
    if isinstance(error, ConcurrentLimitError):
        return [error.response["current"], error.response["max"], error.current, error.max]
    assert isinstance(error, RateLimitError)
    return [error.response["limit"], error.window, error.reset_at is None, error.response["error"]]


def refused(client: AIGateClient) -> AIGateError:
    """Create sessions until there is an error."""
    for _ in range(200):
        try:
            client.create_session()
        except AIGateError as error:
            return error
    raise AssertionError("nothing was refused")


def headers(error: AIGateError) -> set[str]:
    """Return the names of the headers that tell of limits."""
    return {name for name in error.headers if name.startswith(("x-ratelimit", "retry-after"))}


@pytest.mark.parametrize("own", [True, False], ids=["own", "learned"])
@pytest.mark.parametrize("kind", SCHEMAS)
def test_a_refusal_is_the_gates(kind: str, own: bool, store: str | None) -> None:
    limit = 100 if kind == "quota" else 2
    plan: dict[str, Any] = {"requests": 1000, "concurrent": None, "quota": None, kind: limit}
    limits = plan if own else {"requests": 100, "concurrent": None, "quota": None}
    limiter = Limiter(store, **limits, wait=False)
    with (
        MockGate(**plan) as gate,
        AIGateClient(PROJECT, gate.url, max_retries=0) as unlimited,
        AIGateClient(PROJECT, gate.url, max_retries=0, limiter=limiter) as limited,
    ):
        ours = refused(limited) if own else None
        assert own == (gate.sessions_created() == limit)
        gate.exhaust(kind)
        gates = refused(unlimited)
        if ours is None:
            assert refused(limited).sent
            ours = refused(limited)
    assert (gates.sent, ours.sent) == (True, False)
    assert (type(ours), ours.status_code) == (type(gates), gates.status_code)
    assert headers(ours) == headers(gates)
    assert all(ours.headers[name].isdigit() for name in headers(ours))
    assert (ours.retry_after is None) == (gates.retry_after is None)
    missing = leaves(gates.response).items() - leaves(ours.response).items()
    assert {name for name, _ in missing} <= UNKNOWN
    handled = handle(gates)
    assert handle(ours) == handled
    schemas = {"$ref": f"#/components/schemas/{SCHEMAS[kind]}", "components": SPEC["components"]}
    jsonschema.validate(ours.response, schemas)
