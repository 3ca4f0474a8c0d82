"""Compare `ai_gate.types` with the spec's schemas."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import griffe

from scripts.checks import fail_on, schemas, sources, spec

PROMISED = {("SessionResponse", "client_secret")}
"""Keys that the product page promises although the gate can leave them out."""
SUGGESTIONS = {"Model": "model", "Voice": "voice"}
"""The types that complete the names which the spec gives as examples of a request's property."""
REQUEST = "CreateSessionRequest"


def check_types(root: Path) -> None:
    """Compare each schema with its typed dict: keys, types and which of them are required."""
    module = sources.load(root)["types"]
    document = spec.load(root)["components"]["schemas"]
    fail_on([*_classes(root, module, document), *_suggested(root, module, document)])


def _classes(root: Path, module: griffe.Module, document: dict[str, Any]) -> Iterator[str]:
    for name, schema in document.items():
        if name in module.classes:
            yield from _keys(root, name, module[name], schema)
        else:
            yield f"ai_gate/types.py: {name} is missing: add a TypedDict for this schema"
    for name, found in module.classes.items():
        if name not in document:
            yield f"{sources.place(root, found)}: {name} has no schema in the spec: remove it"


def _keys(root: Path, name: str, typed: griffe.Class, schema: dict[str, Any]) -> Iterator[str]:
    place = sources.place(root, typed)
    found = sources.attributes(typed)
    expected = _expected(name, schema)
    for key, annotation in expected.items():
        if key not in found:
            yield f"{place}: {name} lacks the key: add `{key}: {annotation}`"
    for key, member in found.items():
        place = sources.place(root, member)
        if key not in expected:
            yield f"{place}: {name}.{key} is not in the spec: remove it"
        elif schemas.canonical(str(member.annotation)) != expected[key]:
            yield f"{place}: {name}.{key} must be `{expected[key]}`, not `{member.annotation}`"


def _expected(name: str, schema: dict[str, Any]) -> dict[str, str]:
    required = set(schema.get("required", ()))
    keys = {}
    for key, item in schema["properties"].items():
        annotation = schemas.annotation(item)
        always = key in required or (name, key) in PROMISED
        keys[key] = annotation if always else f"NotRequired[{annotation}]"
    return keys


def _suggested(root: Path, module: griffe.Module, document: dict[str, Any]) -> Iterator[str]:
    for name, prop in SUGGESTIONS.items():
        known = document[REQUEST]["properties"][prop]["examples"]
        literal = ", ".join(repr(one) for one in known)
        expected = f"Literal[{literal}] | str"
        if schemas.canonical(str(module[name].value)) != schemas.canonical(expected):
            yield f"{sources.place(root, module[name])}: {name} must be `{expected}`"
