"""The errors of live voice: their tree, their attributes, and that they travel."""

from __future__ import annotations

import copy
import pickle
import re

import pytest

from ai_gate import AIGateError
from ai_gate.webrtc import (
    Candidate,
    ConnectionLostError,
    MissingDependencyError,
    NoPathError,
    SDPRefusedError,
    TurnResult,
    WebRTCError,
    errors,
)

KINDS = [getattr(errors, name) for name in errors.__all__]
every_kind = pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.__name__)


@every_kind
def test_the_tree(kind: type[WebRTCError]) -> None:
    assert issubclass(kind, WebRTCError)
    assert issubclass(kind, AIGateError)
    assert issubclass(kind, ImportError) == (kind is MissingDependencyError)


def test_the_tree_is_drawn_as_it_is() -> None:
    drawn = re.findall(r"[├└]── (\w+)", str(errors.__doc__))
    assert sorted(drawn) == sorted(errors.__all__)


@every_kind
def test_they_travel(kind: type[WebRTCError]) -> None:
    failure = kind("What went wrong.")
    for other in (copy.copy(failure), pickle.loads(pickle.dumps(failure))):  # noqa: S301
        assert type(other) is kind
        assert str(other) == "What went wrong."
        assert vars(other) == vars(failure)


def test_what_they_carry_travels_too() -> None:
    candidate = Candidate("host", "udp", "192.0.2.1", 5000)
    result = TurnResult("turn:example.com", "udp", False, "timed out", 2.0)
    no_path = NoPathError("No path.", candidates=[candidate], turn_results=[result])
    lost = ConnectionLostError("Lost.", reason="the transport failed")
    travelled = pickle.loads(pickle.dumps((no_path, lost)))  # noqa: S301
    assert travelled[0].candidates == (candidate,)
    assert travelled[0].turn_results == (result,)
    assert travelled[1].reason == "the transport failed"


@pytest.mark.parametrize(
    ("response", "code"),
    [
        ({"error": {"code": "invalid_offer"}}, "invalid_offer"),
        ({"error": {"code": None}}, None),
        ({"error": {"code": ""}}, None),
        ({"error": {"code": "a=ice-pwd:x"}}, None),
        ({"error": {"code": "x" * 65}}, None),
        ({"error": "text"}, None),
        ({}, None),
    ],
)
def test_the_code_of_a_refusal(response: dict[str, object], code: str | None) -> None:
    refused = SDPRefusedError("Refused.", 400, response, headers={"X-Request-ID": "req_1"})
    assert (refused.code, refused.request_id) == (code, "req_1")
