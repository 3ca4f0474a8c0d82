"""The Python types that the spec's schemas stand for."""

import ast
from typing import Any

SCALARS = {
    "string": "str",
    "integer": "int",
    "number": "float",
    "boolean": "bool",
    "null": "None",
}


def annotation(schema: dict[str, Any]) -> str:
    """Return the annotation of a schema's values, in canonical form."""
    return canonical(_annotation(schema))


def _annotation(schema: dict[str, Any]) -> str:
    if "$ref" in schema:
        return str(schema["$ref"]).rpartition("/")[2]
    for union in ("anyOf", "oneOf"):
        if union in schema:
            return " | ".join(_annotation(variant) for variant in schema[union])
    kinds = schema.get("type")
    if isinstance(kinds, list):
        return " | ".join(_annotation({**schema, "type": kind}) for kind in kinds)
    if kinds == "array":
        return f"list[{_annotation(schema['items'])}]"
    if kinds == "object":
        return "dict[str, Any]"
    return SCALARS.get(str(kinds), "Any")


def canonical(expression: str) -> str:
    """Return an annotation with the members of its unions in order."""
    return ast.unparse(_ordered(ast.parse(expression, mode="eval").body))


def _ordered(node: ast.expr) -> ast.expr:
    if isinstance(node, ast.Subscript):
        return ast.Subscript(node.value, _ordered(node.slice), node.ctx)
    if not isinstance(node, ast.BinOp):
        return node
    members = [ast.unparse(_ordered(member)) for member in _members(node)]
    members.sort(key=lambda member: (member == "None", member))
    return ast.parse(" | ".join(members), mode="eval").body


def _members(node: ast.expr) -> list[ast.expr]:
    if isinstance(node, ast.BinOp):
        return [*_members(node.left), *_members(node.right)]
    return [node]
