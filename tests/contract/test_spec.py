"""What these tests are drawn from: the whole spec, and whatever is added to it."""

from __future__ import annotations

import copy
from typing import Any

import pytest

from ai_gate import AIGateError, QuotaExceededError, RateLimitError, ServerError

from .expected import BY_CODE, BY_STATUS, expected_error
from .spec import ANSWERS, DOCUMENT, ERRORS, Answer, answers, operations, requests, resolve

ADDED: list[tuple[str, str, dict[str, Any], int, type[AIGateError]]] = [
    (
        "QuotaExceeded",
        "application/json",
        {"value": {"error": "quota_exceeded", "message": "none left"}},
        402,
        QuotaExceededError,
    ),
    (
        "CloudflareError",
        "text/html",
        {"value": "<html></html>", "x-status": 529},
        529,
        ServerError,
    ),
    (
        "OtherError",
        "application/json",
        {"value": {"error": "teapot", "message": "tea"}, "x-status": 418},
        418,
        AIGateError,
    ),
    (
        "SessionLimit",
        "application/json",
        {"$ref": "#/components/examples/invalid_request"},
        429,
        RateLimitError,
    ),
]


@pytest.mark.parametrize(
    ("response", "media_type", "example", "status", "kind"),
    ADDED,
    ids=[response for response, *_ in ADDED],
)
def test_an_added_example_is_an_added_test(
    response: str, media_type: str, example: dict[str, Any], status: int, kind: type[AIGateError]
) -> None:
    document = copy.deepcopy(DOCUMENT)
    node = document["components"]["responses"][response]["content"][media_type]
    node["examples"]["added"] = example
    added = [answer for answer in answers(document) if str(answer) not in set(map(str, ANSWERS))]
    assert {(answer.status, answer.example) for answer in added} == {(status, "added")}
    assert {answer.operation.name for answer in added} == _users(document, response)
    assert {expected_error(answer).kind for answer in added} == {kind}


def _users(document: dict[str, Any], response: str) -> set[str]:
    ref = {"$ref": f"#/components/responses/{response}"}
    return {
        operation.name
        for operation in operations(document)
        if ref in operation.node["responses"].values()
    }


def test_an_added_operation_is_an_added_test() -> None:
    document = copy.deepcopy(DOCUMENT)
    added = {**document["paths"]["/health"]["get"], "operationId": "getOtherHealth"}
    document["paths"]["/other"] = {"get": added}
    names = {answer.operation.name for answer in answers(document)}
    assert names - {answer.operation.name for answer in ANSWERS} == {"get_other_health"}


def test_every_documented_answer_has_an_example() -> None:
    tested = {(answer.operation.name, answer.status) for answer in ANSWERS}
    for operation in operations(DOCUMENT):
        for status, response in operation.node["responses"].items():
            for media_type in resolve(DOCUMENT, response)["content"].values():
                assert media_type["examples"], f"{operation} {status}"
            assert not status.isdecimal() or (operation.name, int(status)) in tested


def test_every_named_example_is_used() -> None:
    used = {answer.example for answer in ANSWERS}
    sent = {f"request_{request.example}" for request in requests(DOCUMENT)}
    assert DOCUMENT["components"]["examples"].keys() <= used | sent


def test_no_two_answers_have_the_same_name() -> None:
    def key(answer: Answer) -> tuple[str, int, str]:
        return (answer.operation.name, answer.status, answer.example)

    assert len(set(map(key, ANSWERS))) == len(ANSWERS)


def test_the_table_of_errors_is_the_spec_s() -> None:
    assert BY_CODE.keys() <= {answer.body.get("error") for answer in ERRORS}
    assert BY_STATUS.keys() <= {answer.status for answer in ERRORS}
