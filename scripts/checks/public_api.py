"""The public API against a committed snapshot of it.

A constructor is public if the docstring of the class has `Args:`. Only the SDK makes objects of the
other classes, so their constructors can change.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple, cast

import griffe

from scripts.checks import fail_on, sources

SNAPSHOT = "docs/public_api.txt"
MODULES = (
    "",
    "client",
    "errors",
    "limits",
    "types",
    "testing",
    "webrtc",
    "webrtc.call",
    "webrtc.errors",
    "webrtc.turn",
)
ADVICE = "if that is meant, run `make snapshot` and say it in the changelog"


class Line(NamedTuple):
    """A line of the snapshot, and what it describes."""

    text: str
    thing: sources.Thing


def check_public_api(root: Path) -> None:
    """Compare every public name, signature and attribute with the snapshot."""
    committed = (root / SNAPSHOT).read_text("utf-8").splitlines()
    current = {line.text: line.thing for line in snapshot(root)}
    changes = [
        f"{SNAPSHOT}:{number}: is no more: {text}"
        for number, text in enumerate(committed, start=1)
        if text not in current
    ]
    changes += [
        f"{sources.place(root, thing)}: is new: {text}"
        for text, thing in current.items()
        if text not in committed
    ]
    fail_on([*changes, f"{SNAPSHOT}: the public API has changed: {ADVICE}"] if changes else [])


def snapshot(root: Path) -> list[Line]:
    """Describe the public API, a line for each name."""
    package = sources.load(root)
    lines: list[Line] = []
    for name in MODULES:
        module = cast(griffe.Module, package[name]) if name else package
        for exported in sorted(_exports(module)):
            lines += _member(module.path, module[exported])
    return lines


def _exports(module: griffe.Module) -> list[str]:
    return [str(name) for name in module.exports or ()]


def _member(owner: str, member: sources.Thing) -> Iterator[Line]:
    path = f"{owner}.{member.name}"
    target = member.final_target if isinstance(member, griffe.Alias) else member
    if isinstance(target, griffe.Class):
        yield from _class(path, target)
    elif isinstance(target, griffe.Function):
        awaited = "async " if _is_coroutine(target) else ""
        yield Line(f"{awaited}{owner}.{_signature(target)}", target)
    elif isinstance(target, griffe.Attribute):
        annotation = f": {target.annotation}" if target.annotation else ""
        constant = isinstance(target.parent, griffe.Module) and not target.is_special
        yield Line(path + annotation + (f" = {target.value}" if constant else ""), target)


def _class(path: str, target: griffe.Class) -> Iterator[Line]:
    if target.path != path and not _is_private(target):
        yield Line(f"{path} is {target.path}", target)
        return
    bases = [str(base) for base in target.bases if not _is_inner(base)]
    yield Line(f"{path}({', '.join(bases)})", target)
    from_private_bases = {
        name: member
        for name, member in target.inherited_members.items()
        if _is_private(member.final_target)
    }
    for name, member in sorted({**from_private_bases, **target.members}.items()):
        if _counts(target, name):
            yield from _member(path, member)


def _is_inner(base: griffe.Expr | str) -> bool:
    """Return True if a base is of the SDK and private: its public members are listed instead."""
    path = base.canonical_path if isinstance(base, griffe.Expr) else base
    return path.startswith("ai_gate.") and "._" in path


def _is_private(thing: sources.Thing) -> bool:
    """Return True if something stands in a private module."""
    return "._" in thing.module.path


def _counts(owner: griffe.Class, name: str) -> bool:
    if name == "__init__":
        return owner.docstring is not None and "\nArgs:\n" in owner.docstring.value
    return not name.startswith("_") or _is_typed_dict(owner)


def _is_typed_dict(target: griffe.Class) -> bool:
    return "TypedDict" in {str(base) for base in target.bases}


def _is_coroutine(function: griffe.Function) -> bool:
    is_generator = str(function.returns).startswith("AsyncGenerator")
    return "async" in function.labels and not is_generator


def _signature(function: griffe.Function) -> str:
    text = str(function.signature())
    for parameter in function.parameters:
        default = str(parameter.default)
        if default in function.module.members:
            value = sources.value(function.module, default)
            text = text.replace(f" = {default}", f" = {value!r}")
    return text


def main(root: Path) -> None:
    """Write the snapshot."""
    path = root / SNAPSHOT
    path.parent.mkdir(exist_ok=True)
    path.write_text("".join(f"{line.text}\n" for line in snapshot(root)), "utf-8")


if __name__ == "__main__":
    main(Path(__file__).resolve().parents[2])
