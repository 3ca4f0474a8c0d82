"""The two versions of the spec: one from git, one from the work tree."""

import json
import subprocess
from pathlib import Path
from typing import Any

from openapi_spec_validator import OpenAPIV31SpecValidator
from ruamel.yaml import YAML
from ruamel.yaml.error import YAMLError

NAME = "openapi.yaml"


class UnreadableError(Exception):
    """Why a version of the spec can't be read, for a person."""


def of_revision(root: Path, base: str) -> dict[str, Any]:
    """Read the spec of a git revision of the tree."""
    try:
        commit = _git(root, "rev-parse", "--verify", f"{base}^{{commit}}")
    except UnreadableError as problem:
        raise UnreadableError(f"git knows no revision {base!r}: {problem}") from None
    try:
        text = _git(root, "show", f"{commit.decode().strip()}:./{NAME}")
    except UnreadableError as problem:
        raise UnreadableError(f"there is no {NAME} in {base}: {problem}") from None
    return parse(text, f"{NAME} of {base}")


def of_work_tree(root: Path) -> dict[str, Any]:
    """Read the spec as it stands in the tree."""
    try:
        text = (root / NAME).read_bytes()
    except OSError as problem:
        raise UnreadableError(f"there is no {NAME} in the work tree: {problem.strerror}") from None
    return parse(text, f"{NAME} of the work tree")


def parse(text: bytes, name: str) -> dict[str, Any]:
    """Read an OpenAPI document, with all keys as strings, dates too, and every `$ref` sound."""
    try:
        loaded = YAML(typ="safe").load(text.decode("utf-8"))
        document: dict[str, Any] = json.loads(json.dumps(loaded, default=str))
    except (YAMLError, ValueError, TypeError) as problem:
        raise UnreadableError(f"{name} can't be read as YAML: {problem}") from None
    if fault := _fault(document):
        raise UnreadableError(f"{name} isn't OpenAPI 3.1: {fault}")
    return document


def _git(root: Path, *arguments: str) -> bytes:
    try:
        result = subprocess.run(["git", *arguments], cwd=root, capture_output=True, check=False)
    except OSError as problem:
        raise UnreadableError(f"git can't be run: {problem.strerror}") from None
    if result.returncode != 0:
        raise UnreadableError(result.stderr.decode("utf-8", "replace").strip())
    return result.stdout


def _fault(document: dict[str, Any]) -> str | None:
    # Beside the errors that it lists, the validator raises whatever it meets when a reference
    # leads nowhere or in a circle, or when a node has another shape than it trusts in.
    try:
        for error in OpenAPIV31SpecValidator(document).iter_errors():
            path = "/".join(str(part) for part in error.absolute_path)
            return f"#/{path}: {error.message.splitlines()[0]}"
    except RecursionError:
        return "a $ref leads in a circle"
    except Exception as error:
        # An unresolvable reference is told with the whole document behind it.
        return f"{type(error).__name__}: {str(error)[:120]}"
    return None
