"""What the pages name: commands, files, modules, arguments, attributes, classes and limits."""

from __future__ import annotations

import importlib
import inspect
import re
from pathlib import Path
from types import ModuleType

import pytest

import ai_gate
import ai_gate.errors
import ai_gate.webrtc.errors
from ai_gate import AIGateClient, AIGateError, AsyncAIGateClient
from ai_gate.testing import MockGate

from .commands import check, commands, project, spans
from .markdown import blocks
from .pages import CONTRIBUTING, PRODUCT, README, ROOT

PAGES = [README, CONTRIBUTING]
FILE = re.compile(r"[\w.-]+(?:/[\w.-]+)*(?:/|\.(?:py|yaml|md|toml|json))")
LINK = re.compile(r"\]\((?!https?:|mailto:|#)([^)]+)\)")
TREE_LINE = re.compile(r"([│├└─ ]*)([A-Z]\w+)  ")
MODULE = re.compile(r"ai_gate(?:\.\w+)+")
MODULES = sorted({span for page in PAGES for span in spans(page) if MODULE.fullmatch(span)})
COMMANDS = [
    (page.stem, command)
    for page in (README, CONTRIBUTING, PRODUCT)
    if page.exists()
    for command in dict.fromkeys(commands(page))
]


@pytest.mark.parametrize(("page", "command"), COMMANDS, ids=map(" ".join, COMMANDS))
def test_command(page: str, command: str) -> None:
    check(command)


@pytest.mark.parametrize(
    "command",
    [
        "make nothing",
        'make check CHECKS="nothing"',
        "make demo SPEED=1",
        "pip install other",
        'pip install "ai-gate[nothing]"',
        "python -m ai_gate.testing --nothing 1",
        "black nothing",
        "npm install",
    ],
)
def test_a_command_that_would_fail(command: str) -> None:
    with pytest.raises(AssertionError):
        check(command)


def test_the_two_commands_are_in_the_readme() -> None:
    assert {("README", "make demo"), ("README", "make test")} <= set(COMMANDS)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_files(page: Path) -> None:
    named = [span for span in spans(page) if FILE.fullmatch(span)]
    named += LINK.findall(page.read_text("utf-8"))
    assert named
    assert [name for name in named if not (ROOT / name).exists()] == []


@pytest.mark.parametrize("heading", ["The way of a call", "The way of a live call"])
def test_modules_on_the_way_of_a_call(heading: str) -> None:
    text = "".join(
        block.code
        for block in blocks("contributing", CONTRIBUTING.read_text("utf-8"))
        if block.heading == heading
    )
    named = re.findall(r"[\w/]+\.py", text)
    assert len(named) > 5
    assert [name for name in named if not (ROOT / "ai_gate" / name).exists()] == []


@pytest.mark.parametrize("name", MODULES)
def test_python_modules(name: str) -> None:
    importlib.import_module(name)


def table(first_column: str) -> list[list[str]]:
    """The rows of the README's table with this first column."""
    lines = iter(README.read_text("utf-8").splitlines())
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


@pytest.mark.parametrize("client", [AIGateClient, AsyncAIGateClient])
def test_arguments_of_the_constructor(client: type) -> None:
    documented = [re.findall(r"`(\w+)`", names)[0] for names, *_ in table("argument")]
    assert documented == list(inspect.signature(client).parameters)


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
    sources = (README.read_text("utf-8"), str(module.__doc__))
    drawn = [block.code for text in sources for block in blocks("", text) if "──" in block.code]
    assert [tree(code) for code in drawn].count(expected) == 2


def test_the_free_plan() -> None:
    limits = inspect.signature(MockGate).parameters
    text = " ".join(README.read_text("utf-8").split())
    assert f"{limits['concurrent'].default} live sessions per project" in text
    assert f"{limits['requests'].default} requests in 15 minutes" in text
    assert f"{limits['quota'].default} sessions a month" in text


def test_the_oldest_python() -> None:
    oldest = project()["requires-python"].removeprefix(">=")
    assert f"Python {oldest} or newer" in README.read_text("utf-8")


def test_the_changelog_begins_with_this_version() -> None:
    text = (ROOT / "CHANGELOG.md").read_text("utf-8")
    assert re.findall(r"^## ([\w.]+)", text, re.MULTILINE)[0] == ai_gate.__version__


@pytest.mark.parametrize("client", [AIGateClient, AsyncAIGateClient])
def test_the_readme_shows_all_that_a_client_offers(client: type) -> None:
    text = README.read_text("utf-8")
    public = [name for name in dir(client) if not name.startswith("_")]
    assert [name for name in public if name not in text] == []
