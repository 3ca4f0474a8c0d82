"""The spec as the tests read it: its operations, what they send, and every documented answer."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from importlib.resources import files
from typing import Any

from ai_gate import AIGateClient

METHODS = ("get", "put", "post", "delete", "options", "head", "patch", "trace")
DOCUMENT: dict[str, Any] = json.loads((files("ai_gate_api") / "openapi.json").read_text("utf-8"))


@dataclass(frozen=True)
class Operation:
    """One operation of the API."""

    name: str
    """As the facade's method for it is named."""
    method: str
    path: str
    node: Mapping[str, Any]

    def __str__(self) -> str:
        return self.name


@dataclass(frozen=True)
class Request:
    """One documented request."""

    operation: Operation
    example: str
    values: Mapping[str, Any]

    def __str__(self) -> str:
        return f"{self.operation}-{self.example}"


@dataclass(frozen=True)
class Answer:
    """One documented answer."""

    operation: Operation
    status: int
    example: str
    value: Any
    schema: str | None
    """The name of its schema, where it has one."""

    def __str__(self) -> str:
        return f"{self.operation}-{self.status}-{self.example}"

    @property
    def is_success(self) -> bool:
        """Whether it is a 2xx."""
        return 200 <= self.status < 300

    @property
    def body(self) -> dict[str, Any]:
        """Its JSON object; empty where it is none."""
        return self.value if isinstance(self.value, dict) else {}


def resolve(document: Mapping[str, Any], node: Any) -> Any:
    """Follow a `$ref` within the document."""
    while isinstance(node, dict) and "$ref" in node:
        target: Any = document
        for part in node["$ref"].removeprefix("#/").split("/"):
            target = target[part]
        node = target
    return node


def operations(document: Mapping[str, Any]) -> Iterator[Operation]:
    """Find the operations."""
    for path, item in document["paths"].items():
        for method in METHODS:
            if method in item:
                name = re.sub("(?=[A-Z])", "_", item[method]["operationId"]).lower()
                yield Operation(name, method.upper(), path, item[method])


def requests(document: Mapping[str, Any]) -> Iterator[Request]:
    """Find the documented requests: the examples of bodies and of query parameters."""
    for operation in operations(document):
        for media_type in operation.node.get("requestBody", {}).get("content", {}).values():
            for name, node in media_type["examples"].items():
                yield Request(operation, name, resolve(document, node)["value"])
        for parameter in operation.node.get("parameters", []):
            for name, node in parameter["examples"].items():
                value = resolve(document, node)["value"]
                yield Request(operation, name, {parameter["name"]: value})


def answers(document: Mapping[str, Any]) -> Iterator[Answer]:
    """Find the documented answers: the examples under all responses of all operations."""
    for operation in operations(document):
        for status, response in operation.node["responses"].items():
            for media_type in resolve(document, response)["content"].values():
                schema = media_type["schema"].get("$ref", "").rpartition("/")[2] or None
                for name, node in media_type["examples"].items():
                    example = resolve(document, node)
                    code = int(example.get("x-status", status))
                    yield Answer(operation, code, name, example["value"], schema)


def is_offered(operation: Operation) -> bool:
    """Whether the facade has a method for an operation."""
    return hasattr(AIGateClient, operation.name)


ANSWERS = list(answers(DOCUMENT))
FACADE_ANSWERS = [answer for answer in ANSWERS if is_offered(answer.operation)]
SUCCESSES = [answer for answer in FACADE_ANSWERS if answer.is_success]
ERRORS = [answer for answer in FACADE_ANSWERS if not answer.is_success]
