"""What a Python block of the documentation is, so that each is tested in the way that fits it."""

from __future__ import annotations

import ast
import builtins
import re
import symtable
from collections.abc import Iterator
from enum import Enum
from pathlib import Path

CLIENT = "client"
EXAMPLES = Path(__file__).resolve().parents[2] / "examples"
NAMED = re.compile(r"(?:#|<!--|//) (\S+\.\w+)(?: -->)?\n")
"""The first line of a block that is a file of the reader's: `# app.py`."""
INCLUDED = re.compile(r'--8<-- "(examples/[^":]+)"\n')
"""A block that MkDocs fills with a file."""


class Kind(Enum):
    """The kinds of Python blocks."""

    PROGRAM = "runs by itself"
    FRAGMENT = "runs with a client"
    SIGNATURE = "says how something is called"
    FILE = "is a file of a project that its page makes"
    EXCERPT = "includes a file of the examples"


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
    """Return True if a block includes a file of the examples, which is there."""
    included = INCLUDED.fullmatch(code)
    return included is not None and (EXAMPLES.parent / included[1]).is_file()


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
