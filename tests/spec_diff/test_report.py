"""The report: its sections, their order, and what it says when there is little to say."""

import copy
import itertools
from typing import Any

import pytest

from scripts.spec_diff.documents import of_work_tree
from scripts.spec_diff.report import report
from tests.spec_diff.spec import ROOT, SCHEMAS, SPEC, Edits, edited

REQUEST = f"{SCHEMAS}/CreateSessionRequest"
HEALTH = "paths/~1health/get"
MIXED: dict[str, Any] = {
    f"{HEALTH}/summary": "Is it up?",
    f"{REQUEST}/properties/speed": {"type": "number", "default": 1.0},
    "components/responses/Unavailable/headers/Retry-After": ...,
    f"{REQUEST}/required": ["project_id", "voice"],
    f"{REQUEST}/properties/voice/description": "Who speaks.",
    f"{REQUEST}/properties/model/description": "What thinks.",
}
REPORT = """\
Breaking
  POST /session: the request property `voice` must now be sent
  POST /session 503; GET /turn-credentials 503: the header `Retry-After` is gone
Not breaking
  POST /session: new optional request property `speed` (number, default 1.0)
Wording only
  2 descriptions, 1 summary"""


def test_sections() -> None:
    assert report(SPEC, edited(MIXED)) == REPORT


def test_the_order_of_the_edits_does_not_matter() -> None:
    for edits in itertools.islice(itertools.permutations(MIXED.items()), 0, 720, 240):
        assert report(SPEC, edited(dict(edits))) == REPORT


def test_statuses_of_one_operation_stand_together() -> None:
    new = edited({"components/headers/CF-Ray/schema/type": "integer"})
    assert report(SPEC, new) == (
        "Breaking\n"
        "  POST /session 200, 400, 401, 402, 429, 500, 503, 5XX, default;"
        " GET /turn-credentials 200, 400, 401, 429, 500, 503, 5XX, default;"
        " GET /health 200, 5XX, 4XX: the header `CF-Ray` is now integer, was string"
    )


def test_servers_have_no_place() -> None:
    new = edited({"servers": SPEC["servers"][:1]})
    assert report(SPEC, new) == "Breaking\n  the server `https://staging.ai-gate.dev` is gone"


@pytest.mark.parametrize(
    ("edits", "counted"),
    [
        ({"info/version": "1.0.1", "info/title": "Gate"}, "1 title, 1 version"),
        ({f"{HEALTH}/summary": "Up?", "info/summary": "A gate."}, "2 summaries"),
        ({f"{HEALTH}/description": ...}, "1 description"),
        ({"components/responses/BadRequest/description": "No."}, "1 description"),
        ({"components/examples/healthy/value/status": "well"}, "1 example"),
        ({"components/headers/CF-Ray/example": "8cc7"}, "1 example"),
        ({"components/examples/other": {"value": 1}}, "1 example"),
    ],
    ids=str,
)
def test_wording(edits: Edits, counted: str) -> None:
    assert report(SPEC, edited(edits)) == (
        f"Nothing has changed for a caller.\nWording only\n  {counted}"
    )


def test_a_property_with_the_name_of_a_keyword_is_no_wording() -> None:
    properties = f"{SCHEMAS}/Usage/properties"
    old = edited({f"{properties}/description": {"type": "string"}})
    new = edited({f"{properties}/description": {"type": "integer"}}, old)
    assert report(old, new) == (
        "Breaking\n  POST /session 402: `usage.description` is now integer, was string"
    )


def test_wording_of_a_property_with_the_name_of_a_keyword() -> None:
    value = f"{SCHEMAS}/Usage/properties/value"
    old = edited({value: {"type": "string", "description": "What it is worth."}})
    new = edited({f"{value}/description": "What it costs."}, old)
    assert report(old, new).endswith("\nWording only\n  1 description")


@pytest.mark.parametrize("document", [SPEC, of_work_tree(ROOT)], ids=["ours", "the real one"])
def test_nothing(document: dict[str, Any]) -> None:
    assert report(document, copy.deepcopy(document)) == "Nothing has changed for a caller."


def test_a_default_is_no_wording() -> None:
    default = f"{REQUEST}/properties/audio/default"
    audio = {"type": "object", "default": {"title": "1"}}
    old = edited({f"{REQUEST}/properties/audio": audio})
    assert report(old, edited({default: {"title": "2"}}, old)) == (
        "Breaking\n"
        '  POST /session: the default of `audio` is now {"title": "2"}, was {"title": "1"}'
    )


def test_something_that_is_not_compared() -> None:
    assert report(SPEC, edited({f"{HEALTH}/x-owner": "us"})) == (
        "Nothing has changed for a caller.\n"
        "The documents differ in how they say it, or in what isn't compared."
    )
