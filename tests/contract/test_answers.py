"""Every documented answer, through every client: the right result or the right error."""

from __future__ import annotations

import json
import logging

import pytest

import ai_gate.types
from ai_gate import AIGateError, AsyncAIGateClient
from ai_gate.testing import MockGate
from tests.support.callers import Caller

from .expected import expected_error
from .spec import DOCUMENT, ERRORS, SUCCESSES, Answer, is_offered, operations


def test_the_facade_offers_all_but_the_health_check() -> None:
    offered = {operation.name for operation in operations(DOCUMENT) if is_offered(operation)}
    assert offered == {operation.name for operation in operations(DOCUMENT)} - {"get_health"}
    assert all(hasattr(AsyncAIGateClient, name) for name in offered)


@pytest.mark.parametrize("answer", SUCCESSES, ids=str)
def test_success_is_returned_as_sent(
    answer: Answer, caller: Caller, gate: MockGate, caplog: pytest.LogCaptureFixture
) -> None:
    gate.respond_next(answer.status, answer.example)
    with caplog.at_level(logging.WARNING, logger="ai_gate"):
        result = caller.call(answer.operation.name, gate.url, max_retries=0)
    # As text, so that the order of keys counts and 1 differs from 1.0 and from true.
    assert json.dumps(result) == json.dumps(answer.value)
    assert len(gate.received) == 1
    assert gate.violations == []
    required = getattr(ai_gate.types, str(answer.schema)).__required_keys__
    missing = sorted(required - result.keys())
    warnings = [record.getMessage() for record in caplog.records if record.name == "ai_gate"]
    assert len(warnings) == bool(missing)
    assert all(name in warnings[0] for name in missing)


@pytest.mark.parametrize("answer", ERRORS, ids=str)
def test_error(answer: Answer, caller: Caller, gate: MockGate) -> None:
    gate.respond_next(answer.status, answer.example)
    with pytest.raises(AIGateError) as caught:
        caller.call(answer.operation.name, gate.url, max_retries=0)
    error, expected = caught.value, expected_error(answer)
    assert type(error) is expected.kind
    assert error.status_code == answer.status
    assert json.dumps(error.response) == json.dumps(answer.body)
    assert {name: getattr(error, name) for name in expected.attributes} == expected.attributes
    if expected.message is not None:
        assert str(error) == error.message == expected.message
        assert json.loads(error.body) == answer.body
    else:
        assert error.body.decode() == answer.value
        assert str(answer.status) in str(error)
        assert "<" not in str(error)
    assert len(gate.received) == 1
    assert gate.violations == []
    assert error.request_id
    assert error.request_id == error.headers["CF-Ray"] == error.headers["cf-ray"]
    retry_after = error.headers.get("Retry-After")
    assert error.retry_after == (None if retry_after is None else float(retry_after))
    if "resetAt" in answer.body or answer.status == 503:
        assert error.retry_after == 900
