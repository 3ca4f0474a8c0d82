"""openapi.yaml by itself."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from openapi_spec_validator import OpenAPIV31SpecValidator
from ruamel.yaml import YAML

from scripts.checks import examples
from scripts.checks.outcome import fail_on

NAME = "openapi.yaml"


def load(root: Path) -> dict[str, Any]:
    """Read the spec of a tree."""
    document: dict[str, Any] = YAML(typ="safe").load(root / NAME)
    return document


def check_spec(root: Path) -> None:
    """Hold openapi.yaml against OpenAPI 3.1, and each of its examples against its schema."""
    document = load(root)
    fail_on(f"{NAME}: {problem}" for problem in _problems(document))


def _problems(document: dict[str, Any]) -> Iterator[str]:
    broken = False
    for error in OpenAPIV31SpecValidator(document).iter_errors():
        broken = True
        path = "/".join(str(part) for part in error.absolute_path)
        yield f"#/{path}: {error.message}"
    if not broken:
        yield from examples.problems(document)
