"""The Python SDK for AI Gate: OpenAI Realtime sessions and TURN credentials from a project ID.

Example:
    ```python
    from ai_gate import AIGateClient

    with AIGateClient(project_id="your-project-id") as client:
        session = client.create_session(model="gpt-realtime", voice="marin")
        print("Session created:", session["session_id"])
    ```
"""

from importlib import import_module

from ai_gate._version import __version__

# As checkers know it from `typing`, which itself takes longer to load than all the rest here.
TYPE_CHECKING = False
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

_HOMES = {
    "AIGateClient": "ai_gate.client",
    "AIGateError": "ai_gate.errors",
    "APIConnectionError": "ai_gate.errors",
    "APITimeoutError": "ai_gate.errors",
    "AsyncAIGateClient": "ai_gate.client",
    "AuthenticationError": "ai_gate.errors",
    "BadRequestError": "ai_gate.errors",
    "ConcurrentLimitError": "ai_gate.errors",
    "InvalidResponseError": "ai_gate.errors",
    "QuotaExceededError": "ai_gate.errors",
    "RateLimit": "ai_gate._call.rate_limit",
    "RateLimitError": "ai_gate.errors",
    "ServerError": "ai_gate.errors",
}
_MODULES = ("client", "errors", "types")


def __getattr__(name: str) -> object:
    """Import a public name when it is first used: httpx alone takes longer to load than Python."""
    if name in _MODULES:
        return import_module(f"ai_gate.{name}")
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value: object = getattr(import_module(_HOMES[name]), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    """List the public names, loaded or not."""
    return sorted([*__all__, *_MODULES])
