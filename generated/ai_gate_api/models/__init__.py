"""Contains all the data models used in inputs/outputs"""

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
