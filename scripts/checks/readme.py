"""The defaults and signatures that the README says against the clients'."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import griffe

from scripts.checks import sources
from scripts.checks.outcome import fail_on

NAME = "README.md"
BLOCK = re.compile(r"^```python\n(.*?)^```", re.DOTALL | re.MULTILINE)
SIGNATURE = re.compile(r"(\w+)\(.*\)( -> .+)?\s*", re.DOTALL)
STATED_DEFAULT = re.compile(r"\bdefault\b[^`\n]{0,20}`([^`]+)`")


class Signature(NamedTuple):
    """A signature that the README shows."""

    line: int
    name: str
    arguments: ast.arguments


def check_readme(root: Path) -> None:
    """Compare the README's signature blocks and the defaults in its text with the code."""
    text = (root / NAME).read_text("utf-8")
    client = sources.load(root)["client"]
    fail_on([*_signatures(client, text), *_stated(client, text)])


def _signatures(client: griffe.Module, text: str) -> Iterator[str]:
    shown = list(_shown(text))
    functions = _functions(client)
    for signature in shown:
        if signature.name not in functions:
            yield f"{NAME}:{signature.line}: there is no {signature.name}()"
        else:
            yield from _differences(client, signature, functions[signature.name])
    for name in functions.keys() - {signature.name for signature in shown}:
        yield f"{NAME}: the signature of {name}() is missing from the API reference"


def _functions(client: griffe.Module) -> dict[str, griffe.Function]:
    owner = client["AIGateClient"]
    methods = {
        name: method
        for name, method in sources.methods(owner).items()
        if "classmethod" not in method.labels
    }
    return {"AIGateClient": owner["__init__"], **methods}


def _shown(text: str) -> Iterator[Signature]:
    for block in BLOCK.finditer(text):
        if match := SIGNATURE.fullmatch(block[1]):
            try:
                function = ast.parse(f"def {block[1].strip()}: ...").body[0]
            except SyntaxError:
                continue
            if isinstance(function, ast.FunctionDef):
                line = text.count("\n", 0, block.start(1)) + 1
                yield Signature(line, match[1], function.args)


def _differences(
    client: griffe.Module, signature: Signature, function: griffe.Function
) -> Iterator[str]:
    place = f"{NAME}:{signature.line}: {signature.name}()"
    found = _defaults(signature.arguments)
    wanted = {
        one.name: "required" if one.default is None else sources.value(client, str(one.default))
        for one in function.parameters
        if one.name != "self"
    }
    if list(found) != list(wanted):
        yield f"{place}: the parameters are {', '.join(wanted)}, not {', '.join(found)}"
    for name in found.keys() & wanted.keys():
        if found[name] != wanted[name]:
            yield f"{place}: {name} is {wanted[name]!r} by default, not {found[name]!r}"


def _defaults(arguments: ast.arguments) -> dict[str, object]:
    positional = [*arguments.posonlyargs, *arguments.args]
    missing: list[ast.expr | None] = [None] * (len(positional) - len(arguments.defaults))
    pairs = [
        *zip(positional, [*missing, *arguments.defaults], strict=True),
        *zip(arguments.kwonlyargs, arguments.kw_defaults, strict=True),
    ]
    return {
        argument.arg: "required" if default is None else ast.literal_eval(default)
        for argument, default in pairs
    }


def _stated(client: griffe.Module, text: str) -> Iterator[str]:
    defaults = {
        str(sources.value(client, str(parameter.default)))
        for function in _functions(client).values()
        for parameter in function.parameters
        if parameter.default is not None
    }
    for number, line in enumerate(text.splitlines(), start=1):
        for stated in STATED_DEFAULT.findall(line):
            if stated not in defaults:
                yield f"{NAME}:{number}: `{stated}` is no parameter's default"
