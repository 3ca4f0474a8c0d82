"""examples/lambda under AWS's own runtime client, which is frozen between its invocations."""

from __future__ import annotations

import importlib.util
import json
import signal
import sys
from collections.abc import Iterator
from typing import Any

import pytest

from ai_gate.testing import MockGate
from tests.examples.lambda_service import LambdaService, lambda_service
from tests.examples.programs import EXAMPLES, PROJECT, SECRETS, Program, started

if importlib.util.find_spec("awslambdaric") is None:
    pytest.skip("awslambdaric isn't installed", allow_module_level=True)

ORIGIN = "https://app.example"
EVENT = {
    "version": "2.0",
    "routeKey": "POST /session",
    "headers": {"origin": ORIGIN},
    "requestContext": {"authorizer": {"jwt": {"claims": {"sub": "ada"}, "scopes": None}}},
    "isBase64Encoded": False,
}
ERRORS = {
    (401, "unknown_project"): 503,
    (402, "quota_exceeded"): 402,
    (429, "rate_limit"): 429,
    (429, "concurrent_limit"): 429,
    (500, "internal_error"): 503,
}


@pytest.fixture
def service() -> Iterator[tuple[LambdaService, str]]:
    """Lambda."""
    with lambda_service() as service:
        yield service


@pytest.fixture
def function(service: tuple[LambdaService, str], gate: MockGate) -> Iterator[Program]:
    """The process that Lambda runs."""
    environment = {
        "AI_GATE_PROJECT_ID": PROJECT,
        "AI_GATE_BASE_URL": gate.url,
        "ALLOWED_ORIGIN": ORIGIN,
        "AWS_LAMBDA_RUNTIME_API": service[1],
        "PYTHONPATH": str(EXAMPLES / "lambda"),
    }
    command = [sys.executable, "-m", "awslambdaric", "handler.handler"]
    with started(command, environment) as program:
        service[0].wait_until_idle()
        yield program
        assert not [one for one in SECRETS if one in program.output], program.output


def invoke(service: LambdaService, event: Any = EVENT) -> tuple[int, dict[str, Any]]:
    """Invoke the function; return its status and body."""
    answer = service.invoke(event)
    service.wait_until_idle()
    assert answer["headers"]["Cache-Control"] == "no-store"
    return answer["statusCode"], json.loads(answer["body"])


@pytest.mark.usefixtures("function")
def test_a_session(service: tuple[LambdaService, str], gate: MockGate) -> None:
    status, session = invoke(service[0])
    assert status == 200
    assert session.keys() == {"model", "client_secret", "ice_servers"}
    elsewhere = EVENT | {"headers": {"origin": "https://other.example"}}
    assert invoke(service[0], elsewhere)[0] == 403
    assert gate.sessions_created(PROJECT) == 1


@pytest.mark.usefixtures("function")
def test_errors_are_answered(service: tuple[LambdaService, str], gate: MockGate) -> None:
    for refusal, status in ERRORS.items():
        gate.respond_next(*refusal)
        assert invoke(service[0])[0] == status
    gate.answer_with(client_secret=None, validate=False)
    assert invoke(service[0])[0] == 503


def test_connections_that_die_while_it_is_frozen(
    function: Program, service: tuple[LambdaService, str], gate: MockGate
) -> None:
    for number in range(1, 4):
        assert invoke(service[0])[0] == 200
        function.send(signal.SIGSTOP)
        # Each connection is closed, and nobody is awake to notice.
        gate.close()
        gate.start()
        function.send(signal.SIGCONT)
        assert len(gate.received) == gate.sessions_created(PROJECT) == number
    assert "No session" not in function.output
