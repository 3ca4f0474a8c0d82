"""The generated response models, which read what the spec promises and nothing less."""

from __future__ import annotations

import subprocess
import sys
from datetime import datetime
from typing import Any, Protocol

import ai_gate_api.models
import httpx
import pytest

from ai_gate.testing import MockGate
from tests.support.callers import SYNC

from .spec import ANSWERS, Answer

SUCCESSES = [answer for answer in ANSWERS if answer.is_success]
SERVED: list[tuple[str, str, dict[str, Any]]] = [
    ("SessionResponse", "create_session", {}),
    ("SessionResponse", "create_session", {"model": "gpt-realtime", "voice": "aurora"}),
    ("SessionResponse", "create_session", {"temperature": 0, "instructions": ""}),
    ("TurnCredentials", "get_turn_credentials", {}),
]


class Model(Protocol):
    """A generated model."""

    def to_dict(self) -> dict[str, Any]:
        """Write it as JSON."""
        ...


def parse(schema: str, value: dict[str, Any]) -> Model:
    """Read a body with the model of its schema."""
    model: Model = getattr(ai_gate_api.models, schema).from_dict(value)
    return model


def comparable(value: Any) -> Any:
    """The same value with its timestamps read, which the models write in a form of their own."""
    if isinstance(value, dict):
        return {key: comparable(item) for key, item in value.items()}
    if isinstance(value, list):
        return [comparable(item) for item in value]
    try:
        return datetime.fromisoformat(value)
    except (TypeError, ValueError):
        return value


@pytest.mark.parametrize("answer", SUCCESSES, ids=str)
def test_examples_parse(answer: Answer) -> None:
    model = parse(str(answer.schema), answer.value)
    assert comparable(model.to_dict()) == comparable(answer.value)


@pytest.mark.parametrize(
    ("schema", "operation", "arguments"),
    SERVED,
    ids=["-".join((operation, *arguments)) for _, operation, arguments in SERVED],
)
def test_answers_of_the_mock_gate_parse(
    schema: str, operation: str, arguments: dict[str, Any], gate: MockGate
) -> None:
    served = SYNC.call(operation, gate.url, arguments)
    assert comparable(parse(schema, served).to_dict()) == comparable(served)


def test_health_of_the_mock_gate_parses(gate: MockGate) -> None:
    served = httpx.get(f"{gate.url}/health").json()
    assert parse("HealthResponse", served).to_dict() == served


def test_a_model_refuses_less_than_the_spec_promises() -> None:
    session = next(answer for answer in SUCCESSES if answer.schema == "SessionResponse")
    less = {key: value for key, value in session.value.items() if key != "turn_credentials"}
    with pytest.raises(KeyError, match="turn_credentials"):
        parse("SessionResponse", less)


LOADED = """\
import sys
from ai_gate_api import models
models.CreateSessionRequest
print(*(name for name in sys.modules if name.startswith("ai_gate_api.")))
"""


def test_a_model_is_loaded_alone() -> None:
    command = [sys.executable, "-c", LOADED]
    loaded = subprocess.run(command, capture_output=True, text=True, check=True).stdout.split()
    names = ("models", "models.create_session_request", "types")
    assert sorted(loaded) == [f"ai_gate_api.{name}" for name in names]


def test_each_model_can_be_had() -> None:
    for name in ai_gate_api.models.__all__:
        assert isinstance(getattr(ai_gate_api.models, name), type)
    with pytest.raises(AttributeError, match="no attribute 'Unknown'"):
        _ = ai_gate_api.models.Unknown  # type: ignore[attr-defined]
