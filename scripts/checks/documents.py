"""Check that the commands, extras, files and modules which the documents name exist."""

import re
import shlex
import tomllib
from collections.abc import Callable, Iterator
from pathlib import Path

from scripts.checks import fail_on, sources

DOCUMENTS = ("README.md", "CONTRIBUTING.md", "SECURITY.md")
BLOCK = re.compile(r"^ *```(\w*)\n(.*?)^ *```$", re.MULTILINE | re.DOTALL)
SPAN = re.compile(r"`([^`]+)`")
COMMAND = re.compile(r"(?:ai-gate|make|pip|poetry|python|pytest|black|mypy|git|cd) \S")
EXTRAS = re.compile(r"(?:ai-gate|\.)\[([\w,]+)\]")
LINK = re.compile(r"\]\((?!https?:|mailto:|#)([^)#]+)")
FILE = re.compile(r"[\w.-]+(?:/[\w.-]+)*(?:/|\.(?:json|md|py|toml|txt|yaml))")
MODULE = re.compile(r"ai_gate(?:\.\w+)+")
DRAWN_FILE = re.compile(r"[\w/]+\.py\b")

MAKE_TARGET = re.compile(r"^([a-z-]+):", re.MULTILINE)
MAKE_VARIABLE = re.compile(r"^([A-Z_]+) \?=", re.MULTILINE)
CHECK = re.compile(r'^    "(\w+)": check_', re.MULTILINE)


def check_documents(root: Path) -> None:
    """Look for everything that the documents name."""
    fail_on(problem for name in documents(root) for problem in _document(root, name))


def documents(root: Path) -> list[str]:
    """Return the names of all documents."""
    site = sorted((root / "docs").rglob("*.md"))
    return [*DOCUMENTS, *(path.relative_to(root).as_posix() for path in site)]


def _document(root: Path, name: str) -> Iterator[str]:
    text = (root / name).read_text("utf-8")
    found = [*_extras(root, text), *_modules(root, text)]
    # Pages of the site name files of their readers too, and the tests run their commands.
    if name in DOCUMENTS:
        found += [*commands(root, text), *_files(root, text)]
    for line, missing in dict.fromkeys(found):
        yield f"{name}:{line}: there is no {missing}: correct the name"


def _line(text: str, position: int) -> int:
    return text.count("\n", 0, position) + 1


def _spans(text: str) -> Iterator[tuple[int, str]]:
    """The code spans outside blocks, each with its line."""
    prose = BLOCK.sub(lambda block: "\n" * block[0].count("\n"), text)
    for span in SPAN.finditer(prose):
        yield _line(prose, span.start()), span[1]


def _block_lines(text: str, *languages: str) -> Iterator[tuple[int, str]]:
    for block in BLOCK.finditer(text):
        if block[1] in languages:
            yield from enumerate(block[2].splitlines(), start=_line(text, block.start(2)))


def commands(root: Path, text: str) -> Iterator[tuple[int, str]]:
    """Find what a page's commands name that isn't there, each with its line."""
    lines = [(line, code.partition("#")[0].strip()) for line, code in _block_lines(text, "bash")]
    spans = [(line, span) for line, span in _spans(text) if COMMAND.match(span)]
    for line, command in [*lines, *spans]:
        if command:
            name, *arguments = shlex.split(command)
            rule = RULES.get(name, _unknown)
            yield from ((line, missing) for missing in rule(root, name, arguments))


def _unknown(_: Path, name: str, __: list[str]) -> list[str]:
    return [f"rule for `{name}`"]


def _elsewhere(_: Path, __: str, ___: list[str]) -> list[str]:
    """Take a command that is about the repository's public home."""
    return []


def _make(root: Path, _: str, arguments: list[str]) -> Iterator[str]:
    makefile = (root / "Makefile").read_text("utf-8")
    for argument in arguments:
        variable, is_assigned, value = argument.partition("=")
        if not is_assigned and argument not in MAKE_TARGET.findall(makefile):
            yield f"`make {argument}`"
        if is_assigned and variable not in MAKE_VARIABLE.findall(makefile):
            yield f"variable {variable}"
        if variable == "CHECKS":
            checks = CHECK.findall((root / "scripts" / "check.py").read_text("utf-8"))
            yield from (f"check {name}" for name in value.split() if name not in checks)


def _install(_: Path, __: str, arguments: list[str]) -> Iterator[str]:
    for argument in arguments[1:]:
        package = argument.partition("[")[0]
        if not argument.startswith("-") and package not in (".", "ai-gate"):
            yield f"package {package}"


def _python(root: Path, _: str, arguments: list[str]) -> Iterator[str]:
    _, module, *options = arguments
    path = root.joinpath(*module.split("."))
    sources_of_it = [path / "__main__.py", path.with_suffix(".py")]
    source = next((one.read_text("utf-8") for one in sources_of_it if one.exists()), None)
    if source is None:
        yield f"`python -m {module}`"
    else:
        flags = [option for option in options if option.startswith("--")]
        yield from (f"option {flag}" for flag in flags if f'"{flag}"' not in source)


def _tool(root: Path, name: str, arguments: list[str]) -> Iterator[str]:
    if not any(re.match(rf"{name}\b", one) for one in _project_extras(root)["dev"]):
        yield f"{name} in the extra dev"
    yield from (argument for argument in arguments if not (root / argument).exists())


def _own(root: Path, name: str, arguments: list[str]) -> Iterator[str]:
    command, *options = arguments
    source = (root / "ai_gate" / "cli" / "_parser.py").read_text("utf-8")
    wanted = [command, *(option for option in options if option.startswith("--"))]
    yield from (f"`{name} {one}`" for one in wanted if f'"{one}"' not in source)


RULES: dict[str, Callable[[Path, str, list[str]], list[str] | Iterator[str]]] = {
    "make": _make,
    "pip": _install,
    "poetry": _install,
    "python": _python,
    "pytest": _tool,
    "black": _tool,
    "mypy": _tool,
    "ai-gate": _own,
    "git": _elsewhere,
    "eval": _elsewhere,
    "export": _elsewhere,
    "cd": _elsewhere,
}
"""What a command's arguments must be, by its name."""


def _project_extras(root: Path) -> dict[str, list[str]]:
    metadata = tomllib.loads((root / "pyproject.toml").read_text("utf-8"))
    extras: dict[str, list[str]] = metadata["project"]["optional-dependencies"]
    return extras


def _extras(root: Path, text: str) -> Iterator[tuple[int, str]]:
    extras = _project_extras(root)
    for match in EXTRAS.finditer(text):
        for extra in match[1].split(","):
            if extra not in extras:
                yield _line(text, match.start()), f"extra {extra}"


def _files(root: Path, text: str) -> Iterator[tuple[int, str]]:
    named = [(line, span) for line, span in _spans(text) if FILE.fullmatch(span)]
    named += [(_line(text, link.start()), link[1]) for link in LINK.finditer(text)]
    named += [
        (line, f"ai_gate/{file}")
        for line, drawn in _block_lines(text, "", "text")
        for file in DRAWN_FILE.findall(drawn)
    ]
    return ((line, name) for line, name in named if not (root / name).exists())


def _modules(root: Path, text: str) -> Iterator[tuple[int, str]]:
    package = sources.load(root)
    for line, span in _spans(text):
        if MODULE.fullmatch(span):
            try:
                package[span.removeprefix("ai_gate.")]
            except KeyError:
                yield line, span
