"""The sync and the async side against each other: signatures, docstrings and code."""

import ast
import difflib
import re
from collections.abc import Iterator
from pathlib import Path

from scripts.checks.outcome import fail_on

PAIRS = {
    "client.py": [("AIGateClient", "AsyncAIGateClient"), ("ClientOptions", "AsyncClientOptions")],
    "_sender.py": [("OwnConnections", "AsyncOwnConnections")],
    "_transport.py": [
        ("Connection", "AsyncConnection"),
        ("Transport", "AsyncTransport"),
        ("ResponseBody", "AsyncResponseBody"),
    ],
    "_drivers.py": [("run", "run_async")],
}
"""What must be the same, file by file, once the words of async are taken out.

Not here, because they differ by nature: `_network.py` (the async backend races the addresses),
`_connections.py` (owned by a process, or by an event loop), and how an httpx client is kept to the
time (`check_time` between chunks, `in_time` by cancellation).
"""

ASYNC_BY_NATURE = {"check_time", "in_time", "leave"}
"""Methods that one side has alone."""
WORDS = {
    r"\bawait ": "",
    r"\bAsyncIterator\b": "Iterator",
    r"\basync (?=def|for|with)": "",
    r"\bAsync(?=[A-Z])": "",
    r"\brun_async\b": "run",
    r"_exchange_async\b": "_exchange",
    r"\banyio\.sleep\b": "time.sleep",
    r"\bSyncByteStream\b": "ByteStream",
    r"\b__a(?=enter__|exit__|iter__)": "__",
    r"\baclose\b": "close",
    r"\baiter_": "iter_",
    r"\bhandle_async_request\b": "handle_request",
}
"""The words of async, and what sync says instead."""


def check_parity(root: Path) -> None:
    """Compare each pair of sync and async code, signatures and docstrings included."""
    fail_on(problem for name in PAIRS for problem in _file(root, name))


def _file(root: Path, name: str) -> Iterator[str]:
    tree = ast.parse((root / "ai_gate" / name).read_text("utf-8"))
    found = {
        node.name: node
        for node in tree.body
        if isinstance(node, ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef)
    }
    for sync_name, async_name in PAIRS[name]:
        sync, asynchronous = found[sync_name], found[async_name]
        difference = "\n".join(_difference(_plain(sync), _plain(asynchronous)))
        if difference:
            place = f"ai_gate/{name}:{asynchronous.lineno}"
            yield f"{place}: {async_name} differs from {sync_name}:\n{difference}"


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
        node.body = [one for one in node.body if getattr(one, "name", "") not in ASYNC_BY_NATURE]
        if isinstance(node.body[0], ast.Expr) and isinstance(node.body[0].value, ast.Constant):
            text = str(node.body[0].value.value)
            node.body[0] = ast.Expr(ast.Constant(text[text.find("Args:") :]))
        return node


def _plain(node: ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef) -> str:
    """The code without the words of async, and without what one side has alone."""
    code = ast.unparse(ast.fix_missing_locations(_Shared().visit(node)))
    for pattern, plain in WORDS.items():
        code = re.sub(pattern, plain, code)
    return code
