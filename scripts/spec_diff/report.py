"""The differences as a text, breaking changes first."""

from collections import Counter
from collections.abc import Iterable, Iterator
from typing import Any

from scripts.spec_diff.changes import Change, changes
from scripts.spec_diff.facts import contract
from scripts.spec_diff.wording import wording

NOTHING = "Nothing has changed for a caller."
UNSEEN = "The documents differ in how they say it, or in what isn't compared."
PLURALS = {"summary": "summaries"}


def report(old: dict[str, Any], new: dict[str, Any]) -> str:
    """Say what changed between two valid documents."""
    found = list(changes(contract(old), contract(new)))
    texts = wording(old, new)
    lines = [
        *_section("Breaking", [one for one in found if one.breaking]),
        *_section("Not breaking", [one for one in found if not one.breaking]),
    ] or [NOTHING]
    if texts:
        lines += ["Wording only", "  " + ", ".join(_counted(texts))]
    if not found and not texts and old != new:
        lines.append(UNSEEN)
    return "\n".join(lines)


def _section(title: str, found: list[Change]) -> list[str]:
    """Say each thing once, with all the places where it is so."""
    places: dict[str, list[Change]] = {}
    for change in found:
        places.setdefault(change.text, []).append(change)
    lines = [f"  {_places(where)}{text}" for text, where in places.items()]
    return [title, *lines] if lines else []


def _places(found: Iterable[Change]) -> str:
    statuses: dict[str, list[str]] = {}
    for change in found:
        statuses.setdefault(change.operation, []).append(change.status)
    places = (f"{name} {', '.join(each)}".strip() for name, each in statuses.items())
    return "; ".join(places) + ": " if any(statuses) else ""


def _counted(texts: Counter[str]) -> Iterator[str]:
    for word, count in sorted(texts.items()):
        yield f"{count} {word if count == 1 else PLURALS.get(word, word + 's')}"
