"""What the facade repeats of the spec for its users: signatures and typed dicts."""

from __future__ import annotations

import inspect
import operator
from functools import reduce
from types import NoneType
from typing import Any, Literal, TypeAlias, get_args, get_origin, get_type_hints, is_typeddict

import pytest

import ai_gate.types
from ai_gate import AIGateClient, AsyncAIGateClient

from .spec import DOCUMENT

AnyClient: TypeAlias = type[AIGateClient] | type[AsyncAIGateClient]
CLIENTS: tuple[AnyClient, ...] = (AIGateClient, AsyncAIGateClient)
SCHEMAS: dict[str, dict[str, Any]] = DOCUMENT["components"]["schemas"]
REQUEST = SCHEMAS["CreateSessionRequest"]["properties"]

# The product page reads it without a check, so the type promises it.
PROMISED_BEYOND_THE_SPEC = {"SessionResponse": {"client_secret"}}

SCALARS: dict[str, Any] = {
    "string": str,
    "integer": int,
    "number": float,
    "boolean": bool,
    "null": NoneType,
    "object": dict[str, Any],
}


def annotation(schema: dict[str, Any]) -> Any:
    """The type that a schema's values have in Python."""
    if "$ref" in schema:
        return getattr(ai_gate.types, schema["$ref"].rpartition("/")[2])
    if options := schema.get("anyOf") or schema.get("oneOf"):
        return reduce(operator.or_, map(annotation, options))
    if isinstance(kinds := schema["type"], list):
        return reduce(operator.or_, (SCALARS[kind] for kind in kinds))
    if schema["type"] == "array":
        return list[annotation(schema["items"])]  # type: ignore[misc]
    return SCALARS[schema["type"]]


def known_names(alias: Any) -> tuple[str, ...]:
    """The names of an alias that is a Literal or any other string."""
    literal, other = get_args(alias)
    assert get_origin(literal) is Literal
    assert other is str
    return get_args(literal)


@pytest.mark.parametrize("name", SCHEMAS)
def test_typed_dict(name: str) -> None:
    schema, typed_dict = SCHEMAS[name], getattr(ai_gate.types, name)
    types = {key: annotation(property_) for key, property_ in schema["properties"].items()}
    assert get_type_hints(typed_dict) == types
    required = set(schema["required"]) | PROMISED_BEYOND_THE_SPEC.get(name, set())
    assert typed_dict.__required_keys__ == required


def test_every_typed_dict_has_a_schema() -> None:
    public = {name: getattr(ai_gate.types, name) for name in ai_gate.types.__all__}
    assert {name for name, value in public.items() if is_typeddict(value)} == SCHEMAS.keys()


def test_what_is_promised_beyond_the_spec_is_optional_there() -> None:
    for name, keys in PROMISED_BEYOND_THE_SPEC.items():
        assert keys.isdisjoint(SCHEMAS[name]["required"])


@pytest.mark.parametrize(
    ("alias", "parameter"), [(ai_gate.types.Model, "model"), (ai_gate.types.Voice, "voice")]
)
def test_an_editor_completes_the_names_that_the_spec_knows(alias: Any, parameter: str) -> None:
    assert known_names(alias) == tuple(REQUEST[parameter]["examples"])


@pytest.mark.parametrize("client", CLIENTS)
def test_defaults_of_create_session(client: AnyClient) -> None:
    parameters = list(inspect.signature(client.create_session).parameters.values())[1:]
    defaults = {parameter.name: parameter.default for parameter in parameters}
    spec = {name: node["default"] for name, node in REQUEST.items() if name != "project_id"}
    assert list(defaults.items()) == list(spec.items())


@pytest.mark.parametrize("client", CLIENTS)
def test_default_base_url(client: AnyClient) -> None:
    parameters = inspect.signature(client).parameters
    assert parameters["base_url"].default == DOCUMENT["servers"][0]["url"]
