"""Documented responses on demand: `respond_next` and the header `Prefer`."""

import itertools
import json
from collections.abc import Iterator
from importlib.resources import files
from typing import Any, NamedTuple

import httpx
import pytest

from ai_gate.testing import MockGate
from tests.support.callers import BARE

SPEC = json.loads((files("ai_gate_api") / "openapi.json").read_text("utf-8"))

REQUESTS: dict[str, dict[str, Any]] = {
    "/session": {"method": "POST", "url": "/session", "json": {"project_id": "p"}},
    "/turn-credentials": {"method": "GET", "url": "/turn-credentials?identifier=p"},
    "/health": {"method": "GET", "url": "/health"},
}


class Documented(NamedTuple):
    path: str
    status: int
    name: str
    content_type: str
    value: Any


def resolved(node: Any) -> Any:
    while "$ref" in node:
        target = SPEC
        for step in node["$ref"].removeprefix("#/").split("/"):
            target = target[step]
        node = target
    return node


def documented() -> Iterator[Documented]:
    for path, item in SPEC["paths"].items():
        (operation,) = item.values()
        for status, response in operation["responses"].items():
            for content_type, media_type in resolved(response)["content"].items():
                for name, reference in media_type["examples"].items():
                    example = resolved(reference)
                    code = int(example.get("x-status", status))
                    yield Documented(path, code, name, content_type, example["value"])


EXAMPLES = list(documented())
every_example = pytest.mark.parametrize(
    "example", EXAMPLES, ids=[f"{item.path[1:]}-{item.status}-{item.name}" for item in EXAMPLES]
)


def send(client: httpx.Client, path: str, **headers: str) -> httpx.Response:
    return client.request(**REQUESTS[path], headers=headers)


def check(answer: httpx.Response, example: Documented) -> None:
    assert answer.status_code == example.status
    assert answer.headers["content-type"] == example.content_type
    assert "cf-ray" in answer.headers
    if example.content_type == "text/html":
        assert answer.text == example.value
    else:
        # As text, so that the order of the keys counts.
        assert json.dumps(answer.json()) == json.dumps(example.value)


def test_spec_has_examples_of_every_operation() -> None:
    assert {example.path for example in EXAMPLES} == set(REQUESTS)
    assert len(EXAMPLES) > 30


@every_example
def test_respond_next(gate: MockGate, client: httpx.Client, example: Documented) -> None:
    gate.respond_next(example.status, example.name)
    check(send(client, example.path), example)
    assert send(client, example.path).status_code == 200
    assert gate.violations == []


@every_example
def test_prefer(gate: MockGate, client: httpx.Client, example: Documented) -> None:
    prefer = f"code={example.status}, example={example.name}"
    check(send(client, example.path, prefer=prefer), example)
    assert send(client, example.path).status_code == 200
    assert gate.violations == []


@every_example
def test_either_part_of_prefer_is_enough(client: httpx.Client, example: Documented) -> None:
    check(send(client, example.path, prefer=f"example={example.name}"), example)
    first = next(
        item for item in EXAMPLES if (item.path, item.status) == (example.path, example.status)
    )
    check(send(client, example.path, prefer=f"code={example.status}"), first)


@pytest.mark.parametrize(
    "prefer",
    [
        "code=429, example=concurrent_limit",
        "code=429; example=concurrent_limit",
        'Example = "concurrent_limit" ,CODE="429"',
        "return=minimal, code=429, dynamic=true, example=concurrent_limit, code=500",
    ],
)
def test_spellings_of_prefer(client: httpx.Client, prefer: str) -> None:
    answer = send(client, "/session", prefer=prefer)
    assert answer.status_code == 429
    assert answer.json()["error"] == "concurrent_limit_exceeded"


@pytest.mark.parametrize("prefer", ["", "respond-async, wait=10", "codes=429", "=429"])
def test_other_preferences_are_ignored(client: httpx.Client, prefer: str) -> None:
    assert send(client, "/session", prefer=prefer).status_code == 200


@pytest.mark.parametrize(
    ("prefer", "message"),
    [
        ("code=418", "no such answer is documented: 418; there is 200 healthy, 520 cloudflare_520"),
        ("example=rate_limit", "no such answer is documented: rate_limit; there is 200 healthy"),
        ("code=200, example=not_found", "no such answer is documented: 200 not_found; there is"),
        ("code=abc", "the preferred code must be a status of three digits"),
        ("code=", "the preferred code must be a status of three digits"),
        ("code=\u0661\u0662\u0663", "the preferred code must be a status of three digits"),
    ],
)
def test_unknown_preference(
    gate: MockGate, client: httpx.Client, prefer: str, message: str
) -> None:
    answer = client.get("/health", headers=[(b"prefer", prefer.encode())])
    assert answer.status_code == 400
    assert answer.json()["error"] == "invalid_request"
    assert answer.json()["message"].startswith(message)
    assert [violation.message for violation in gate.violations] == [answer.json()["message"]]


@pytest.mark.parametrize(
    ("status", "example"), [(418, None), (200, "rate_limit"), (429, "no_such_example")]
)
def test_respond_next_with_what_is_not_documented(
    gate: MockGate, client: httpx.Client, status: int, example: str | None
) -> None:
    with pytest.raises(ValueError, match="no such answer is documented") as caught:
        gate.respond_next(status, example)
    for documented_answer in EXAMPLES:
        assert f"{documented_answer.status} {documented_answer.name}" in str(caught.value)
    assert send(client, "/health").status_code == 200


@pytest.mark.parametrize("status", sorted({example.status for example in EXAMPLES}))
def test_status_alone_means_the_first_example(
    gate: MockGate, client: httpx.Client, status: int
) -> None:
    for path in REQUESTS:
        first = next(
            (item for item in EXAMPLES if (item.path, item.status) == (path, status)), None
        )
        if first is not None:
            gate.respond_next(status)
            check(send(client, path), first)


def test_answers_queue_up(gate: MockGate, client: httpx.Client) -> None:
    for status in (500, 503, 429):
        gate.respond_next(status)
    answers = [send(client, "/session").status_code for _ in range(4)]
    assert answers == [500, 503, 429, 200]


def test_answer_waits_for_an_operation_that_documents_it(
    gate: MockGate, client: httpx.Client
) -> None:
    gate.respond_next(402)
    gate.respond_next(522)
    answers = [
        send(client, path).status_code
        for path in ("/turn-credentials", "/health", "/session", "/session")
    ]
    assert answers == [522, 200, 402, 200]


def test_answer_waits_for_a_valid_request(gate: MockGate, client: httpx.Client) -> None:
    gate.respond_next(500)
    assert client.get("/turn-credentials").status_code == 400
    assert client.get("/nowhere").status_code == 404
    assert send(client, "/turn-credentials").status_code == 500


def test_prefer_leaves_the_queue_alone(gate: MockGate, client: httpx.Client) -> None:
    gate.respond_next(500)
    assert send(client, "/session", prefer="code=503").status_code == 503
    assert send(client, "/session").status_code == 500


def test_picked_answers_leave_the_state_alone() -> None:
    with (
        MockGate(requests=1, concurrent=1, quota=1, projects=["p"]) as gate,
        httpx.Client(base_url=gate.url, **BARE) as client,
    ):
        for status in (200, 429, 402, 401):
            gate.respond_next(status)
            assert send(client, "/session").status_code == status
        answer = send(client, "/session")
    assert answer.status_code == 200
    assert answer.headers["x-ratelimit-remaining"] == "0"


@pytest.mark.parametrize(
    ("prefer", "headers"),
    [
        ("example=session", {"x-ratelimit-limit": "100", "x-ratelimit-remaining": "99"}),
        (
            "example=rate_limit",
            {
                "x-ratelimit-limit": "100",
                "x-ratelimit-remaining": "0",
                "x-ratelimit-reset": "1759493700",
                "retry-after": "900",
            },
        ),
        ("example=rate_limit_code", {"x-ratelimit-remaining": "0", "retry-after": "900"}),
        ("example=concurrent_limit", {"x-ratelimit-remaining": "99", "retry-after": None}),
        ("example=quota_exceeded", {"x-ratelimit-remaining": "99", "retry-after": None}),
        ("code=503", {"retry-after": "900", "x-ratelimit-limit": "100"}),
        ("code=401", {"x-ratelimit-limit": "100", "retry-after": None}),
        ("code=522", {"x-ratelimit-limit": None, "retry-after": None}),
    ],
)
def test_headers_of_picked_answers(
    client: httpx.Client, prefer: str, headers: dict[str, str | None]
) -> None:
    answer = send(client, "/session", prefer=prefer)
    assert {name: answer.headers.get(name) for name in headers} == headers


def test_rays_of_picked_answers_are_unique(client: httpx.Client) -> None:
    pairs = itertools.pairwise(
        send(client, "/health", prefer="code=522").headers["cf-ray"] for _ in range(3)
    )
    assert all(first != second for first, second in pairs)
