"""The names of the spec that the code repeats by hand, because importing them costs too much."""

import ast
import logging
import runpy
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from jsonschema import FormatChecker

from scripts.checks import examples, facade, fail_on, spec

READERS = {"get", "_field"}
"""The methods that read a field or a header of an answer."""
ELSEWHERE = {
    "__name__",
    "all",
    "code",
    "content-encoding",
    "content-length",
    "date",
    "headers",
    "issuer",
    "location",
    "network_stream",
    "no",
    "notAfter",
    "read",
    "status_details",
    "subjectAltName",
    "timeout",
    "type",
    "x-request-id",
}
"""Names that aren't the gate's but those of Python, HTTP, httpx, httpcore and OpenAI."""
OTHER_SIDE = "testing"
"""The folder with the mock gate, which holds each of its own answers against the spec."""
REDACTION = "ai_gate/_redaction.py"
PROJECT_ID = "proj_abc123"


def check_names(root: Path) -> None:
    """Check that the fields and headers that the code reads exist, and that secrets are masked."""
    document = spec.load(root)
    redaction = runpy.run_path(str(root / REDACTION))
    fail_on([*_read(root, document), *_masked(redaction, document), *_hidden(redaction, document)])


def _read(root: Path, document: dict[str, Any]) -> Iterator[str]:
    known = ELSEWHERE | {name.lower() for name in document["components"]["headers"]}
    for schema in document["components"]["schemas"].values():
        known |= schema.get("properties", {}).keys()
    for path in sorted((root / "ai_gate").rglob("*.py")):
        if OTHER_SIDE not in path.parts[len(root.parts) :]:
            for line, name in _names(path):
                if name not in known:
                    yield (
                        f"{path.relative_to(root)}:{line}: the spec has no {name}: correct it, or "
                        "list it in ELSEWHERE"
                    )


def _names(path: Path) -> Iterator[tuple[int, str]]:
    """Find the names that a file reads; those in capitals are variables of the environment."""
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.args:
            name = getattr(node.args[0], "value", None)
            if node.func.attr in READERS and isinstance(name, str) and not name.isupper():
                yield node.lineno, name


def _masked(redaction: dict[str, Any], document: dict[str, Any]) -> Iterator[str]:
    """Run the masks on the URL of each operation that has the project ID in it."""
    for url in _urls_with_a_project(document):
        shown = url.replace(PROJECT_ID, "...")
        record = logging.LogRecord(
            "httpx", logging.INFO, "", 0, "%s", (f"https://gate.test{url}",), None
        )
        redaction["MaskedLines"]().filter(record)
        if PROJECT_ID in record.getMessage():
            yield f"{REDACTION}: MaskedLines must mask the project ID in {shown}, as in the spec"
        if PROJECT_ID in str(redaction["without_quotes"](ValueError(url))):
            yield f"{REDACTION}: without_quotes must mask the project ID in {shown}, as in the spec"


def _hidden(redaction: dict[str, Any], document: dict[str, Any]) -> Iterator[str]:
    """Look for the secrets of the examples among the values that the masks take for secrets."""
    values = [one.value for one in examples.examples(document) if isinstance(one.value, dict)]
    hidden = {secret for value in values for secret in redaction["secrets_in"](value)}
    formats = FormatChecker(formats=())
    formats.checks("password")(lambda value: value in hidden)
    found = [error for _, error in examples.misfits(document, formats)]
    # A client secret is an object, which has its value.
    paths = [
        [part for part in error.absolute_path if part != "value"]
        for error in found
        if error.validator == "format"
    ]
    for name in dict.fromkeys(path[-1] for path in paths):
        yield f"{REDACTION}: SECRET_NAMES must have {name}, a secret (format: password) in the spec"


def _urls_with_a_project(document: dict[str, Any]) -> Iterator[str]:
    for operation in spec.operations(document):
        for parameter in operation.parameters:
            name = parameter["name"]
            if name in facade.PROJECT and parameter["in"] == "query":
                yield f"{operation.path}?{name}={PROJECT_ID}"
            elif name in facade.PROJECT:
                yield operation.path.replace(f"{{{name}}}", PROJECT_ID)
