"""The bodies that the gate sends and expects, as typed dicts.

At run time every body is a plain dict, just as the gate sent it: fields that aren't listed here
can come at any time and are there too.

Example:
    >>> from ai_gate.types import SessionResponse
    >>> def client_secret(session: SessionResponse) -> str:
    ...     return session["client_secret"]["value"]
"""

import sys
from typing import Any, Literal, NotRequired, TypeAlias

if sys.version_info >= (3, 12):
    from typing import TypedDict
else:
    # pydantic, and so FastAPI, takes no other there.
    from typing_extensions import TypedDict

__all__ = [
    "ClientSecret",
    "ConcurrentLimitResponse",
    "CreateSessionRequest",
    "ErrorResponse",
    "HealthResponse",
    "IceServer",
    "Model",
    "QuotaExceededResponse",
    "RateLimitResponse",
    "SessionMetadata",
    "SessionResponse",
    "TurnCredentials",
    "TurnDetection",
    "Usage",
    "Voice",
]

Model: TypeAlias = (
    Literal["gpt-4o-realtime-preview-2024-10-01", "gpt-realtime", "gpt-realtime-mini"] | str
)
"""An OpenAI Realtime model. An editor completes the known ones; any other goes through as well."""

Voice: TypeAlias = (
    Literal[
        "alloy",
        "ash",
        "ballad",
        "cedar",
        "coral",
        "echo",
        "fable",
        "marin",
        "nova",
        "onyx",
        "sage",
        "shimmer",
        "verse",
    ]
    | str
)
"""A voice of the model. An editor completes the known ones; any other goes through as well."""


class CreateSessionRequest(TypedDict):
    """What the session is to be: the body of `POST /session`. Any other field is legal too."""

    project_id: str
    model: NotRequired[str]
    voice: NotRequired[str]
    temperature: NotRequired[float]
    instructions: NotRequired[str]


class ClientSecret(TypedDict):
    """The bearer token that opens the WebRTC connection, good for about 60 seconds."""

    value: str
    expires_at: int


class IceServer(TypedDict):
    """One STUN or TURN server, as W3C's `RTCIceServer`."""

    urls: str | list[str]
    username: NotRequired[str]
    credential: NotRequired[str]


class TurnCredentials(TypedDict):
    """The ICE servers of a WebRTC connection, good for 600 seconds."""

    iceServers: list[IceServer]
    _auth_method: NotRequired[str]
    _turn_enabled: NotRequired[bool]


class TurnDetection(TypedDict):
    """How the model notices that the user has finished speaking."""

    type: str
    threshold: NotRequired[float]
    prefix_padding_ms: NotRequired[int]
    silence_duration_ms: NotRequired[int]


class SessionMetadata(TypedDict):
    """What the gate notes of a session."""

    model: str
    voice: str
    turn_server: str
    created_at: str


class SessionResponse(TypedDict):
    """OpenAI's session with the fields that the gate adds: the response to `POST /session`.

    The gate can leave `client_secret` out. That is logged as a warning.
    """

    id: str
    object: NotRequired[str]
    model: str
    expires_at: NotRequired[int]
    modalities: NotRequired[list[str]]
    instructions: NotRequired[str]
    voice: NotRequired[str]
    input_audio_format: NotRequired[str]
    output_audio_format: NotRequired[str]
    input_audio_transcription: NotRequired[dict[str, Any] | None]
    turn_detection: NotRequired[TurnDetection | None]
    tools: NotRequired[list[dict[str, Any]]]
    tool_choice: NotRequired[str | dict[str, Any]]
    temperature: NotRequired[float]
    max_response_output_tokens: NotRequired[int | str]
    client_secret: ClientSecret
    turn_credentials: TurnCredentials
    session_id: str
    metadata: SessionMetadata


class HealthResponse(TypedDict):
    """The state of the gate: the response to `GET /health`."""

    status: str


class ErrorResponse(TypedDict):
    """What every error of the gate has in common."""

    error: str
    message: str


class Usage(TypedDict):
    """The project's use of its plan in the current month."""

    plan: str
    sessionsIncluded: NotRequired[int]
    sessionsUsed: int
    sessionsRemaining: NotRequired[int]
    estimatedMinutes: NotRequired[float]
    minutesUsed: NotRequired[float]
    percentUsed: NotRequired[float]


class QuotaExceededResponse(ErrorResponse):
    """The sessions of the month are used up: `response` of a `QuotaExceededError`."""

    usage: Usage
    upgrade_url: str


class RateLimitResponse(ErrorResponse):
    """Too many requests: `response` of a `RateLimitError`."""

    limit: int
    window: str
    resetAt: str


class ConcurrentLimitResponse(ErrorResponse):
    """Too many live sessions: `response` of a `ConcurrentLimitError`."""

    current: int
    max: int
    hint: NotRequired[str]
