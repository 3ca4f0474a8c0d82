"""The values of a request or an answer, each with all that lies within it."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any, NamedTuple, TypeAlias

from scripts.spec_diff.kinds import OPENNESS, Kinds, kinds_of, show
from scripts.spec_diff.schemas import References, Variant, distinct

ITEM, MEMBER = "[]", "*"

Place: TypeAlias = tuple[str, ...]
"""Where a value stands. The place of one that lies within another starts with the other's."""


@dataclass(frozen=True)
class Value:
    """A value that is sent or comes back."""

    noun: str
    name: str
    kinds: Kinds
    always: bool
    default: tuple[Any, ...]
    known: tuple[str, ...]
    deprecated: bool

    @property
    def title(self) -> str:
        """What the value is called, as `field x`."""
        return f"{self.noun} `{self.name}`" if self.name else self.noun


Values: TypeAlias = dict[Place, Value]


@dataclass(frozen=True)
class Slot:
    """Where a schema's value goes: what it, and what lies within it, is called."""

    place: Place
    noun: str
    inner: str
    name: str
    always: bool


class _Part(NamedTuple):
    segment: str
    schema: Any
    always: bool
    seen: frozenset[str]


def values(references: References, slot: Slot, schema: Any, *, opened: bool) -> Values:
    """A value and those within it; `opened` where properties that aren't listed never matter."""
    return dict(_walk(references, slot, schema, frozenset(), opened))


def _walk(
    references: References, slot: Slot, schema: Any, seen: frozenset[str], opened: bool
) -> Iterator[tuple[Place, Value]]:
    # Items have no fact of their own: their kinds stand in that of the list.
    if slot.place[-1] not in (ITEM, MEMBER):
        yield slot.place, _value(references, slot, schema, opened)
    for part in _parts(references.variants(schema, seen)):
        name = slot.name + ("" if part.segment == ITEM or not slot.name else ".") + part.segment
        inner = replace(
            slot,
            place=(*slot.place, part.segment),
            noun=slot.inner,
            name=name,
            always=part.always,
        )
        yield from _walk(references, inner, part.schema, part.seen, opened)


def _value(references: References, slot: Slot, schema: Any, opened: bool) -> Value:
    variants = [one.schema for one in references.variants(schema)]
    known = (show(example) for one in variants for example in one.get("examples", ()))
    defaults = (one["default"] for one in variants if "default" in one)
    return Value(
        noun=slot.noun,
        name=slot.name,
        kinds=kinds_of(references, schema, opened=opened),
        always=slot.always,
        default=tuple(defaults)[:1],
        known=tuple(distinct(known)),
        deprecated=bool(variants) and all(one.get("deprecated") for one in variants),
    )


def _parts(variants: list[Variant]) -> Iterator[_Part]:
    objects = [one for one in variants if _is_object(one.schema)]
    for name in distinct(name for one in objects for name in _property_names(one.schema)):
        holders = [one for one in objects if name in _property_names(one.schema)]
        schemas = [one.schema.get("properties", {}).get(name, True) for one in holders]
        always = all(name in one.schema.get("required", ()) for one in objects)
        yield _part(name, schemas, always, holders)
    for segment, key in ((ITEM, "items"), (MEMBER, OPENNESS)):
        if holders := [one for one in variants if isinstance(one.schema.get(key), dict)]:
            yield _part(segment, [one.schema[key] for one in holders], False, holders)


def _is_object(schema: dict[str, Any]) -> bool:
    return "object" in schema.get("type", ()) or bool(_property_names(schema))


def _property_names(schema: dict[str, Any]) -> list[str]:
    """The properties that are described, and those that must be there although none says how."""
    return [*schema.get("properties", ()), *schema.get("required", ())]


def _part(segment: str, schemas: list[Any], always: bool, holders: list[Variant]) -> _Part:
    choices = distinct(schemas)
    schema = choices[0] if len(choices) == 1 else {"anyOf": choices}
    return _Part(segment, schema, always, frozenset().union(*(one.seen for one in holders)))
