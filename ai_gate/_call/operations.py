"""The operations of the gate that the SDK offers: what each one sends."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from ai_gate._lazy import LazyModule
from ai_gate.errors import AIGateError
from ai_gate.types import SessionResponse, TurnCredentials

if TYPE_CHECKING:
    from ai_gate_api import api
else:
    # The request builders are imported by the first call.
    api = LazyModule("ai_gate_api.api")


@dataclass(slots=True, eq=False)
class Operation:
    """One call of the gate."""

    request: dict[str, Any] = field(repr=False)
    """Method, path, query, headers and body, as the generated request builder gives them."""
    idempotent: bool
    """Whether sending it twice does no harm. A session is billed each time."""
    required: frozenset[str]
    """The keys that the type of the response promises."""

    @property
    def method(self) -> str:
        """The HTTP method in capitals."""
        return str(self.request["method"]).upper()

    @property
    def path(self) -> str:
        """The path without its query."""
        return str(self.request["url"])


def create_session(
    project_id: str,
    *,
    model: str | None,
    voice: str | None,
    temperature: float | None,
    instructions: str | None,
    extra_fields: Mapping[str, object],
) -> Operation:
    """`POST /session`. What is None is left out; extra fields are sent as they are."""
    request = api.create_session(
        project_id=project_id,
        model=model,
        voice=voice,
        temperature=temperature,
        instructions=instructions,
    )
    request["json"] |= extra_fields
    return Operation(
        request=request,
        idempotent=False,
        required=SessionResponse.__required_keys__,
    )


def checked_extra_fields(extra_body: Mapping[str, object] | None) -> dict[str, object]:
    """Return the fields of `extra_body`. If JSON can't hold their values, sending them tells.

    Raises:
        AIGateError: It is no mapping of names, or has the project ID in it.
    """
    if extra_body is None:
        return {}
    if not isinstance(extra_body, Mapping):
        raise AIGateError(f"extra_body must be a mapping, not {type(extra_body).__name__}.")
    fields = dict(extra_body)
    if kinds := {type(name).__name__ for name in fields if not isinstance(name, str)}:
        raise AIGateError(
            f"The keys of extra_body must be strings, not {', '.join(sorted(kinds))}."
        )
    # A str subclass, such as a member of an enum, can be unequal to the name that JSON has for it.
    fields = {str.__str__(name): value for name, value in fields.items()}
    if "project_id" in fields:
        raise AIGateError("extra_body can't replace project_id: make a client for each project.")
    return fields


def get_turn_credentials(project_id: str) -> Operation:
    """`GET /turn-credentials`."""
    return Operation(
        request=api.get_turn_credentials(identifier=project_id),
        idempotent=True,
        required=TurnCredentials.__required_keys__,
    )
