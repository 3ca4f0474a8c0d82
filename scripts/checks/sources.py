"""The SDK's sources as griffe reads them, without importing anything."""

import ast
from functools import lru_cache
from pathlib import Path
from typing import TypeAlias, cast

import griffe

CLIENTS = ("AIGateClient", "AsyncAIGateClient")
Thing: TypeAlias = griffe.Object | griffe.Alias


def load(root: Path) -> griffe.Module:
    """Read the package `ai_gate` of a tree."""
    return _load(root, _newest(root))


def _newest(root: Path) -> int:
    return max(path.stat().st_mtime_ns for path in (root / "ai_gate").rglob("*.py"))


@lru_cache(maxsize=4)
def _load(root: Path, newest: int) -> griffe.Module:
    package = griffe.load(
        "ai_gate",
        search_paths=[root],
        try_relative_path=False,
        allow_inspection=False,
        resolve_aliases=True,
        resolve_external=False,
    )
    return cast(griffe.Module, package)


def place(root: Path, thing: Thing) -> str:
    """Return the file and line of something, as `ai_gate/types.py:73`."""
    path = cast(Path, thing.filepath)
    # A method that a data class is given has no line of its own.
    line = thing.lineno or (thing.parent.lineno if thing.parent else None)
    return f"{path.relative_to(root)}:{line}"


def attributes(owner: griffe.Class) -> dict[str, griffe.Attribute]:
    """The attributes of a class, those of its bases included."""
    return {
        name: cast(griffe.Attribute, owner.all_members[name])
        for name, member in owner.all_members.items()
        if member.is_attribute
    }


def methods(client: griffe.Class) -> dict[str, griffe.Function]:
    """The public methods that a client's class defines itself."""
    return {
        name: member
        for name, member in client.members.items()
        if isinstance(member, griffe.Function) and not name.startswith("_")
    }


def value(module: griffe.Module, expression: str) -> object:
    """Return the value of an expression of literals and the module's constants."""
    tree = ast.parse(expression, mode="eval").body
    if isinstance(tree, ast.Name):
        constant = module[tree.id]
        if constant.is_alias:
            constant = constant.final_target
        return value(constant.module, str(constant.value))
    return ast.literal_eval(tree)
