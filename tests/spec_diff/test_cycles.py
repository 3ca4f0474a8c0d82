"""Schemas that lead back to themselves end."""

from typing import Any

import pytest

from tests.spec_diff.spec import SCHEMAS, SPEC, edited, found

USAGE = {"$ref": f"#/{SCHEMAS}/Usage"}
PEER = {"$ref": f"#/{SCHEMAS}/Peer"}
CYCLES: dict[str, tuple[Any, str]] = {
    "property": (USAGE, "object"),
    "items": ({"type": "array", "items": USAGE}, "list of objects"),
    "values": ({"type": "object", "additionalProperties": USAGE}, "object of objects"),
    "alternative": ({"anyOf": [USAGE, {"type": "null"}]}, "object or null"),
    "another schema": (PEER, "object"),
}


@pytest.mark.parametrize(("schema", "words"), CYCLES.values(), ids=CYCLES)
def test_cycle(schema: Any, words: str) -> None:
    peer = {"type": "object", "properties": {"peer": PEER, "usage": USAGE}}
    edits = {f"{SCHEMAS}/Usage/properties/more": schema, f"{SCHEMAS}/Peer": peer}
    assert found(SPEC, edited(edits)) == [
        f"- POST /session 402: new field `usage.more` ({words}, sometimes missing)"
    ]


def test_change_within_a_cycle_is_told_once() -> None:
    old = edited({f"{SCHEMAS}/Usage/properties/more": USAGE})
    new = edited({f"{SCHEMAS}/Usage/properties/plan/type": "integer"}, old)
    assert found(old, new) == ["! POST /session 402: `usage.plan` is now integer, was string"]


def test_list_of_nothing_but_itself() -> None:
    nest = {"type": "array", "items": {"$ref": f"#/{SCHEMAS}/Nest"}}
    edits = {f"{SCHEMAS}/Nest": nest, f"{SCHEMAS}/Usage/properties/nest": nest["items"]}
    assert found(SPEC, edited(edits)) == [
        "- POST /session 402: new field `usage.nest` (list, sometimes missing)"
    ]
