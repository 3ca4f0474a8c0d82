"""Compare the examples that the mock gate answers with to their schemas."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from scripts.checks import examples, fail_on, spec

TEMPLATES = {
    "session": "SessionResponse",
    "turn_credentials": "TurnCredentials",
    "healthy": "HealthResponse",
    "quota_exceeded": "QuotaExceededResponse",
    "rate_limit": "RateLimitResponse",
    "concurrent_limit": "ConcurrentLimitResponse",
    "unknown_project": "ErrorResponse",
    "invalid_request": "ErrorResponse",
    "not_found": "ErrorResponse",
    "internal_error": "ErrorResponse",
}
"""The examples that the mock gate fills in, and the schemas that they must show whole."""


def check_mock(root: Path) -> None:
    """Check that each such example has every property of its schema."""
    document = spec.load(root)
    fail_on(
        problem
        for name, schema in TEMPLATES.items()
        for problem in _missing(
            document,
            document["components"]["examples"][name]["value"],
            document["components"]["schemas"][schema],
            f"#/components/examples/{name}/value",
        )
    )


def _missing(
    document: dict[str, Any], value: Any, schema: dict[str, Any], place: str
) -> Iterator[str]:
    schema = examples.resolve(document, schema)
    for variant in (*schema.get("oneOf", ()), *schema.get("anyOf", ())):
        yield from _missing(document, value, variant, place)
    if isinstance(value, dict):
        for key, item in schema.get("properties", {}).items():
            if key in value:
                yield from _missing(document, value[key], item, f"{place}/{key}")
            else:
                yield (
                    f"{spec.NAME}: {place} lacks `{key}`: add it, because the mock gate answers "
                    "with this example"
                )
    elif isinstance(value, list) and value:
        yield from _in_list(document, value, schema, place)


def _in_list(
    document: dict[str, Any], values: list[Any], schema: dict[str, Any], place: str
) -> Iterator[str]:
    """Check that each property is in one item at least: STUN servers lack a user name."""
    item = examples.resolve(document, schema.get("items", {}))
    shown = {key for value in values if isinstance(value, dict) for key in value}
    for key in item.get("properties", {}).keys() - shown:
        yield f"{spec.NAME}: no item of {place} has `{key}`: add it to one of them"
