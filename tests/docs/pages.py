"""The documentation: README.md, docs/, the product page beside the checkout, and docstrings."""

from __future__ import annotations

import ast
import doctest
import importlib
import inspect
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import pytest

from .kinds import Kind, kind
from .markdown import Block, blocks

ROOT = Path(__file__).resolve().parents[2]
README = ROOT / "README.md"
CONTRIBUTING = ROOT / "CONTRIBUTING.md"
PRODUCT = ROOT.parent / "shared" / "product.md"
DOCS = sorted((ROOT / "docs").rglob("*.md"))
EXAMPLES = sorted((ROOT / "examples").glob("*.py"))
MODULES = (
    "ai_gate",
    "ai_gate.client",
    "ai_gate.errors",
    "ai_gate.types",
    "ai_gate.testing",
    "ai_gate.webrtc",
    "ai_gate.webrtc.call",
    "ai_gate.webrtc.errors",
    "ai_gate.webrtc.turn",
)

NO_PRODUCT_PAGE = pytest.param(
    None,
    id="product",
    marks=pytest.mark.skip(reason="shared/product.md doesn't lie beside the checkout"),
)


def page(path: Path) -> list[Block]:
    """Return the blocks of a page; none if it doesn't exist."""
    return list(blocks(name_of(path), path.read_text("utf-8"))) if path.exists() else []


def name_of(path: Path) -> str:
    """Return what a page is called in the names of tests: `guides-limits`."""
    is_inside = path.is_relative_to(ROOT / "docs")
    relative = path.relative_to(ROOT / "docs") if is_inside else Path(path.name)
    return "-".join(relative.with_suffix("").parts).lower()


README_BLOCKS = page(README)
DOCS_BLOCKS = [block for path in DOCS for block in page(path)]
OWN_BLOCKS = [*README_BLOCKS, *DOCS_BLOCKS]
PRODUCT_BLOCKS = page(PRODUCT)


def python(found: Iterable[Block]) -> list[Block]:
    """The Python blocks among them."""
    return [block for block in found if block.language == "python"]


def of_kind(found: Iterable[Block], *kinds: Kind) -> list[Block]:
    """The Python blocks of these kinds. What can't be classified fails a test of its own."""

    def fits(block: Block) -> bool:
        try:
            return kind(block.code) in kinds
        except ValueError:
            return False

    return [block for block in python(found) if fits(block)]


def parameters(of_readme: list[Block], of_product: list[Block]) -> list[Any]:
    """Return a case for each block, and a skipped one if there is no product page."""
    product = of_product if PRODUCT.exists() else [NO_PRODUCT_PAGE]
    return [*of_readme, *product]


def public_objects() -> dict[str, Any]:
    """The public modules, their classes, and the public members of these."""
    found: dict[str, Any] = {}
    for module_name in MODULES:
        module = importlib.import_module(module_name)
        found[module_name] = module
        for name in module.__all__:
            member = getattr(module, name)
            if inspect.isclass(member):
                found[member.__qualname__] = member
                found.update(_methods(member))
    return found


def _methods(owner: type) -> Iterator[tuple[str, Any]]:
    for name, member in inspect.getmembers(owner):
        of_ours = inspect.unwrap(getattr(member, "fget", member))
        home = getattr(of_ours, "__module__", None) or ""
        if not name.startswith("_") and home.startswith("ai_gate"):
            yield f"{owner.__qualname__}.{name}", member


def docstrings() -> dict[str, str]:
    """The docstrings of the public objects, by name."""
    found = {name: inspect.getdoc(item) for name, item in public_objects().items()}
    return {name: text for name, text in found.items() if text}


DOCSTRINGS = docstrings()
DOCSTRING_BLOCKS = [
    block for name, text in DOCSTRINGS.items() for block in python(blocks(name, text))
]


def doctests() -> dict[str, doctest.DocTest]:
    """The interactive examples in docstrings, each with the public names of `ai_gate`."""
    names: dict[str, Any] = {}
    for module_name in MODULES:
        module = importlib.import_module(module_name)
        names.update({name: getattr(module, name) for name in module.__all__})
    parser = doctest.DocTestParser()
    parsed = {
        name: parser.get_doctest(text, dict(names), name, None, None)
        for name, text in DOCSTRINGS.items()
    }
    return {name: test for name, test in parsed.items() if test.examples}


DOCTESTS = doctests()


def handles_errors(block: Block) -> bool:
    """Return True if a block catches the SDK's errors by their classes."""
    tree = ast.parse(block.code)
    handlers = [node for node in ast.walk(tree) if isinstance(node, ast.ExceptHandler)]
    caught = {node.type.id for node in handlers if isinstance(node.type, ast.Name)}
    return "AIGateError" in caught
