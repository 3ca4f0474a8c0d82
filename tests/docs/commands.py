"""The commands that the pages tell a reader to run, each held against what makes it work."""

from __future__ import annotations

import re
import shlex
import subprocess
import sys
import tomllib
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path
from typing import Any

from .markdown import blocks
from .pages import ROOT

FENCED = re.compile(r"^ *```.*?^ *```$", re.MULTILINE | re.DOTALL)
SPAN = re.compile(r"`([^`]+)`")
COMMAND = re.compile(r"(?:make|pip|poetry|python|pytest|black|mypy|git|cd)\b")


def spans(path: Path) -> list[str]:
    """The code spans of a page, outside its blocks."""
    return SPAN.findall(FENCED.sub("", path.read_text("utf-8")))


def commands(path: Path) -> Iterator[str]:
    """The commands of a page: all lines of its shell blocks, and the code spans that look so."""
    for block in blocks(path.stem, path.read_text("utf-8")):
        if block.language == "bash":
            lines = (line.partition(" #")[0].strip() for line in block.code.splitlines())
            yield from (line for line in lines if line and not line.startswith("#"))
    yield from (span for span in spans(path) if COMMAND.match(span) and " " in span)


def check(command: str) -> None:
    """Fail where a command would; AssertionError also for one that no rule is about."""
    name, *arguments = shlex.split(command)
    assert name in RULES, command
    RULES[name](arguments)


def _make(arguments: list[str]) -> None:
    targets = re.findall(r"^([a-z-]+):.*## ", (ROOT / "Makefile").read_text("utf-8"), re.MULTILINE)
    for argument in arguments:
        variable, is_assigned, value = argument.partition("=")
        if not is_assigned:
            assert argument in targets
        elif variable == "CHECKS":
            assert set(value.split()) <= check_names()
        elif variable == "BASE":
            assert value
        else:
            raise AssertionError(f"no rule for the variable {variable}")


@cache
def check_names() -> set[str]:
    """The checks that `make check` can make, as it lists them for an unknown one."""
    command = [sys.executable, "-m", "scripts.check", "?"]
    result = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert result.returncode == 2, result.stderr
    return set(re.findall(r"\w+", result.stdout.partition("there are:")[2]))


def _pip(arguments: list[str]) -> None:
    assert arguments[0] == "install"
    for argument in arguments[1:]:
        if argument not in ("-e", "--editable"):
            _check_requirement(argument)


def _poetry(arguments: list[str]) -> None:
    assert arguments[0] == "add"
    _check_requirement(arguments[1])


def _check_requirement(text: str) -> None:
    match = re.fullmatch(r"([\w.-]+?)(?:\[([\w,]+)\])?", text)
    assert match, text
    assert match[1] in (".", project()["name"])
    extras = set(match[2].split(",")) if match[2] else set()
    assert extras <= project()["optional-dependencies"].keys()


def _python(arguments: list[str]) -> None:
    dash_m, module, *options = arguments
    assert dash_m == "-m"
    command = [sys.executable, "-m", module, "--help"]
    usage = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    flags = [option for option in options if option.startswith("--")]
    assert all(f"{flag} " in usage for flag in flags)


def _tool(name: str) -> Callable[[list[str]], None]:
    def rule(arguments: list[str]) -> None:
        tools = {re.split(r"[^\w-]", one)[0] for one in project()["optional-dependencies"]["dev"]}
        assert name in tools
        assert all((ROOT / argument).exists() for argument in arguments)

    return rule


def _elsewhere(arguments: list[str]) -> None:
    """Take a command that is about the repository's public home."""
    assert arguments


RULES: dict[str, Callable[[list[str]], None]] = {
    "make": _make,
    "pip": _pip,
    "poetry": _poetry,
    "python": _python,
    "pytest": _tool("pytest"),
    "black": _tool("black"),
    "mypy": _tool("mypy"),
    "git": _elsewhere,
    "cd": _elsewhere,
}


@cache
def project() -> dict[str, Any]:
    """The project's table of pyproject.toml."""
    table: dict[str, Any] = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    return table
