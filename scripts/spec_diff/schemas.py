"""A document's schemas as the plain alternatives that they come down to."""

from collections.abc import Iterable, Iterator
from typing import Any, NamedTuple, TypeVar

from referencing import Registry
from referencing.jsonschema import DRAFT202012

URI = "urn:openapi"
COMBINERS = ("$ref", "allOf", "anyOf", "oneOf")
T = TypeVar("T")


class Variant(NamedTuple):
    """A schema without references and combiners, and the references that led to it."""

    schema: dict[str, Any]
    seen: frozenset[str]


def distinct(things: Iterable[T]) -> list[T]:
    """The things in order, each once; they needn't be hashable."""
    found: list[T] = []
    for thing in things:
        if thing not in found:
            found.append(thing)
    return found


class References:
    """A document whose references can be followed."""

    def __init__(self, document: dict[str, Any]) -> None:
        registry: Registry[Any] = Registry()
        resource = DRAFT202012.create_resource(document)
        self._resolver = registry.with_resource(URI, resource).resolver(URI)

    def follow(self, node: Any) -> Any:
        """The parameter, answer, header or example that a node stands for."""
        while "$ref" in node:
            node = self._resolver.lookup(node["$ref"]).contents
        return node

    def variants(self, schema: Any, seen: frozenset[str] = frozenset()) -> list[Variant]:
        """The alternatives of a schema; one that leads back to what was seen has none."""
        if not isinstance(schema, dict):
            return [Variant({}, seen)] if schema else []
        own = {key: value for key, value in schema.items() if key not in COMBINERS}
        found = [Variant(own, seen)]
        for choices in self._choices(schema, seen):
            found = [_both(one, other) for one in found for other in choices]
        return distinct(found)

    def _choices(self, schema: dict[str, Any], seen: frozenset[str]) -> Iterator[list[Variant]]:
        if (reference := schema.get("$ref")) is not None:
            target = self._resolver.lookup(reference).contents
            yield [] if reference in seen else self.variants(target, seen | {reference})
        for part in schema.get("allOf", ()):
            yield self.variants(part, seen)
        for union in ("anyOf", "oneOf"):
            if union in schema:
                yield [one for part in schema[union] for one in self.variants(part, seen)]


def _both(one: Variant, other: Variant) -> Variant:
    """What holds where both do; where they contradict each other, the first is the nearer one."""
    merged = {**other.schema, **one.schema}
    for key in ("required", "examples"):
        if key in one.schema and key in other.schema:
            merged[key] = distinct([*other.schema[key], *one.schema[key]])
    if "properties" in one.schema and "properties" in other.schema:
        merged["properties"] = _properties(one.schema["properties"], other.schema["properties"])
    return Variant(merged, one.seen | other.seen)


def _properties(one: dict[str, Any], other: dict[str, Any]) -> dict[str, Any]:
    shared = {name: {"allOf": [one[name], other[name]]} for name in other if name in one}
    return {**other, **one, **shared}
