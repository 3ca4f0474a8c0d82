"""What the pages say of arguments, attributes, classes and limits; the rest, checks look at."""

from __future__ import annotations

import inspect
import re
from pathlib import Path
from types import ModuleType

import pytest

import ai_gate
import ai_gate.errors
import ai_gate.webrtc
import ai_gate.webrtc.errors
from ai_gate import AIGateError
from ai_gate.testing import MockGate
from scripts.checks import documents, reference, sources

from .markdown import blocks
from .pages import DOCS, PRODUCT, README, ROOT

ERRORS = (ROOT / "docs" / "reference" / "errors.md").read_text("utf-8")
LIMITS = (ROOT / "docs" / "guides" / "limits.md").read_text("utf-8")
HOME = "https://github.com/luna-assistant-ai/ai-gate/blob/main/"
TREE_LINE = re.compile(r"([│├└─ ]*)([A-Z]\w+)  ")


@pytest.mark.skipif(not PRODUCT.exists(), reason="the product page doesn't lie beside the checkout")
def test_the_product_page() -> None:
    text = PRODUCT.read_text("utf-8")
    client = sources.load(ROOT)["client"]
    assert list(reference.signatures(client, PRODUCT.name, text, whole=False)) == []
    assert list(documents.commands(ROOT, text)) == []


def test_the_two_commands_are_in_the_readme() -> None:
    named = re.findall(r"^make \w+", README.read_text("utf-8"), re.MULTILINE)
    assert {"make demo", "make test"} <= set(named)


def table(first_column: str) -> list[list[str]]:
    """The rows of the table of errors with this first column."""
    lines = iter(ERRORS.splitlines())
    next(line for line in lines if line.startswith(f"| {first_column} |"))
    next(lines)
    rows = []
    for line in lines:
        if not line.startswith("|"):
            break
        rows.append([cell.strip() for cell in re.split(r"(?<!\\)\|", line)[1:-1]])
    return rows


def own_attributes(error: type[AIGateError]) -> set[str]:
    """The public attributes that an error has beyond an exception's."""
    return {
        name
        for name in dir(error("message"))
        if not name.startswith("_") and name not in dir(Exception)
    }


def test_attributes_of_errors() -> None:
    documented: dict[str, set[str]] = {}
    for names, _, on in table("attribute"):
        documented.setdefault(on.strip("`"), set()).update(re.findall(r"`(\w+)`", names))
    common = own_attributes(AIGateError)
    assert documented.pop("all") == common
    actual = {
        name: own_attributes(getattr(ai_gate.errors, name)) - common
        for name in ai_gate.errors.__all__
    }
    assert documented == {name: attributes for name, attributes in actual.items() if attributes}


def test_each_error_has_its_section() -> None:
    public = {*ai_gate.errors.__all__, *ai_gate.webrtc.errors.__all__}
    sections = dict(re.findall(r"^### (\w+)\n(.*?)(?=^##)", ERRORS, re.MULTILINE | re.DOTALL))
    assert sections.keys() == public
    exported = {*ai_gate.__all__, *ai_gate.webrtc.__all__}
    assert {name for name in exported if name.endswith("Error")} == public
    for name, text in sections.items():
        terms = re.findall(r"^- \*\*(.+?)\*\*:? \S", text, re.MULTILINE)
        assert terms == ["Cause", "What to do", "Billed?"], name


def tree(text: str) -> set[tuple[str, str]]:
    """The pairs of parent and child in a drawn tree of classes."""
    parents: list[str] = []
    pairs = set()
    for line in text.splitlines():
        if match := TREE_LINE.match(line):
            del parents[len(match[1]) // 4 :]
            pairs.add((parents[-1] if parents else "", match[2]))
            parents.append(match[2])
    return pairs


@pytest.mark.parametrize("module", [ai_gate.errors, ai_gate.webrtc.errors])
def test_the_trees_of_errors(module: ModuleType) -> None:
    classes = [getattr(module, name) for name in module.__all__]
    actual = {(error.__bases__[0].__name__, error.__name__) for error in classes}
    expected = actual - {("Exception", "AIGateError")} | {("", "AIGateError")}
    sources = (ERRORS, str(module.__doc__))
    drawn = [block.code for text in sources for block in blocks("", text) if "──" in block.code]
    assert [tree(code) for code in drawn].count(expected) == 2


def test_links_of_the_readme() -> None:
    links = re.findall(r"\]\((docs/[^)#]+\.md)(?:#([^)]+))?\)", README.read_text("utf-8"))
    assert {ROOT / name for name, _ in links} <= set(DOCS)
    for name, anchor in links:
        assert not anchor or anchor in anchors(ROOT / name), (name, anchor)


def test_links_to_the_repository() -> None:
    texts = [path.read_text("utf-8") for path in DOCS]
    named = [file for text in texts for file in re.findall(re.escape(HOME) + r"([^)#]+)", text)]
    assert named
    assert [file for file in named if not (ROOT / file).exists()] == []


def anchors(page: Path) -> set[str]:
    """The anchors of a page's headings, as GitHub and MkDocs make them."""
    headings = re.findall(r"^#+ (.+)$", page.read_text("utf-8"), re.MULTILINE)
    return {re.sub(r"[^\w\s-]", "", one.lower()).strip().replace(" ", "-") for one in headings}


def test_the_free_plan() -> None:
    limits = inspect.signature(MockGate).parameters
    for page in (README.read_text("utf-8"), LIMITS):
        text = " ".join(page.split())
        assert f"{limits['concurrent'].default} live sessions per project" in text
        assert f"{limits['requests'].default} requests in 15 minutes" in text
        assert f"{limits['quota'].default} sessions a month" in text
