"""Which kinds of values hold all that others do."""

from typing import Any

from scripts.spec_diff.kinds import ANYTHING, Kind, Kinds

LEAST = ("minLength", "minItems", "minProperties")
MOST = ("maxLength", "maxItems", "maxProperties")
BOUNDS = {"minimum", "exclusiveMinimum", "maximum", "exclusiveMaximum"}


def cover(wide: Kinds, narrow: Kinds) -> bool:
    """Whether all that is of the narrow kinds is of the wide ones, as far as we can tell."""
    return all(any(_covers(one, other) for one in wide) for other in narrow)


def _covers(wide: Kind, narrow: Kind) -> bool:
    if wide.name == ANYTHING:
        return True
    if wide.name != narrow.name and (wide.name, narrow.name) != ("number", "integer"):
        return False
    if wide.items and not (narrow.items and cover(wide.items, narrow.items)):
        return False
    if wide.values is not None:
        return narrow.values is not None and set(narrow.values) <= set(wide.values)
    return _looser(wide.limits, narrow.limits)


def _looser(wide: dict[str, Any], narrow: dict[str, Any]) -> bool:
    return (
        _least(wide) <= _least(narrow)
        and _most(wide) >= _most(narrow)
        and all(_allows(key, wide[key], narrow.get(key)) for key in wide.keys() - BOUNDS)
    )


def _least(limits: dict[str, Any]) -> tuple[float, bool]:
    return max(
        (limits.get("minimum", float("-inf")), False),
        (limits.get("exclusiveMinimum", float("-inf")), "exclusiveMinimum" in limits),
    )


def _most(limits: dict[str, Any]) -> tuple[float, bool]:
    return min(
        (limits.get("maximum", float("inf")), True),
        (limits.get("exclusiveMaximum", float("inf")), "exclusiveMaximum" not in limits),
    )


def _allows(key: str, wide: Any, narrow: Any) -> bool:
    if narrow is None:
        return False
    if key in LEAST:
        return bool(narrow >= wide)
    return bool(narrow <= wide) if key in MOST else bool(narrow == wide)
