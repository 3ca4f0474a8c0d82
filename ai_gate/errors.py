"""The errors of the SDK, one tree under `AIGateError`.

```
AIGateError                    every failure; itself if a status has no class of its own
├── APIConnectionError         no whole response came
│   └── APITimeoutError        ... before the call's time was over
├── BadRequestError            400
├── AuthenticationError        401: no such project, or no OpenAI key in its vault
├── QuotaExceededError         402: the month's sessions are used up
├── RateLimitError             429: too many requests
├── ConcurrentLimitError       429: too many live sessions
├── ServerError                5xx, Cloudflare's 520 to 530 included
└── InvalidResponseError       a 2xx whose body is cut short or no JSON object
```
"""

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any, ClassVar, TypeVar, cast

import httpx

from ai_gate._timestamps import parse_iso8601
from ai_gate.types import Usage

__all__ = [
    "AIGateError",
    "APIConnectionError",
    "APITimeoutError",
    "AuthenticationError",
    "BadRequestError",
    "ConcurrentLimitError",
    "InvalidResponseError",
    "QuotaExceededError",
    "RateLimitError",
    "ServerError",
]

T = TypeVar("T")


class AIGateError(Exception):
    """Any failure of the SDK, and the parent of all its errors.

    Args:
        message: What went wrong, for a person.
        status_code: The HTTP status of the response, or None if none came.
        response: The JSON object of the response; empty if there was none.
        body: The bytes of the response, as far as they came.
        headers: The headers of the response.
        retry_after: The response's `Retry-After` in seconds, counted from when it came.
        sent: Whether anything of the request can have been sent; by default if there is a status.

    Example:
        >>> error = AIGateError("Quota exceeded: none left", 402, {"error": "quota_exceeded"})
        >>> error.status_code, error.response.get("error")
        (402, 'quota_exceeded')
    """

    message: str
    """What went wrong, for a person. Secrets and the project ID are masked in it."""
    status_code: int | None
    """The HTTP status of the response, or None if none came."""
    response: dict[str, Any]
    """The JSON object of the response, as it came; empty if there was none."""
    body: bytes
    """The bytes of the response, as far as they came."""
    headers: Mapping[str, str]
    """The headers of the response, whatever the case of a name; empty if none came."""
    retry_after: float | None
    """The response's `Retry-After` in seconds, counted from when it came, or None."""
    sent: bool
    """Whether anything of the request can have been sent: not if a limiter refused it."""

    _statuses: ClassVar[Iterable[int]] = ()
    """The HTTP statuses that mean this error."""
    _code: ClassVar[str | None] = None
    """The gate's `error` that means this error under any status."""
    _prefix: ClassVar[str] = ""
    """How the message begins; callers of the first SDK match on it."""
    _advice: ClassVar[str] = "the gate refused the request"
    """What the message says if the gate gave none."""

    def __init__(
        self,
        message: str,
        status_code: int | None = None,
        response: dict[str, Any] | None = None,
        *,
        body: bytes = b"",
        headers: Mapping[str, str] | None = None,
        retry_after: float | None = None,
        sent: bool | None = None,
    ) -> None:
        super().__init__(message)
        self.message = message
        self.status_code = status_code
        self.response = {} if response is None else response
        self.body = body
        self.headers = httpx.Headers(headers)
        self.retry_after = retry_after
        self.sent = status_code is not None if sent is None else sent

    @property
    def request_id(self) -> str | None:
        """Cloudflare's ID of the request (the `CF-Ray` header), which support asks for, or None."""
        return self.headers.get("cf-ray")

    def __str__(self) -> str:
        return self.message

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.message!r}, status_code={self.status_code!r})"

    def _field(self, name: str, kind: type[T]) -> T | None:
        value = self.response.get(name)
        return value if isinstance(value, kind) and not isinstance(value, bool) else None


class APIConnectionError(AIGateError):
    """No whole response came: the gate could not be reached, or the connection was lost."""


class APITimeoutError(APIConnectionError):
    """No whole response came before the call's time was over."""


class BadRequestError(AIGateError):
    """The gate found a parameter missing or wrong (400)."""

    _statuses = (400,)
    _advice = "the gate found a parameter missing or wrong"


class AuthenticationError(AIGateError):
    """There is no such project, or no OpenAI key in its vault (401)."""

    _statuses = (401,)
    _advice = (
        "the gate doesn't know the project, or there is no OpenAI key in its vault: "
        "check the project in the dashboard"
    )


class QuotaExceededError(AIGateError):
    """The sessions of the month are used up (402)."""

    _statuses = (402,)
    _code = "quota_exceeded"
    _prefix = "Quota exceeded: "
    _advice = "the sessions of the month are used up: upgrade the plan in the dashboard"

    @property
    def usage(self) -> Usage | None:
        """The project's use of its plan, or None if the gate didn't say."""
        return cast("Usage | None", self._field("usage", dict))

    @property
    def upgrade_url(self) -> str | None:
        """Where the plan can be changed, or None if the gate didn't say."""
        return self._field("upgrade_url", str)


class RateLimitError(AIGateError):
    """Too many requests for one project (429)."""

    _statuses = (429,)
    _prefix = "Rate limit exceeded: "
    _advice = "too many requests: try again later"

    @property
    def limit(self) -> int | None:
        """The requests that are allowed in a window, or None if the gate didn't say."""
        return self._field("limit", int)

    @property
    def window(self) -> str | None:
        """The length of a window for a person (`15 minutes`), or None if the gate didn't say."""
        return self._field("window", str)

    @property
    def reset_at(self) -> datetime | None:
        """When the next window begins (aware), or None if the gate didn't say."""
        return parse_iso8601(self.response.get("resetAt"))


class ConcurrentLimitError(AIGateError):
    """Too many live sessions of one project (429). One ends after an hour without activity."""

    _code = "concurrent_limit_exceeded"
    _prefix = "Concurrent limit exceeded: "
    _advice = "too many live sessions: one ends after an hour without activity"

    @property
    def current(self) -> int | None:
        """The live sessions of the project, or None if the gate didn't say."""
        return self._field("current", int)

    @property
    def max(self) -> int | None:
        """The live sessions that the plan allows, or None if the gate didn't say."""
        return self._field("max", int)

    @property
    def hint(self) -> str | None:
        """What can be done about it, for a person, or None if the gate didn't say."""
        return self._field("hint", str)


class ServerError(AIGateError):
    """OpenAI, the gate or Cloudflare before it failed (5xx, Cloudflare's 520 to 530 included)."""

    _statuses = range(500, 600)
    _advice = "the gate or OpenAI failed: try again later"


class InvalidResponseError(AIGateError):
    """A 2xx response whose body is cut short or no JSON object.

    A session may have been created and billed all the same: what came of it is in `body`.
    """


_CLASSES: list[type[AIGateError]] = [globals()[name] for name in __all__]
_BY_STATUS = {status: kind for kind in _CLASSES for status in kind._statuses}
_BY_CODE = {kind._code: kind for kind in _CLASSES if kind._code}


def error_class(status: int, response: Mapping[str, Any]) -> type[AIGateError]:
    """Return the class of the error that a response with this status and JSON object is."""
    code = response.get("error")
    by_code = _BY_CODE.get(code) if isinstance(code, str) else None
    return by_code or _BY_STATUS.get(status, AIGateError)
