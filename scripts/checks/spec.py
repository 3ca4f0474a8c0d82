"""openapi.yaml alone: is it OpenAPI 3.1, and do its examples fit?"""

from collections.abc import Iterable, Iterator
from functools import lru_cache
from pathlib import Path
from typing import Any, NamedTuple

from jsonschema.exceptions import SchemaError, ValidationError
from openapi_schema_validator import OAS31Validator
from openapi_spec_validator import OpenAPIV31SpecValidator
from ruamel.yaml import YAML
from ruamel.yaml.error import MarkedYAMLError

from scripts.checks import CheckFailedError, examples, fail_on

NAME = "openapi.yaml"
METHODS = ("get", "put", "post", "delete", "options", "head", "patch", "trace")


def load(root: Path) -> dict[str, Any]:
    """Read the spec of a tree."""
    return _parse((root / NAME).read_text("utf-8"))


@lru_cache(maxsize=4)
def _parse(text: str) -> dict[str, Any]:
    try:
        document: dict[str, Any] = YAML(typ="safe").load(text)
    except MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else 1
        raise CheckFailedError(f"{NAME}:{line}: {error.problem}") from error
    return document


class Operation(NamedTuple):
    """An operation, with the parameters of its path among its own."""

    path: str
    node: dict[str, Any]
    parameters: list[dict[str, Any]]


def operations(document: dict[str, Any]) -> Iterator[Operation]:
    """Find the operations of a spec."""
    for path, item in document["paths"].items():
        for node in [item[method] for method in METHODS if method in item]:
            parameters = [*item.get("parameters", ()), *node.get("parameters", ())]
            resolved = [examples.resolve(document, one) for one in parameters]
            yield Operation(path, node, resolved)


def check_spec(root: Path) -> None:
    """Hold openapi.yaml against OpenAPI 3.1, and each of its examples against its schema."""
    document = load(root)
    fail_on(f"{NAME}: {problem}" for problem in _problems(document))


def _problems(document: dict[str, Any]) -> list[str]:
    """Return the problems of the first stage that finds any: the next ones build on it."""
    for stage in (_structure, _schemas, _references, examples.problems, _rules):
        if found := list(stage(document)):
            return found
    return []


def _structure(document: dict[str, Any]) -> Iterator[str]:
    yield from _told("#", OpenAPIV31SpecValidator.schema_validator.iter_errors(document))


def _schemas(document: dict[str, Any]) -> Iterator[str]:
    for place, node in examples.nodes(document):
        owner, _, key = place.rpartition("/")
        if key == "schema" or owner == "#/components/schemas":
            try:
                OAS31Validator.check_schema(node)
            except SchemaError as error:
                yield from _told(place, [error])


def _references(document: dict[str, Any]) -> Iterator[str]:
    for place, node in examples.nodes(document):
        if isinstance(node, dict) and isinstance(node.get("$ref"), str):
            try:
                examples.resolve(document, node)
            except (KeyError, TypeError):
                yield f"{place}/$ref: there is no {node['$ref']}"


def _rules(document: dict[str, Any]) -> Iterator[str]:
    """What no schema can say, such as operation IDs that must differ."""
    yield from _told("#", OpenAPIV31SpecValidator(document).iter_errors())


def _told(place: str, errors: Iterable[ValidationError | SchemaError]) -> Iterator[str]:
    for error in errors:
        path = "".join(f"/{examples.escaped(part)}" for part in error.absolute_path)
        yield f"{place}{path}: {error.message.splitlines()[0]}"
