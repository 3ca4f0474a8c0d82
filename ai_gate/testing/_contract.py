"""`openapi.yaml`, and what openapi-core says of requests and responses."""

import json
import math
import re
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from threading import Lock
from types import SimpleNamespace
from typing import Any

from ai_gate.testing._request import ReceivedRequest
from ai_gate.testing._response import Response

try:
    from jsonschema_path import SchemaPath
    from openapi_core import V31RequestUnmarshaller, V31ResponseValidator
    from openapi_core.datatypes import RequestParameters
    from openapi_core.deserializing.styles.exceptions import EmptyQueryParameterValue
    from openapi_core.exceptions import OpenAPIError
    from openapi_core.templating.media_types.exceptions import MediaTypeNotFound
    from openapi_core.validation.schemas.exceptions import InvalidSchemaValue
except ImportError as error:
    raise ImportError('The mock gate needs more: pip install "ai-gate[testing]"') from error


class ContractError(Exception):
    """A request or a response departs from the spec. The message quotes no value of it."""


@dataclass(frozen=True)
class Call:
    """What a valid request asks for, with the spec's defaults filled in."""

    body: Mapping[str, Any]
    query: Mapping[str, Any]


class Contract:
    """The spec, and openapi-core's validation of requests and responses against it."""

    def __init__(self, document: Mapping[str, Any]) -> None:
        # With the servers of the spec, openapi-core finds none for a request to 127.0.0.1.
        servers = [{"url": "/"}]
        # Following the same references anew for each request would take half of its time.
        self.spec = SchemaPath.from_dict(
            {**document, "servers": servers}, resolved_cache_maxsize=10_000
        )
        readers: dict[str, Callable[..., Any]] = {"application/json": _read_json}
        self._requests = V31RequestUnmarshaller(self.spec, extra_media_type_deserializers=readers)
        self._responses = V31ResponseValidator(self.spec, extra_media_type_deserializers=readers)
        self._lock = Lock()
        self.operations: Mapping[tuple[str, str], str] = {
            (method.upper(), path): _snake_case(operation["operationId"])
            for path, item in document["paths"].items()
            for method, operation in item.items()
            if "operationId" in operation
        }
        self._examples = document["components"]["examples"]
        self._schemas = document["components"]["schemas"]

    def example(self, name: str) -> Any:
        """Return the value of a named example."""
        return self._examples[name]["value"]

    def properties(self, schema: str) -> Collection[str]:
        """Return the names of the documented properties of a schema."""
        names: Collection[str] = self._schemas[schema]["properties"].keys()
        return names

    def read_request(self, request: ReceivedRequest) -> Call:
        """Validate a request to a documented operation.

        Raises:
            ContractError: It departs from the spec.
        """
        try:
            with self._lock:
                result = self._requests.unmarshal(_core_request(request))
        except RecursionError as error:
            raise ContractError("the body is nested too deeply") from error
        if result.errors:
            raise ContractError(_describe(result.errors))
        return Call(body=result.body or {}, query=result.parameters.query)

    def check_response(self, method: str, path: str, response: Response) -> None:
        """Validate a response of a documented operation.

        Raises:
            ContractError: It departs from the spec.
        """
        request = _core_request(ReceivedRequest(method, path, {}, {}, b""))
        try:
            with self._lock:
                self._responses.validate(request, _core_response(response))
        except OpenAPIError as error:
            raise ContractError(f"{response.status}: {_describe([error])}") from error


@cache
def load_contract() -> Contract:
    """Read the spec once for each process."""
    return Contract(read_document("ai_gate_api", "openapi.json"))


def read_document(package: str, name: str) -> Any:
    """Read an OpenAPI document of a package."""
    return json.loads((files(package) / name).read_text("utf-8"))


def _snake_case(name: str) -> str:
    """Name an operation as the clients do."""
    return re.sub("(?=[A-Z])", "_", name).lower()


def _core_request(request: ReceivedRequest) -> Any:
    """Put a request into the shape that openapi-core reads."""
    # A repeated parameter goes in as a list, so that a schema of type string refuses it.
    query = {
        name: values[0] if len(values) == 1 else values for name, values in request.query.items()
    }
    # openapi-core fails on parameters of a media type that aren't `name=value`.
    media_type = request.headers.get("content-type", "").split(";")[0].strip()
    return SimpleNamespace(
        host_url="http://127.0.0.1",
        method=request.method.lower(),
        path=request.path,
        content_type=media_type.lower(),
        body=request.body or None,
        parameters=RequestParameters(query=query, header=dict(request.headers)),
    )


def _core_response(response: Response) -> Any:
    return SimpleNamespace(
        status_code=response.status,
        content_type=response.content_type,
        headers=response.headers,
        data=response.body or None,
    )


def _read_json(body: bytes, **_: str) -> Any:
    """Read JSON strictly.

    It raises ContractError, because openapi-core would catch a ValueError.
    """
    try:
        return json.loads(
            body.decode("utf-8"), parse_constant=_refuse_constant, parse_float=_finite
        )
    except RecursionError as error:
        raise ContractError("the body is nested too deeply") from error
    except ValueError as error:
        raise ContractError(f"the body is no valid JSON: {error}") from error


def _refuse_constant(name: str) -> None:
    raise ValueError(f"{name} is no JSON")


def _finite(number: str) -> float | None:
    """Return a number, or None if it is too large: the gate's JavaScript writes it so."""
    value = float(number)
    return value if math.isfinite(value) else None


def _describe(errors: Iterable[Exception]) -> str:
    return "; ".join(_describe_one(error) for error in errors)


def _describe_one(error: Exception) -> str:
    """Say what is wrong in terms of the schema, since values may be secret."""
    place = getattr(error, "name", "")
    match error.__cause__:
        case InvalidSchemaValue(schema_errors=errors):
            return "; ".join(_describe_schema_error(schema_error, place) for schema_error in errors)
        case MediaTypeNotFound(availableMimetypes=media_types):
            return f"the content type must be {' or '.join(media_types)}"
        case EmptyQueryParameterValue(name=name):
            return f"{name} must not be empty"
        case None:
            return str(error)
        case cause:
            return f"{place or 'the body'}: {type(cause).__name__}"


def _describe_schema_error(error: Any, place: str) -> str:
    place = ".".join([place, *map(str, error.absolute_path)]).strip(".") or "the body"
    if error.validator == "required":
        missing = [name for name in error.validator_value if name not in error.instance]
        return f"{place} lacks {', '.join(missing)}"
    if error.validator == "additionalProperties":
        return f"{place} may hold only {', '.join(error.schema['properties'])}"
    rule = json.dumps(error.validator_value)
    return f"{place} does not satisfy {error.validator}: {rule}"
