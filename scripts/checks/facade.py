"""The clients' methods against the spec's operations and defaults."""

import re
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, NamedTuple, cast

import griffe

from scripts.checks import docstrings, examples, fail_on, schemas, sources, spec

NOT_OFFERED = {"getHealth"}
"""Operations that the clients deliberately leave to the low-level client."""
PROJECT = {"project_id", "identifier"}
"""Parameters that the client fills in with its own project ID."""
SUGGESTED = re.compile(r"\b(?:Model|Voice)\b")
"""Types that complete known names, and stand for a string."""
REQUIRED = object()
"""The default of a parameter that has none."""
EXTRA_FIELDS = "extra_body"
"""The parameter for the fields of a body that the spec allows and doesn't name."""


class Parameter(NamedTuple):
    """A parameter of an operation, as a method must offer it."""

    annotation: str
    default: object

    def __str__(self) -> str:
        value = "" if self.default is REQUIRED else f" = {self.default!r}"
        return f": {self.annotation}{value}"


def check_facade(root: Path) -> None:
    """Compare both clients' methods with the operations: names, parameters, types, defaults."""
    client = sources.load(root)["client"]
    document = spec.load(root)
    operations = dict(_offered(document))
    fail_on(
        problem
        for name in sources.CLIENTS
        for problem in [
            *_problems(root, client, client[name], operations),
            *_base_url(root, client, client[name], document),
        ]
    )


def _base_url(
    root: Path, module: griffe.Module, client: griffe.Class, document: dict[str, Any]
) -> Iterator[str]:
    constructor = cast(griffe.Function, client["__init__"])
    found = sources.value(module, str(constructor.parameters["base_url"].default))
    wanted = document["servers"][0]["url"]
    if found != wanted:
        place = sources.place(root, constructor)
        yield f"{place}: {client.name}: base_url must be {wanted!r} by default, not {found!r}"


def _offered(document: dict[str, Any]) -> Iterator[tuple[str, dict[str, Parameter]]]:
    """The operations that the clients offer, by the names of their methods."""
    for operation in spec.operations(document):
        name = operation.node["operationId"]
        if name not in NOT_OFFERED:
            yield _snake_case(name), dict(_parameters(document, operation))


def _parameters(
    document: dict[str, Any], operation: spec.Operation
) -> Iterator[tuple[str, Parameter]]:
    found = {one["name"]: one["schema"] for one in operation.parameters}
    extra = {}
    required = {one["name"] for one in operation.parameters if one.get("required")}
    if body := examples.resolve(document, operation.node.get("requestBody")):
        schema = examples.resolve(document, body["content"]["application/json"]["schema"])
        found |= schema["properties"]
        required |= set(schema.get("required", ()))
        if schema.get("additionalProperties") is True:
            extra[EXTRA_FIELDS] = Parameter("Mapping[str, object] | None", None)
    for name, schema in found.items():
        if name not in PROJECT:
            yield name, _parameter(schema, required=name in required)
    yield from extra.items()


def _parameter(schema: dict[str, Any], *, required: bool) -> Parameter:
    """Return the parameter for a schema. What isn't required is left out for None."""
    annotation = schemas.annotation(schema)
    if required:
        return Parameter(annotation, schema.get("default", REQUIRED))
    return Parameter(schemas.canonical(f"{annotation} | None"), schema.get("default"))


def _snake_case(name: str) -> str:
    return re.sub(r"(?<!^)(?=[A-Z])", "_", name).lower()


def _problems(
    root: Path,
    module: griffe.Module,
    client: griffe.Class,
    operations: dict[str, dict[str, Parameter]],
) -> Iterator[str]:
    offered = sources.methods(client)
    for name, parameters in operations.items():
        if name in offered:
            yield from _method(root, module, offered[name], parameters)
        else:
            place = sources.place(root, client)
            yield f"{place}: {client.name} lacks {name}(): add it, or list it in NOT_OFFERED"
    if "connect" in offered and "create_session" in offered:
        yield from _connect(root, offered["connect"], offered["create_session"])
    for method in [client["__init__"], *offered.values()]:
        yield from docstrings.problems(root, module, method)


def _method(
    root: Path, module: griffe.Module, method: griffe.Function, wanted: dict[str, Parameter]
) -> Iterator[str]:
    place, name = sources.place(root, method), method.path.removeprefix("ai_gate.client.")
    found = {one.name: one for one in method.parameters if one.name != "self"}
    for extra in found.keys() - wanted.keys():
        yield f"{place}: {name}(): the spec has no parameter {extra}: remove it"
    for parameter, expected in wanted.items():
        if parameter not in found:
            yield f"{place}: {name}() lacks the parameter: add `{parameter}{expected}`"
            continue
        annotation = str(found[parameter].annotation)
        if schemas.canonical(SUGGESTED.sub("str", annotation)) != expected.annotation:
            yield f"{place}: {name}(): {parameter} must be {expected.annotation}, not {annotation}"
        default = _default(module, found[parameter])
        if default != expected.default:
            yield (
                f"{place}: {name}(): {parameter} must be {_said(expected.default)}, "
                f"as in the spec, not {_said(default)}"
            )
        if _is_by_keyword(found[parameter]) != (parameter == EXTRA_FIELDS):
            yield f"{place}: {name}(): {EXTRA_FIELDS} alone must be keyword-only: see {parameter}"


def _connect(root: Path, connect: griffe.Function, wanted: griffe.Function) -> Iterator[str]:
    """Compare the leading parameters of `connect` with those of the session that it creates."""
    place, name = sources.place(root, connect), connect.path.removeprefix("ai_gate.client.")
    leading = [one for one in connect.parameters if docstrings.is_named(one)]
    expected, found = _written(wanted.parameters), _written(leading)
    if found != expected:
        yield f"{place}: {name}() must begin with `{expected}`, as create_session(), not `{found}`"
    passed = [
        f"{one.name}={one.name}" if _is_by_keyword(one) else one.name
        for one in wanted.parameters
        if one.name != "self"
    ]
    call = f"self.create_session({', '.join(passed)})"
    if _compact(call) not in _compact(connect.source):
        yield f"{place}: {name}() must pass its parameters on: have `{call}` in it"


def _written(parameters: Iterable[griffe.Parameter]) -> str:
    return ", ".join(
        f"{'*, ' * _is_by_keyword(one)}{one.name}: {one.annotation} = {one.default}"
        for one in parameters
        if one.name != "self"
    )


def _is_by_keyword(parameter: griffe.Parameter) -> bool:
    return parameter.kind is griffe.ParameterKind.keyword_only


def _compact(code: str) -> str:
    """Return code without its layout: line breaks, and the commas that black adds with them."""
    return re.sub(r"\s", "", code).replace(",)", ")")


def _default(module: griffe.Module, parameter: griffe.Parameter) -> object:
    if parameter.default is None:
        return REQUIRED
    return sources.value(module, str(parameter.default))


def _said(default: object) -> str:
    return "required" if default is REQUIRED else f"{default!r} by default"
