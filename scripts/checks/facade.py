"""The clients' methods against the spec's operations and defaults."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple, cast

import griffe

from scripts.checks import schemas, sources, spec
from scripts.checks.outcome import fail_on

NOT_OFFERED = {"getHealth"}
"""Operations that the clients deliberately leave to the low-level client."""
PROJECT = {"project_id", "identifier"}
"""Parameters that the client fills in with its own project ID."""
SUGGESTED = {"Model": "str", "Voice": "str"}
"""Types that complete known names, and what they stand for."""
STATED_DEFAULT = re.compile(r"\(default:\s*`(.*?)`", re.DOTALL)


class Parameter(NamedTuple):
    """A parameter of an operation, as a method must offer it."""

    annotation: str
    default: object


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
    for methods in document["paths"].values():
        for operation in methods.values():
            if operation["operationId"] not in NOT_OFFERED:
                yield _snake_case(operation["operationId"]), _parameters(document, operation)


def _parameters(document: dict[str, Any], operation: dict[str, Any]) -> dict[str, Parameter]:
    found = {one["name"]: one["schema"] for one in operation.get("parameters", ())}
    if body := operation.get("requestBody"):
        reference = body["content"]["application/json"]["schema"]["$ref"]
        found |= document["components"]["schemas"][reference.rpartition("/")[2]]["properties"]
    return {
        name: Parameter(schemas.annotation(schema), schema.get("default"))
        for name, schema in found.items()
        if name not in PROJECT
    }


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
            signature = f"{parameter}: {expected.annotation} = {expected.default!r}"
            yield f"{place}: {name}() lacks the parameter: add `{signature}`"
            continue
        annotation = str(found[parameter].annotation)
        if SUGGESTED.get(annotation, schemas.canonical(annotation)) != expected.annotation:
            yield f"{place}: {name}(): {parameter} must be {expected.annotation}, not {annotation}"
        default = sources.value(module, str(found[parameter].default))
        if default != expected.default:
            yield (
                f"{place}: {name}(): {parameter} must be {expected.default!r} by default, "
                f"as in the spec, not {default!r}"
            )


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
