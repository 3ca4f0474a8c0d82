"""The errors: their tree, their attributes, and that they travel between processes."""

from __future__ import annotations

import copy
import pickle
import re
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import httpx
import pytest

import ai_gate
from ai_gate import (
    AIGateError,
    APIConnectionError,
    APITimeoutError,
    AuthenticationError,
    BadRequestError,
    ConcurrentLimitError,
    InvalidResponseError,
    QuotaExceededError,
    RateLimitError,
    ServerError,
    errors,
)

PARENTS: dict[type[AIGateError], type[Exception]] = {
    AIGateError: Exception,
    APIConnectionError: AIGateError,
    APITimeoutError: APIConnectionError,
    BadRequestError: AIGateError,
    AuthenticationError: AIGateError,
    QuotaExceededError: AIGateError,
    RateLimitError: AIGateError,
    ConcurrentLimitError: AIGateError,
    ServerError: AIGateError,
    InvalidResponseError: AIGateError,
}
CLASSES = list(PARENTS)
ATTRIBUTES = (
    "message",
    "status_code",
    "response",
    "body",
    "headers",
    "request_id",
    "retry_after",
    "args",
)
every_class = pytest.mark.parametrize("kind", CLASSES, ids=lambda kind: kind.__name__)


def full(kind: type[AIGateError]) -> AIGateError:
    return kind(
        "Refused",
        429,
        {"error": "x", "nested": {"list": [1, None]}, "current": 5},
        body=b'{"error"',
        headers=httpx.Headers({"CF-Ray": "8c1-FRA", "Retry-After": "7"}),
        retry_after=7.0,
    )


@every_class
def test_the_tree(kind: type[AIGateError]) -> None:
    assert kind.__bases__ == (PARENTS[kind],)
    assert getattr(ai_gate, kind.__name__) is kind
    assert kind.__name__ in errors.__all__


def test_the_tree_is_drawn_as_it_is() -> None:
    drawing = str(errors.__doc__)
    branches = re.findall(r"^(│   )?(?:    )?[├└]── (\w+)", drawing, re.MULTILINE)
    assert [name for _, name in branches] == [kind.__name__ for kind in CLASSES[1:]]
    assert [name for indented, name in branches if indented] == ["APITimeoutError"]


@every_class
def test_one_made_by_a_users_test(kind: type[AIGateError]) -> None:
    error = kind("Refused")
    assert (str(error), error.message, error.args) == ("Refused", "Refused", ("Refused",))
    assert (error.status_code, error.response, error.body) == (None, {}, b"")
    assert (dict(error.headers), error.request_id, error.retry_after) == ({}, None, None)


@every_class
def test_the_documented_arguments_work_by_position(kind: type[AIGateError]) -> None:
    response = {"error": "x"}
    error = kind("Refused", 402, response)
    assert (error.status_code, error.response) == (402, response)
    assert error.response is response


def test_by_keyword() -> None:
    error = AIGateError(message="Refused", status_code=402, response=None)
    assert (error.message, error.status_code, error.response) == ("Refused", 402, {})


def test_errors_share_no_response() -> None:
    AIGateError("Refused").response["error"] = "x"
    assert AIGateError("Refused").response == {}


@pytest.mark.parametrize("name", ["cf-ray", "CF-Ray", "CF-RAY"])
def test_the_request_id_whatever_the_case_of_the_header(name: str) -> None:
    error = AIGateError("Refused", 500, headers={name: "8c1-FRA"})
    assert error.request_id == "8c1-FRA"
    assert error.headers["Cf-Ray"] == "8c1-FRA"


@every_class
def test_repr(kind: type[AIGateError]) -> None:
    assert repr(full(kind)) == f"{kind.__name__}('Refused', status_code=429)"


def pickled(error: AIGateError) -> AIGateError:
    clone: AIGateError = pickle.loads(pickle.dumps(error))  # noqa: S301 - our own bytes
    return clone


def oldest_pickle(error: AIGateError) -> AIGateError:
    clone: AIGateError = pickle.loads(pickle.dumps(error, protocol=0))  # noqa: S301 - our own bytes
    return clone


@every_class
@pytest.mark.parametrize("clone", [pickled, oldest_pickle, copy.copy, copy.deepcopy])
def test_copies(kind: type[AIGateError], clone: Callable[[AIGateError], AIGateError]) -> None:
    error = full(kind)
    error.add_note("seen in the morning")
    again = clone(error)
    assert type(again) is kind
    assert again is not error
    assert (str(again), repr(again)) == (str(error), repr(error))
    for name in ATTRIBUTES:
        assert getattr(again, name) == getattr(error, name), name
    assert again.headers["cf-ray"] == "8c1-FRA"
    assert again.__notes__ == ["seen in the morning"]


def test_a_deep_copy_shares_nothing() -> None:
    error = full(AIGateError)
    copy.deepcopy(error).response["nested"]["list"].append(2)
    assert error.response["nested"]["list"] == [1, None]


USAGE = {"plan": "free", "sessionsUsed": 100}


@pytest.mark.parametrize(
    ("kind", "response", "name", "value"),
    [
        (QuotaExceededError, {"usage": USAGE}, "usage", USAGE),
        (QuotaExceededError, {"upgrade_url": "https://x"}, "upgrade_url", "https://x"),
        (RateLimitError, {"limit": 100}, "limit", 100),
        (RateLimitError, {"limit": 0}, "limit", 0),
        (RateLimitError, {"window": "15 minutes"}, "window", "15 minutes"),
        (
            RateLimitError,
            {"resetAt": "2025-10-03T12:00:00.000Z"},
            "reset_at",
            datetime(2025, 10, 3, 12, tzinfo=UTC),
        ),
        (ConcurrentLimitError, {"current": 5}, "current", 5),
        (ConcurrentLimitError, {"max": 5}, "max", 5),
        (ConcurrentLimitError, {"hint": "Wait"}, "hint", "Wait"),
    ],
)
def test_what_the_body_says(
    kind: type[AIGateError], response: dict[str, Any], name: str, value: object
) -> None:
    assert getattr(kind("Refused", 429, response), name) == value


ODD: list[object] = [None, True, False, "100", "soon", 5, 5.0, [], {}, ["x"], {"x": 1}]
TYPED: list[tuple[type[AIGateError], str, str, type]] = [
    (QuotaExceededError, "usage", "usage", dict),
    (QuotaExceededError, "upgrade_url", "upgrade_url", str),
    (RateLimitError, "limit", "limit", int),
    (RateLimitError, "window", "window", str),
    (RateLimitError, "resetAt", "reset_at", datetime),
    (ConcurrentLimitError, "current", "current", int),
    (ConcurrentLimitError, "max", "max", int),
    (ConcurrentLimitError, "hint", "hint", str),
]


@pytest.mark.parametrize("odd", ODD, ids=repr)
@pytest.mark.parametrize(
    ("kind", "key", "name", "expected"), TYPED, ids=[name for _, _, name, _ in TYPED]
)
def test_another_type_in_the_body_is_none(
    kind: type[AIGateError], key: str, name: str, expected: type, odd: object
) -> None:
    value = getattr(kind("Refused", 429, {key: odd}), name)
    assert value == (odd if type(odd) is expected else None)


@pytest.mark.parametrize(("kind", "name"), [(kind, name) for kind, _, name, _ in TYPED])
def test_without_a_body_it_is_none(kind: type[AIGateError], name: str) -> None:
    assert getattr(kind("Refused"), name) is None
