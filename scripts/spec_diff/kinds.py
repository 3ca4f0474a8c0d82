"""The kinds of values that a schema allows, which of them cover which, and their names."""

import json
from dataclasses import dataclass, replace
from typing import Any, TypeAlias

from scripts.spec_diff.schemas import References, distinct

ANYTHING = "anything"
NAMES = {"array": "list"}
PLURALS = {
    name: f"{name}s" for name in ("string", "number", "integer", "boolean", "object", "list")
}
OPENNESS = "additionalProperties"
_NUMBER = ("minimum", "exclusiveMinimum", "maximum", "exclusiveMaximum", "multipleOf", "format")
LIMITS = {
    "string": ("minLength", "maxLength", "pattern", "format"),
    "number": _NUMBER,
    "integer": _NUMBER,
    "list": ("minItems", "maxItems", "uniqueItems"),
    "object": ("minProperties", "maxProperties"),
}
IDLE = {"minLength": 0, "minItems": 0, "minProperties": 0, "uniqueItems": False}
"""Limits that say nothing, so that to add or remove them is no difference."""
PYTHON: dict[type, str] = {
    str: "string",
    int: "integer",
    float: "number",
    bool: "boolean",
    type(None): "null",
    list: "list",
    dict: "object",
}


@dataclass(frozen=True)
class Kind:
    """A JSON type with its limits, and what a list or an object holds where that is known."""

    name: str
    limits: dict[str, Any]
    items: tuple["Kind", ...] = ()
    values: tuple[str, ...] | None = None

    @property
    def words(self) -> str:
        """The kind in words, as `number with minimum 0`."""
        if self.values is not None:
            return " or ".join(self.values)
        limits = " and ".join(f"{key} {show(value)}" for key, value in self.limits.items())
        items = " and ".join(PLURALS.get(one.words, f"({one.words})") for one in self.items)
        return self.name + (items and f" of {items}") + (limits and f" with {limits}")


Kinds: TypeAlias = tuple[Kind, ...]


def show(value: Any) -> str:
    """A value of the spec as it reads best: strings in backticks, the rest as JSON."""
    if isinstance(value, str):
        return f"`{value}`"
    return json.dumps(value, ensure_ascii=False)


def words(kinds: Kinds) -> str:
    """Kinds in words, as `string or null`."""
    return " or ".join(kind.words for kind in kinds) or "nothing"


def kinds_of(
    references: References, schema: Any, seen: frozenset[str] = frozenset(), *, opened: bool
) -> Kinds:
    """The kinds that a schema allows; `opened` where properties that aren't listed never matter."""
    found: list[Kind] = []
    for variant, path in references.variants(schema, seen):
        for name in _names(variant):
            held = variant.get("items" if name == "list" else OPENNESS)
            inner = name in ("list", "object") and isinstance(held, dict)
            items = kinds_of(references, held, path, opened=opened) if inner else ()
            limits = _limits(name, variant, opened=opened)
            found.append(Kind(name, limits, items, _values(name, variant)))
    return tuple(one for one in distinct(found) if one.values != ())


def _names(schema: dict[str, Any]) -> list[str]:
    stated: str | list[str] | None = schema.get("type")
    if isinstance(stated, list):
        return [NAMES.get(name, name) for name in stated]
    if stated is not None:
        return [NAMES.get(stated, stated)]
    if (allowed := _allowed(schema)) is not None:
        return distinct(_name(value) for value in allowed)
    if "properties" in schema:
        return ["object"]
    return ["list"] if "items" in schema else [ANYTHING]


def _name(value: Any) -> str:
    return PYTHON[type(value)]


def _allowed(schema: dict[str, Any]) -> list[Any] | None:
    if "const" in schema:
        return [schema["const"]]
    return schema.get("enum")


def _values(name: str, schema: dict[str, Any]) -> tuple[str, ...] | None:
    allowed = _allowed(schema)
    if allowed is None or (name == "null" and None in allowed):
        return None
    names = {name, "integer"} if name == "number" else {name}
    return tuple(show(value) for value in allowed if _name(value) in names)


def _limits(name: str, schema: dict[str, Any], *, opened: bool) -> dict[str, Any]:
    found = {key: schema[key] for key in LIMITS.get(name, ()) if key in schema}
    if name == "object" and schema.get(OPENNESS) is False and not opened:
        found[OPENNESS] = False
    return {key: value for key, value in found.items() if IDLE.get(key) != value}


def depths(kinds: Kinds, depth: int = 0) -> set[int]:
    """How many lists or objects deep the objects lie whose fields are facts of their own."""
    found = {depth for kind in kinds if kind.name == "object"}
    return found.union(*(depths(kind.items, depth + 1) for kind in kinds))


def atoms(kinds: Kinds) -> tuple[Kinds, list[str]]:
    """The kinds without null and listed values, and these by themselves."""
    rest = tuple(replace(one, values=one.values and ()) for one in kinds if one.name != "null")
    listed = [value for one in kinds for value in one.values or ()]
    return rest, listed + ["null" for one in kinds if one.name == "null"]
