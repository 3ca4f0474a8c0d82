"""A spec like the real one, and changed copies of it."""

import copy
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple, TypeAlias

from scripts.spec_diff.changes import changes
from scripts.spec_diff.documents import parse
from scripts.spec_diff.facts import Contract, contract

ROOT = Path(__file__).resolve().parents[2]
TEXT = Path(__file__).with_name("openapi.yaml").read_bytes()
SPEC = parse(TEXT, "openapi.yaml")

SCHEMAS = "components/schemas"

Edits: TypeAlias = Mapping[str, Any]
"""JSON pointers and what is to stand there; `...` where nothing is."""


class Case(NamedTuple):
    """Edits, and the changes that they make when done and when undone."""

    edits: Edits
    done: list[str]
    undone: list[str]
    base: Edits | None = None
    """Edits that both versions have."""

    def found(self) -> tuple[list[str], list[str]]:
        """The changes that are found."""
        before = edited(self.base) if self.base else SPEC
        old, new = contract(before), contract(edited(self.edits, before))
        return _lines(old, new), _lines(new, old)


def edited(edits: Edits, document: dict[str, Any] = SPEC) -> dict[str, Any]:
    """A copy of a document with the edits."""
    found = copy.deepcopy(document)
    for pointer, value in edits.items():
        *parents, last = [part.replace("~1", "/") for part in pointer.split("/")]
        node: Any = found
        for part in parents:
            node = node[int(part) if isinstance(node, list) else part]
        if value is ...:
            del node[last]
        else:
            node[last] = copy.deepcopy(value)
    return found


def found(old: dict[str, Any], new: dict[str, Any]) -> list[str]:
    """The changes between two documents, each a line; those with `!` are breaking."""
    return _lines(contract(old), contract(new))


def _lines(old: Contract, new: Contract) -> list[str]:
    return [
        f"{'!' if one.breaking else '-'} {' '.join(filter(None, one[2:]))}: {one.text}"
        for one in changes(old, new)
    ]
