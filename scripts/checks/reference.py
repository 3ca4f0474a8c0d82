"""Compare the signatures in the reference, and the defaults that are stated, with the clients'."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import griffe

from scripts.checks import fail_on, sources
from scripts.checks.documents import documents

PAGE = "docs/reference/clients.md"
CLASS = "AIGateClient"
BLOCK = re.compile(r"^```python\n(.*?)^```", re.DOTALL | re.MULTILINE)
HELP = "ai_gate/cli/_parser.py"
HELPED_DEFAULT = re.compile(r'"--(\w+)": .*\bdefault: ([\w.]+)"')
OF_THE_COMMAND = {"model"}
"""What the command has a default of its own for."""
STATED_DEFAULT = re.compile(r"\bdefault\b[^`\n]{0,20}`([^`]+)`")


class Parameter(NamedTuple):
    """A parameter as a caller sees it, without its type, which documents may simplify."""

    name: str
    by_keyword_only: bool
    default: object


class Signature(NamedTuple):
    """A signature that a document shows, or that is there."""

    line: int
    name: str
    parameters: list[Parameter]
    result: str | None


def check_reference(root: Path) -> None:
    """Compare the reference's signature blocks and the defaults in all documents with the code."""
    text = (root / PAGE).read_text("utf-8")
    client = sources.load(root)["client"]
    stated = (one for name in documents(root) for one in _stated(client, root, name))
    found = [*signatures(client, PAGE, text), *_unnamed(client, text), *_helped(client, root)]
    fail_on([*found, *stated])


def signatures(client: griffe.Module, page: str, text: str, *, whole: bool = True) -> Iterator[str]:
    """Compare a page's signatures; one that isn't the whole reference may leave options out."""
    shown = list(_shown(text))
    there = {name: _actual(client, name, function) for name, function in _functions(client).items()}
    for signature in shown:
        place = f"{page}:{signature.line}"
        if signature.name in there:
            for difference in _differences(signature, there[signature.name], whole=whole):
                yield f"{place}: {signature.name}(): {difference}"
        else:
            yield f"{place}: there is no {signature.name}()"
    for name in there.keys() - {signature.name for signature in shown}:
        yield f"{page}: the signature of {name}() is missing from the API reference"


def _functions(client: griffe.Module) -> dict[str, griffe.Function]:
    methods = {
        name: method
        for name, method in sources.methods(client[CLASS]).items()
        if "classmethod" not in method.labels
    }
    return {CLASS: client[CLASS]["__init__"], **methods}


def _actual(client: griffe.Module, name: str, function: griffe.Function) -> Signature:
    parameters = [
        Parameter(
            one.name,
            one.kind is griffe.ParameterKind.keyword_only,
            "required" if one.default is None else sources.value(client, str(one.default)),
        )
        for one in function.parameters
        if one.name != "self"
    ]
    return Signature(0, name, parameters, None if name == CLASS else str(function.returns))


def _shown(text: str) -> Iterator[Signature]:
    for block in BLOCK.finditer(text):
        try:
            (function,) = ast.parse(f"def {block[1].strip()}: ...").body
        except (SyntaxError, ValueError):
            continue
        if isinstance(function, ast.FunctionDef):
            line = text.count("\n", 0, block.start(1)) + 1
            result = ast.unparse(function.returns) if function.returns else None
            yield Signature(line, function.name, list(_parameters(function.args)), result)


def _parameters(arguments: ast.arguments) -> Iterator[Parameter]:
    required = len(arguments.args) - len(arguments.defaults)
    defaults = [*[None] * required, *arguments.defaults]
    for argument, default in zip(arguments.args, defaults, strict=True):
        yield Parameter(argument.arg, False, _value(default))
    for argument, default in zip(arguments.kwonlyargs, arguments.kw_defaults, strict=True):
        yield Parameter(argument.arg, True, _value(default))


def _value(default: ast.expr | None) -> object:
    return "required" if default is None else ast.literal_eval(default)


def _differences(shown: Signature, there: Signature, *, whole: bool) -> Iterator[str]:
    count = len(there.parameters) if whole else len(shown.parameters)
    found, further = there.parameters[:count], there.parameters[count:]
    required = [one for one in further if not one.by_keyword_only]
    if _names(shown.parameters) != _names(found) or required:
        wanted = _names([*found, *required])
        yield f"the parameters are {wanted}, not {_names(shown.parameters)}"
    else:
        for one, other in zip(found, shown.parameters, strict=True):
            if one.default != other.default:
                yield f"{one.name} is {one.default!r} by default, not {other.default!r}"
    if shown.result != there.result:
        yield f"it returns {there.result}, not {shown.result}"


def _names(parameters: list[Parameter]) -> str:
    """The parameters' names as in a signature, with the star before those by keyword only."""
    by_place = [one.name for one in parameters if not one.by_keyword_only]
    by_keyword = [one.name for one in parameters if one.by_keyword_only]
    return ", ".join([*by_place, *(["*", *by_keyword] if by_keyword else [])])


def _unnamed(client: griffe.Module, text: str) -> Iterator[str]:
    for owner in sources.CLIENTS:
        for name in client[owner].all_members:
            if not name.startswith("_") and not re.search(rf"\b{name}\b", text):
                yield f"{PAGE}: {owner}.{name} is missing: say what it does"


def _stated(client: griffe.Module, root: Path, name: str) -> Iterator[str]:
    defaults = {
        str(parameter.default)
        for method, function in _functions(client).items()
        for parameter in _actual(client, method, function).parameters
    }
    for number, line in enumerate((root / name).read_text("utf-8").splitlines(), start=1):
        for stated in STATED_DEFAULT.findall(line):
            if stated not in defaults:
                yield f"{name}:{number}: `{stated}` is no parameter's default"


def _helped(client: griffe.Module, root: Path) -> Iterator[str]:
    """Compare the defaults that the command's help states."""
    defaults = {
        parameter.name: parameter.default
        for method, function in _functions(client).items()
        for parameter in _actual(client, method, function).parameters
        if parameter.name not in OF_THE_COMMAND
    }
    for number, line in enumerate((root / HELP).read_text("utf-8").splitlines(), start=1):
        for name, stated in HELPED_DEFAULT.findall(line):
            default = defaults.get(name, stated)
            shown = f"{default:g}" if isinstance(default, float) else default
            if stated != shown:
                yield f"{HELP}:{number}: --{name} is {shown} by default, not {stated}"
