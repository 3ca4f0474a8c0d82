"""What a Python block of the documentation is, so that each is tested in the way that fits it."""

from __future__ import annotations

import ast
import builtins
import re
import symtable
from collections.abc import Iterator
from enum import Enum
from functools import cache
from pathlib import Path

CLIENT = "client"
EXAMPLES = Path(__file__).resolve().parents[2] / "examples"
NAMED = re.compile(r"(?:#|<!--|//) (\S+\.\w+)(?: -->)?\n")
"""The first line of a block that is a file of the reader's: `# app.py`."""


class Kind(Enum):
    """The kinds of Python blocks."""

    PROGRAM = "runs by itself"
    FRAGMENT = "runs with a client"
    SIGNATURE = "says how something is called"
    FILE = "is a file of a project that its page makes"
    EXCERPT = "is in a file under examples/"


def kind(code: str) -> Kind:
    """Classify a block; ValueError if no rule fits."""
    if is_excerpt(code):
        return Kind.EXCERPT
    if NAMED.match(code):
        return Kind.FILE
    try:
        unbound = unbound_names(code)
    except SyntaxError as error:
        if signature(code) is None:
            raise ValueError(f"neither Python nor a signature: {error}") from error
        return Kind.SIGNATURE
    if unbound - {CLIENT}:
        raise ValueError(f"names that come from nowhere: {', '.join(sorted(unbound))}")
    return Kind.FRAGMENT if unbound else Kind.PROGRAM


def is_excerpt(code: str) -> bool:
    """Return True if a block is part of an example; a first line that names a file is left out."""
    body = NAMED.sub("", code, count=1).strip()
    return body.count("\n") > 0 and any(body in text for text in _examples())


@cache
def _examples() -> list[str]:
    paths = (
        path for path in EXAMPLES.rglob("*") if path.suffix in (".py", ".js", ".html", ".yaml")
    )
    return [path.read_text("utf-8") for path in paths]


def signature(code: str) -> ast.FunctionDef | None:
    """Read a block as `name(parameters) -> result`, or None if it isn't one."""
    try:
        (statement,) = ast.parse(f"def {code.strip()}: ...").body
    except (SyntaxError, ValueError):
        return None
    return statement if isinstance(statement, ast.FunctionDef) else None


def prints(code: str) -> bool:
    """Return True if a block prints outside its handlers of exceptions."""
    nodes: list[ast.AST] = [ast.parse(code)]
    while nodes:
        node = nodes.pop()
        if isinstance(node, ast.Name) and node.id == "print":
            return True
        if not isinstance(node, ast.ExceptHandler):
            nodes.extend(ast.iter_child_nodes(node))
    return False


def unbound_names(code: str) -> set[str]:
    """The names that a block uses without binding them."""
    module = symtable.symtable(code, "block", "exec")
    bound = {symbol.get_name() for symbol in module.get_symbols() if _is_bound(symbol)}
    used = {
        symbol.get_name()
        for table in _tables(module)
        for symbol in table.get_symbols()
        if symbol.is_referenced() and (symbol.is_global() or table is module)
    }
    unbound = used - bound - set(dir(builtins))
    return {name for name in unbound if not name.startswith("__")}


def _is_bound(symbol: symtable.Symbol) -> bool:
    return symbol.is_assigned() or symbol.is_imported()


def _tables(table: symtable.SymbolTable) -> Iterator[symtable.SymbolTable]:
    yield table
    for child in table.get_children():
        yield from _tables(child)
