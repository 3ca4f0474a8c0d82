"""Contains all the data models used in inputs/outputs"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .client_secret import ClientSecret
    from .concurrent_limit_response import ConcurrentLimitResponse
    from .create_session_request import CreateSessionRequest
    from .error_response import ErrorResponse
    from .health_response import HealthResponse
    from .ice_server import IceServer
    from .quota_exceeded_response import QuotaExceededResponse
    from .rate_limit_response import RateLimitResponse
    from .session_metadata import SessionMetadata
    from .session_response import SessionResponse
    from .session_response_input_audio_transcription_type_0 import (
        SessionResponseInputAudioTranscriptionType0,
    )
    from .session_response_tool_choice_type_1 import SessionResponseToolChoiceType1
    from .session_response_tools_item import SessionResponseToolsItem
    from .turn_credentials import TurnCredentials
    from .turn_detection import TurnDetection
    from .usage import Usage
else:
    _EXPORTS = {
        "ClientSecret": (".client_secret", "ClientSecret"),
        "ConcurrentLimitResponse": (
            ".concurrent_limit_response",
            "ConcurrentLimitResponse",
        ),
        "CreateSessionRequest": (".create_session_request", "CreateSessionRequest"),
        "ErrorResponse": (".error_response", "ErrorResponse"),
        "HealthResponse": (".health_response", "HealthResponse"),
        "IceServer": (".ice_server", "IceServer"),
        "QuotaExceededResponse": (".quota_exceeded_response", "QuotaExceededResponse"),
        "RateLimitResponse": (".rate_limit_response", "RateLimitResponse"),
        "SessionMetadata": (".session_metadata", "SessionMetadata"),
        "SessionResponse": (".session_response", "SessionResponse"),
        "SessionResponseInputAudioTranscriptionType0": (
            ".session_response_input_audio_transcription_type_0",
            "SessionResponseInputAudioTranscriptionType0",
        ),
        "SessionResponseToolChoiceType1": (
            ".session_response_tool_choice_type_1",
            "SessionResponseToolChoiceType1",
        ),
        "SessionResponseToolsItem": (
            ".session_response_tools_item",
            "SessionResponseToolsItem",
        ),
        "TurnCredentials": (".turn_credentials", "TurnCredentials"),
        "TurnDetection": (".turn_detection", "TurnDetection"),
        "Usage": (".usage", "Usage"),
    }

    def __getattr__(name: str) -> Any:
        if name not in _EXPORTS:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        module, there = _EXPORTS[name]
        value = globals()[name] = getattr(import_module(module, __name__), there)
        return value

    def __dir__() -> list[str]:
        return sorted({*globals(), *_EXPORTS})


__all__ = (
    "ClientSecret",
    "ConcurrentLimitResponse",
    "CreateSessionRequest",
    "ErrorResponse",
    "HealthResponse",
    "IceServer",
    "QuotaExceededResponse",
    "RateLimitResponse",
    "SessionMetadata",
    "SessionResponse",
    "SessionResponseInputAudioTranscriptionType0",
    "SessionResponseToolChoiceType1",
    "SessionResponseToolsItem",
    "TurnCredentials",
    "TurnDetection",
    "Usage",
)
