"""The clients' methods against the spec's operations and defaults."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple, cast

import griffe

from scripts.checks import examples, schemas, sources, spec
from scripts.checks.outcome import fail_on

NOT_OFFERED = {"getHealth"}
"""Operations that the clients deliberately leave to the low-level client."""
PROJECT = {"project_id", "identifier"}
"""Parameters that the client fills in with its own project ID."""
SUGGESTED = {"Model": "str", "Voice": "str"}
"""Types that complete known names, and what they stand for."""
REQUIRED = object()
"""The default of a parameter that has none."""
METHODS = ("get", "put", "post", "delete", "options", "head", "patch", "trace")
STATED_DEFAULT = re.compile(r"\(default:\s*`(.*?)`", re.DOTALL)


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
    operations = dict(_operations(document))
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


def _operations(document: dict[str, Any]) -> Iterator[tuple[str, dict[str, Parameter]]]:
    for item in document["paths"].values():
        for operation in [item[method] for method in METHODS if method in item]:
            if operation["operationId"] not in NOT_OFFERED:
                shared = [*item.get("parameters", ()), *operation.get("parameters", ())]
                parameters = dict(_parameters(document, {**operation, "parameters": shared}))
                yield _snake_case(operation["operationId"]), parameters


def _parameters(
    document: dict[str, Any], operation: dict[str, Any]
) -> Iterator[tuple[str, Parameter]]:
    found: dict[str, Any] = {}
    required: set[str] = set()
    for one in operation["parameters"]:
        parameter = examples.resolve(document, one)
        found[parameter["name"]] = parameter["schema"]
        required |= {parameter["name"]} if parameter.get("required") else set()
    if body := examples.resolve(document, operation.get("requestBody")):
        schema = examples.resolve(document, body["content"]["application/json"]["schema"])
        found |= schema["properties"]
        required |= set(schema.get("required", ()))
    for name, schema in found.items():
        if name not in PROJECT:
            yield name, _parameter(schema, required=name in required)


def _parameter(schema: dict[str, Any], *, required: bool) -> Parameter:
    annotation = schemas.annotation(schema)
    if "default" in schema:
        return Parameter(annotation, schema["default"])
    if required:
        return Parameter(annotation, REQUIRED)
    return Parameter(schemas.canonical(f"{annotation} | None"), None)


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
    for method in [client["__init__"], *offered.values()]:
        yield from _stated_defaults(root, module, method)


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
        if SUGGESTED.get(annotation, schemas.canonical(annotation)) != expected.annotation:
            yield f"{place}: {name}(): {parameter} must be {expected.annotation}, not {annotation}"
        default = _default(module, found[parameter])
        if default != expected.default:
            yield (
                f"{place}: {name}(): {parameter} must be {_said(expected.default)}, "
                f"as in the spec, not {_said(default)}"
            )


def _default(module: griffe.Module, parameter: griffe.Parameter) -> object:
    if parameter.default is None:
        return REQUIRED
    return sources.value(module, str(parameter.default))


def _said(default: object) -> str:
    return "required" if default is REQUIRED else f"{default!r} by default"


def _stated_defaults(root: Path, module: griffe.Module, method: griffe.Function) -> Iterator[str]:
    documented = _documented(method)
    place, name = sources.place(root, method), method.path.removeprefix("ai_gate.client.")
    for parameter in method.parameters:
        if parameter.name in ("self", "cls") or parameter.kind is griffe.ParameterKind.var_keyword:
            continue
        text = documented.get(parameter.name)
        if text is None:
            yield f"{place}: {name}(): the docstring lacks {parameter.name}"
        elif parameter.default is not None:
            default = sources.value(module, str(parameter.default))
            stated = STATED_DEFAULT.search(text)
            if stated is None or stated[1] != str(default):
                yield (
                    f"{place}: {name}(): the docstring of {parameter.name} must say "
                    f"(default: `{default}`)"
                )


def _documented(method: griffe.Function) -> dict[str, str]:
    owner = method.parent if method.name == "__init__" else method
    docstring = owner.docstring if owner else None
    sections = docstring.parse("google", warnings=False) if docstring else []
    return {
        parameter.name: parameter.description
        for section in sections
        if isinstance(section, griffe.DocstringSectionParameters)
        for parameter in section.value
    }
