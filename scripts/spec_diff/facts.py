"""A version of the spec, flattened into what a caller sees of it."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from scripts.spec_diff.schemas import References, distinct
from scripts.spec_diff.values import Slot, Values, values

METHODS = ("get", "put", "post", "delete", "options", "head", "patch", "trace")
JSON = "application/json"
NO_CREDENTIALS = "no credentials"


@dataclass(frozen=True)
class Answer:
    """What comes back with a status."""

    values: Values
    codes: tuple[str, ...]


@dataclass(frozen=True)
class Operation:
    """A method of a path."""

    name: str
    identity: str
    tag: str
    deprecated: bool
    credentials: tuple[str, ...]
    inputs: Values
    answers: dict[str, Answer]


@dataclass(frozen=True)
class Contract:
    """All that a caller relies on."""

    servers: tuple[str, ...]
    operations: dict[str, Operation]


def contract(document: dict[str, Any]) -> Contract:
    """Flatten a valid OpenAPI document."""
    return Contract(
        tuple(server["url"] for server in document.get("servers", ())),
        {one.name: one for one in _operations(References(document), document)},
    )


def _operations(references: References, document: dict[str, Any]) -> Iterator[Operation]:
    security = document.get("security", [])
    for path, item in document.get("paths", {}).items():
        methods = references.follow(item)
        for method in METHODS:
            if method in methods:
                node = {"security": security, **methods[method]}
                # Where an operation has a parameter of its path, its own one, the later, counts.
                both = [*methods.get("parameters", ()), *node.get("parameters", ())]
                yield _operation(
                    references, f"{method.upper()} {path}", {**node, "parameters": both}
                )


def _operation(references: References, name: str, node: dict[str, Any]) -> Operation:
    return Operation(
        name=name,
        identity=node.get("operationId", ""),
        tag=next(iter(node.get("tags", ())), ""),
        deprecated=node.get("deprecated", False),
        credentials=_credentials(node["security"]),
        inputs=_parameters(references, node) | _request_body(references, node),
        answers={
            status: _answer(references, references.follow(answer))
            for status, answer in node.get("responses", {}).items()
        },
    )


def _credentials(alternatives: list[dict[str, Any]]) -> tuple[str, ...]:
    named = [" with ".join(sorted(one)) or NO_CREDENTIALS for one in alternatives]
    return tuple(named) or (NO_CREDENTIALS,)


def _parameters(references: References, node: dict[str, Any]) -> Values:
    found: Values = {}
    for parameter in map(references.follow, node["parameters"]):
        noun, name = f"{parameter['in']} parameter", parameter["name"]
        key = name.casefold() if parameter["in"] == "header" else name
        slot = Slot((noun, key), noun, noun, name, parameter.get("required", False))
        found |= values(references, slot, _schema(parameter), opened=False)
    return found


def _request_body(references: References, node: dict[str, Any]) -> Values:
    found: Values = {}
    body = references.follow(node.get("requestBody", {}))
    contents = body.get("content", {})
    # Where there are several, a caller sends one of them, so that none must be sent.
    always = body.get("required", False) and len(contents) == 1
    for media, content in contents.items():
        kind = _kind(media)
        noun, inner = f"{kind}request body", f"{kind}request property"
        slot = Slot(("body", media), noun, inner, "", always)
        found |= values(references, slot, _schema(content), opened=False)
    return found


def _answer(references: References, node: dict[str, Any]) -> Answer:
    found: Values = {}
    codes: list[str] = []
    for name, given in node.get("headers", {}).items():
        header = references.follow(given)
        always = header.get("required", False)
        slot = Slot(("header", name.casefold()), "header", "header", name, always)
        found |= values(references, slot, _schema(header), opened=True)
    for media, content in node.get("content", {}).items():
        kind = _kind(media)
        slot = Slot(("body", media), f"{kind}body", f"{kind}field", "", always=True)
        found |= values(references, slot, _schema(content), opened=True)
        for example in content.get("examples", {}).values():
            codes += _codes(references.follow(example))
    return Answer(found, tuple(distinct(codes)))


def _schema(node: dict[str, Any]) -> Any:
    """The schema of a parameter, a header or a media type; the first two may have a media type."""
    content = next(iter(node.get("content", {}).values()), node)
    return content.get("schema", True)


def _kind(media: str) -> str:
    return "" if media == JSON else f"{media} "


def _codes(example: dict[str, Any]) -> Iterator[str]:
    value = example.get("value")
    if isinstance(value, dict) and isinstance(value.get("error"), str):
        yield f"error code `{value['error']}`"
    if "x-status" in example:
        yield f"status {example['x-status']}"
