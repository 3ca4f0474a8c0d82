"""schemathesis reads the spec, makes up requests good and bad, and judges every response."""

import json
from collections.abc import Iterator
from importlib.resources import files
from typing import Any

import pytest
import requests
import schemathesis
from hypothesis import settings

from ai_gate.testing import MockGate

schema = schemathesis.openapi.from_dict(
    json.loads((files("ai_gate_api") / "openapi.json").read_text("utf-8"))
)


@pytest.fixture(scope="module")
def unlimited() -> Iterator[MockGate]:
    with MockGate(requests=None, concurrent=None, quota=None) as gate:
        yield gate


@pytest.fixture(scope="module")
def session() -> Iterator[requests.Session]:
    with requests.Session() as session:
        session.trust_env = False
        yield session


# All of schemathesis's checks run; none is left out.
@schema.parametrize()
@settings(derandomize=True, max_examples=200, deadline=None, database=None)
def test_every_answer_is_as_documented(
    case: schemathesis.Case[Any], unlimited: MockGate, session: requests.Session
) -> None:
    case.call_and_validate(base_url=unlimited.url, session=session)
    assert not [violation for violation in unlimited.violations if violation.kind == "answer"]
