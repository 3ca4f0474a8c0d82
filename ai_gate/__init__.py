"""The Python SDK for AI Gate: OpenAI Realtime sessions and TURN credentials from a project ID.

Example:
    ```python
    from ai_gate import AIGateClient

    with AIGateClient(project_id="your-project-id") as client:
        session = client.create_session(model="gpt-realtime", voice="marin")
        print("Session created:", session["session_id"])
    ```
"""

from ai_gate._lazy import TYPE_CHECKING, lazy
from ai_gate._version import __version__

__all__ = [
    "AIGateClient",
    "AIGateError",
    "APIConnectionError",
    "APITimeoutError",
    "AsyncAIGateClient",
    "AuthenticationError",
    "BadRequestError",
    "ConcurrentLimitError",
    "InvalidResponseError",
    "QuotaExceededError",
    "RateLimit",
    "RateLimitError",
    "ServerError",
    "__version__",
]

if TYPE_CHECKING:
    from ai_gate._call.rate_limit import RateLimit
    from ai_gate.client import AIGateClient, AsyncAIGateClient
    from ai_gate.errors import (
        AIGateError,
        APIConnectionError,
        APITimeoutError,
        AuthenticationError,
        BadRequestError,
        ConcurrentLimitError,
        InvalidResponseError,
        QuotaExceededError,
        RateLimitError,
        ServerError,
    )
else:
    _HOMES = {
        "AIGateClient": "ai_gate.client",
        "AsyncAIGateClient": "ai_gate.client",
        "RateLimit": "ai_gate._call.rate_limit",
    }
    __getattr__, __dir__ = lazy(
        __name__,
        __all__,
        _HOMES,
        others="ai_gate.errors",
        modules=("client", "errors", "limits", "types"),
    )
