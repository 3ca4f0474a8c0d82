"""Compare the sync and the async side: signatures, docstrings and code."""

import ast
import difflib
import re
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple, TypeAlias

from scripts.checks import fail_on

PAIRS = [
    ("client.AIGateClient", "client.AsyncAIGateClient"),
    ("client.ClientOptions", "client.AsyncClientOptions"),
    ("_base_client.run", "_base_client.run_async"),
    ("_http.transport.Client", "_http.transport.AsyncClient"),
    ("_http.transport.Transport", "_http.transport.AsyncTransport"),
    ("_http.pool.Connection", "_http.pool.AsyncConnection"),
    ("_http.pool.Pool", "_http.pool.AsyncPool"),
]
"""The classes and functions of `ai_gate` that must be the same without the words of async.

Not here, because they differ by nature: how time is kept (`_http.exchange` looks at it between
chunks, `exchange_async` cancels; so do the network streams), who owns a client (`_http.client`: a
process, or an event loop too), and the body of a response, whose end must not be cancelled.
"""
BY_NATURE = {"connect"}
"""Methods that one side has alone: live voice is asyncio's alone."""
WORDS = {
    r"\bawait ": "",
    r"\bAsyncIterator\b": "Iterator",
    r"\basync (?=def|for|with)": "",
    r"\bAsync(?=[A-Z])": "",
    r"\brun_async\b": "run",
    r"\b(exchange|look)_async\b": r"\1",
    r"\b__a(?=enter__|exit__|iter__)": "__",
    r"\baclose\b": "close",
    r"\baiter_": "iter_",
    r"\bhandle_async_request\b": "handle_request",
}
"""The words of async, and what sync says instead."""

Code: TypeAlias = ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef


class Part(NamedTuple):
    """A method, or what is left of a class without its methods."""

    line: int
    code: str


def check_parity(root: Path) -> None:
    """Compare each pair of sync and async code, signatures and docstrings included."""
    fail_on(problem for sync, asynchronous in PAIRS for problem in _pair(root, sync, asynchronous))


def _pair(root: Path, *names: str) -> Iterator[str]:
    nodes = [_find(root, name) for name in names]
    for name, node in zip(names, nodes, strict=True):
        if node is None:
            yield f"{_path(root, name)}: there is no {name}: add it, or correct PAIRS"
    sync, asynchronous = nodes
    if sync and asynchronous:
        yield from _differences(_path(root, names[1]), sync, asynchronous)


def _path(root: Path, name: str) -> str:
    """Return the file of a pair's side: a module, or what a folder has in itself."""
    module = f"ai_gate/{name.rpartition('.')[0].replace('.', '/')}"
    return f"{module}/__init__.py" if (root / module).is_dir() else f"{module}.py"


def _find(root: Path, name: str) -> Code | None:
    path = root / _path(root, name)
    body = ast.parse(path.read_text("utf-8")).body if path.exists() else []
    found = [node for node in body if isinstance(node, Code)]
    return next((node for node in found if node.name == name.rpartition(".")[2]), None)


def _differences(path: str, sync: Code, asynchronous: Code) -> Iterator[str]:
    ours, theirs = _parts(sync), _parts(asynchronous)
    for part in {**ours, **theirs}:
        here, there = ours.get(part, Part(0, "")), theirs.get(part, Part(asynchronous.lineno, ""))
        if difference := _difference(here.code, there.code):
            yield (
                f"{path}:{there.line}: {asynchronous.name}{part} differs from "
                f"{sync.name}{part}: make both the same"
            )
            yield from difference


def _difference(sync: str, asynchronous: str) -> list[str]:
    lines = difflib.unified_diff(sync.splitlines(), asynchronous.splitlines(), lineterm="", n=0)
    return [line for line in lines if not line.startswith(("---", "+++", "@@"))]


class _Shared(ast.NodeTransformer):
    """Takes out what differs by nature: methods of one side, examples, what a class is for."""

    def visit_Expr(self, node: ast.Expr) -> ast.Expr:
        """Cut the examples off a docstring."""
        if isinstance(node.value, ast.Constant) and isinstance(node.value.value, str):
            text, _, _ = node.value.value.partition("Example:")
            return ast.Expr(ast.Constant(" ".join(text.split())))
        return node

    def visit_ClassDef(self, node: ast.ClassDef) -> ast.ClassDef:
        """Leave out one side's own methods, and the introduction."""
        self.generic_visit(node)
        node.body = [one for one in node.body if getattr(one, "name", "") not in BY_NATURE]
        if isinstance(node.body[0], ast.Expr) and isinstance(node.body[0].value, ast.Constant):
            text = str(node.body[0].value.value)
            node.body[0] = ast.Expr(ast.Constant(text[text.find("Args:") :]))
        return node


def _parts(node: Code) -> dict[str, Part]:
    """The methods of a class, and what is left of it, or the whole function, under no name."""
    node = _Shared().visit(node)
    methods = [one for one in node.body if isinstance(one, ast.FunctionDef | ast.AsyncFunctionDef)]
    if isinstance(node, ast.ClassDef):
        node.body = [one for one in node.body if one not in methods]
    else:
        methods = []
    parts = {_plain(f".{one.name}"): Part(one.lineno, _plain(ast.unparse(one))) for one in methods}
    return {"": Part(node.lineno, _plain(ast.unparse(node))), **parts}


def _plain(code: str) -> str:
    """Code without the words of async."""
    for pattern, plain in WORDS.items():
        code = re.sub(pattern, plain, code)
    return code
