"""How many texts and examples changed: nothing that a caller's code depends on."""

from collections import Counter
from collections.abc import Iterator
from typing import Any

WORDS = ("title", "version", "summary", "description")
LITERALS = ("default", "enum", "const", "example", "value")
NAMED = {
    *("paths", "responses", "content", "headers", "examples", "properties", "schemas"),
    *("parameters", "requestBodies", "pathItems", "securitySchemes", "links", "callbacks", "$defs"),
}
"""Maps whose keys are names, which may read like keywords."""


def wording(old: Any, new: Any) -> Counter[str]:
    """Count what differs in the places that both documents have."""
    return Counter(_differences(old, new, names=False))


def _differences(old: Any, new: Any, *, names: bool) -> Iterator[str]:
    if isinstance(old, list) and isinstance(new, list):
        for one, other in zip(old, new, strict=False):
            yield from _differences(one, other, names=False)
    if not isinstance(old, dict) or not isinstance(new, dict):
        return
    if not names:
        yield from _texts(old, new)
    for key in old.keys() & new.keys():
        if names or not _is_literal(key, old[key]):
            yield from _differences(old[key], new[key], names=not names and key in NAMED)


def _texts(old: dict[str, Any], new: dict[str, Any]) -> Iterator[str]:
    for word in WORDS:
        before, now = old.get(word), new.get(word)
        if before != now and isinstance(before or now, str):
            yield word
    for key in ("example", "value"):
        if key in old and key in new and old[key] != new[key]:
            yield "example"
    yield from _examples(old.get("examples"), new.get("examples"))


def _examples(old: Any, new: Any) -> Iterator[str]:
    """Named examples that were added or removed; values in a list are known values."""
    if isinstance(old or new, dict):
        yield from ("example" for _ in (old or {}).keys() ^ (new or {}).keys())


def _is_literal(key: str, node: Any) -> bool:
    return key in LITERALS or (key == "examples" and isinstance(node, list))
