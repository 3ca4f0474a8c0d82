"""What the project says of itself in several places: its version and the Pythons it runs on."""

import os
import re
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from scripts.checks import fail_on

VERSION = re.compile(r'^__version__ = "(.+)"$', re.MULTILINE)
CHANGELOG_ENTRY = re.compile(r"^## (\S+)", re.MULTILINE)
MAKE_TARGET = re.compile(r"^([a-z-]+):", re.MULTILINE)
MAKE_COMMAND = re.compile(r"(?:^|`)make ([a-z-]+)", re.MULTILINE)
MODULE_COMMAND = re.compile(r"python -m ([a-z_.]+)")
EXTRA = re.compile(r"(?:ai-gate|\.)\[([a-z]+)\]")
LINK = re.compile(r"\]\((?!https?:|mailto:|#)([^)#]+)")
FILE = re.compile(r"`((?:[\w.-]+/)*[\w.-]+(?:/|\.(?:json|md|py|toml|txt|yaml)))`")
MODULE_FILE = re.compile(r"(?<![\w./`])((?:(?:webrtc|_\w+)/(?:\w+/)*)?\w+\.py)\b")
OLDEST_PYTHON = re.compile(r"Python (3\.\d+)(?: or newer)")
VERSION_FILE = "ai_gate/_version.py"
WORKFLOW = ".github/workflows/test.yml"


def check_release(root: Path) -> None:
    """Compare version, changelog, metadata and Pythons."""
    metadata = tomllib.loads(_read(root, "pyproject.toml"))
    project: dict[str, Any] = metadata["project"]
    fail_on([*_versions(root), *_metadata(metadata), *_pythons(root, project)])


def _read(root: Path, name: str) -> str:
    return (root / name).read_text("utf-8")


def _versions(root: Path) -> Iterator[str]:
    version, stated = _first(VERSION, _read(root, VERSION_FILE))
    tag = os.environ.get("RELEASE")
    if tag and tag != f"v{version}":
        yield f"{VERSION_FILE}:{stated}: the tag is {tag}, the version {version}"
    newest, entry = _first(CHANGELOG_ENTRY, _read(root, "CHANGELOG.md"))
    if version != newest:
        yield (
            f"CHANGELOG.md:{entry}: the newest entry is {newest}, {VERSION_FILE}:{stated} says "
            f"{version}: make both the same"
        )


def _first(pattern: re.Pattern[str], text: str) -> tuple[str | None, int]:
    """Return what a pattern finds first, and in which line."""
    if match := pattern.search(text):
        return match[1], text.count("\n", 0, match.start()) + 1
    return None, 1


def _metadata(metadata: dict[str, Any]) -> Iterator[str]:
    source = metadata["tool"]["hatch"].get("version", {}).get("path")
    if "version" not in metadata["project"].get("dynamic", []) or source != VERSION_FILE:
        yield (
            f"pyproject.toml: the version must come from {VERSION_FILE}: have "
            '"version" in `dynamic` of [project], and that path in [tool.hatch.version]'
        )


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
        if f'"{minor}"' not in _read(root, WORKFLOW):
            yield f"{WORKFLOW}: {minor} is a classifier and isn't tested"
    if set(OLDEST_PYTHON.findall(_read(root, "README.md"))) != {oldest}:
        yield f"README.md: must say `Python {oldest} or newer`, as pyproject.toml requires"
