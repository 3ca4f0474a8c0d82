"""Compare each example and default of an OpenAPI 3.1 document with its schema."""

from collections.abc import Iterator
from typing import Any, NamedTuple

from jsonschema import Draft202012Validator, FormatChecker
from jsonschema.exceptions import ValidationError
from openapi_schema_validator import oas31_format_checker
from referencing import Registry
from referencing.jsonschema import DRAFT202012

URI = "urn:openapi"


class Example(NamedTuple):
    """A value and the schema it must fit, both by their place in the document."""

    place: str
    schema: str
    value: Any


def resolve(document: dict[str, Any], node: Any) -> Any:
    """Follow a node's `$ref` within the document."""
    while isinstance(node, dict) and "$ref" in node:
        target: Any = document
        for part in node["$ref"].removeprefix("#/").split("/"):
            target = target[part.replace("~1", "/").replace("~0", "~")]
        node = target
    return node


def escaped(part: object) -> str:
    """Return a key or index as a part of a JSON pointer."""
    return str(part).replace("~", "~0").replace("/", "~1")


def nodes(node: Any, place: str = "#") -> Iterator[tuple[str, Any]]:
    """Find everything in a document but the values of examples, each with its place."""
    yield place, node
    items = enumerate(node) if isinstance(node, list) else ()
    for key, item in node.items() if isinstance(node, dict) else items:
        if key != "value":
            yield from nodes(item, f"{place}/{escaped(key)}")


def examples(document: dict[str, Any]) -> Iterator[Example]:
    """Find the examples of media types, parameters, headers and schemas, and all defaults."""
    yield from _walk(document, document, "#")


def _walk(document: dict[str, Any], node: Any, place: str) -> Iterator[Example]:
    if isinstance(node, list):
        for index, item in enumerate(node):
            yield from _walk(document, item, f"{place}/{index}")
    if not isinstance(node, dict):
        return
    if "schema" in node:
        yield from _beside_schema(document, node, place)
    names_properties = place.endswith("/properties")
    if "type" in node and not names_properties:
        yield from _in_schema(node, place)
    for key, item in node.items():
        if names_properties or key not in ("example", "examples", "default"):
            yield from _walk(document, item, f"{place}/{escaped(key)}")


def _beside_schema(document: dict[str, Any], node: dict[str, Any], place: str) -> Iterator[Example]:
    if "example" in node:
        yield Example(f"{place}/example", f"{place}/schema", node["example"])
    for name, example in node.get("examples", {}).items():
        value = resolve(document, example)["value"]
        yield Example(f"{place}/examples/{name}", f"{place}/schema", value)


def _in_schema(node: dict[str, Any], place: str) -> Iterator[Example]:
    if "default" in node:
        yield Example(f"{place}/default", place, node["default"])
    if isinstance(node.get("examples"), list):
        for index, value in enumerate(node["examples"]):
            yield Example(f"{place}/examples/{index}", place, value)


def problems(document: dict[str, Any]) -> list[str]:
    """Return what is wrong with the examples, with the places in the document and in the value."""
    return [
        f"{example.place}: {error.json_path}: {error.message}"
        for example, error in misfits(document, oas31_format_checker)
    ]


def misfits(
    document: dict[str, Any], formats: FormatChecker
) -> Iterator[tuple[Example, ValidationError]]:
    """Find the examples that don't fit their schemas, and the reasons."""
    resource = DRAFT202012.create_resource(document)
    registry = Registry().with_resource(URI, resource)
    for example in examples(document):
        validator = Draft202012Validator(
            {"$ref": URI + example.schema}, registry=registry, format_checker=formats
        )
        for error in validator.iter_errors(example.value):
            yield example, error
