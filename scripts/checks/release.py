"""What the project says of itself in several places: versions, commands, extras, files."""

import re
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from scripts.checks.outcome import fail_on

DOCUMENTS = ("README.md", "CONTRIBUTING.md")
VERSION = re.compile(r'^__version__ = "(.+)"$', re.MULTILINE)
CHANGELOG_ENTRY = re.compile(r"^## (\S+)", re.MULTILINE)
MAKE_TARGET = re.compile(r"^([a-z-]+):", re.MULTILINE)
MAKE_COMMAND = re.compile(r"(?:^|`)make ([a-z-]+)", re.MULTILINE)
MODULE_COMMAND = re.compile(r"python -m ([a-z_.]+)")
EXTRA = re.compile(r"(?:ai-gate|\.)\[([a-z]+)\]")
LINK = re.compile(r"\]\((?!https?:|mailto:|#)([^)#]+)")
OLDEST_PYTHON = re.compile(r"Python (3\.\d+)(?: or newer)")


def check_release(root: Path) -> None:
    """Compare version, changelog, metadata and the commands that the documents name."""
    project: dict[str, Any] = tomllib.loads(_read(root, "pyproject.toml"))["project"]
    fail_on(
        [
            *_versions(root),
            *_pythons(root, project),
            *[problem for name in DOCUMENTS for problem in _document(root, name, project)],
        ]
    )


def _read(root: Path, name: str) -> str:
    return (root / name).read_text("utf-8")


def _versions(root: Path) -> Iterator[str]:
    version = VERSION.findall(_read(root, "ai_gate/_version.py"))
    newest = CHANGELOG_ENTRY.findall(_read(root, "CHANGELOG.md"))[:1]
    if version != newest:
        yield f"CHANGELOG.md: the newest entry is {newest}, ai_gate/_version.py says {version}"


def _pythons(root: Path, project: dict[str, Any]) -> Iterator[str]:
    oldest = str(project["requires-python"]).removeprefix(">=")
    classified = [
        line.rpartition(" ")[2]
        for line in project["classifiers"]
        if re.search(r"Python :: 3\.\d+$", line)
    ]
    if classified[0] != oldest:
        yield f"pyproject.toml: requires-python is {oldest}, the first classifier {classified[0]}"
    for minor in classified:
        if f"python{minor} " not in _read(root, "scripts/pythons"):
            yield f"scripts/pythons: python{minor} is a classifier and isn't looked for"
    for stated in OLDEST_PYTHON.findall(_read(root, "README.md")):
        if stated != oldest:
            yield f"README.md: says Python {stated}, pyproject.toml requires {oldest}"


def _document(root: Path, name: str, project: dict[str, Any]) -> Iterator[str]:
    targets = set(MAKE_TARGET.findall(_read(root, "Makefile")))
    extras = set(project["optional-dependencies"])
    for number, line in enumerate(_read(root, name).splitlines(), start=1):
        place = f"{name}:{number}"
        for target in set(MAKE_COMMAND.findall(line)) - targets:
            yield f"{place}: there is no `make {target}`"
        for extra in set(EXTRA.findall(line)) - extras:
            yield f"{place}: there is no extra {extra}"
        for module in MODULE_COMMAND.findall(line):
            if not _is_command(root, module):
                yield f"{place}: there is no `python -m {module}`"
        for link in LINK.findall(line):
            if not (root / link).exists():
                yield f"{place}: there is no {link}"


def _is_command(root: Path, module: str) -> bool:
    path = root.joinpath(*module.split("."))
    return (path / "__main__.py").exists() or path.with_suffix(".py").exists()
