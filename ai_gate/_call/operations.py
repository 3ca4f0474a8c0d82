"""The operations of the gate that the SDK offers: what each one sends."""

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from ai_gate._lazy import LazyModule
from ai_gate.types import SessionResponse, TurnCredentials

if TYPE_CHECKING:
    from ai_gate_api import api
else:
    # The request builders are imported by the first call.
    api = LazyModule("ai_gate_api.api")


@dataclass(frozen=True, slots=True)
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
) -> Operation:
    """`POST /session`. What is None is left out."""
    return Operation(
        request=api.create_session(
            project_id=project_id,
            model=model,
            voice=voice,
            temperature=temperature,
            instructions=instructions,
        ),
        idempotent=False,
        required=SessionResponse.__required_keys__,
    )


def get_turn_credentials(project_id: str) -> Operation:
    """`GET /turn-credentials`."""
    return Operation(
        request=api.get_turn_credentials(identifier=project_id),
        idempotent=True,
        required=TurnCredentials.__required_keys__,
    )
