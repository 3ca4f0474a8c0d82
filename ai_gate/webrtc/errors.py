"""The errors of live voice, a branch of the SDK's tree.

```
AIGateError                       every failure of the SDK
└── WebRTCError                   every failure of live voice that is no answer of the gate
    ├── MissingDependencyError    aiortc isn't installed, or too old (an ImportError too)
    ├── ClientSecretExpiredError  the session's client secret is no longer good
    ├── SDPRefusedError           the SDP offer was refused
    ├── OpenTimeoutError          a path was found, but no channel was open in time
    ├── NoPathError               no path to the peer was found
    ├── CallEndedError            the call was closed, or the peer hung up
    ├── ConnectionLostError       the connection died
    ├── QueueOverflowError        too many events were left unread
    └── EventTooLargeError        the peer doesn't take an event of that size
```

An SDP offer that got no answer at all is an `APIConnectionError` or `APITimeoutError`.
"""

import re
from collections.abc import Mapping, Sequence
from typing import Any

from ai_gate.errors import AIGateError
from ai_gate.webrtc._types import Candidate, TurnResult

__all__ = [
    "CallEndedError",
    "ClientSecretExpiredError",
    "ConnectionLostError",
    "EventTooLargeError",
    "MissingDependencyError",
    "NoPathError",
    "OpenTimeoutError",
    "QueueOverflowError",
    "SDPRefusedError",
    "WebRTCError",
]


CODE = re.compile(r"[\w.-]{1,64}", re.ASCII)
"""The form of a code. Anything else in its place may quote what was sent, secrets included."""


class WebRTCError(AIGateError):
    """Any failure of live voice, and the parent of all its errors."""


class MissingDependencyError(WebRTCError, ImportError):
    """A package that live voice needs isn't installed, is too old, or can't be loaded.

    `pip install "ai-gate[webrtc]"` brings what is needed, aiortc 1.16 or newer above all.
    """


class ClientSecretExpiredError(WebRTCError):
    """The session's client secret is no longer good, so no call can be started with it.

    It is good for about 60 seconds: connect right after the session was created, or pass a factory.
    """


class SDPRefusedError(WebRTCError):
    """The SDP offer was refused: what came is in `status_code`, `response`, `body`, `headers`."""

    @property
    def code(self) -> str | None:
        """The code of OpenAI's error, as `invalid_offer`, or None if it gave none.

        What has other characters than letters, digits, `_`, `.` and `-`, or more than 64 of them,
        is no code.
        """
        error = self.response.get("error")
        code = error.get("code") if isinstance(error, Mapping) else None
        return code if isinstance(code, str) and CODE.fullmatch(code) else None

    @property
    def request_id(self) -> str | None:
        """OpenAI's ID of the request (the `x-request-id` header), or None if it gave none."""
        return self.headers.get("x-request-id")


class OpenTimeoutError(WebRTCError):
    """A path was found, but the data channel wasn't open within `open_timeout`."""


class NoPathError(WebRTCError):
    """No path to the peer was found.

    Args:
        message: What went wrong, for a person.
        candidates: The addresses of this side that were tried.
        turn_results: What became of each TURN URL.
    """

    candidates: tuple[Candidate, ...]
    """The addresses of this side that were tried."""
    turn_results: tuple[TurnResult, ...]
    """What became of each TURN URL, with the reason for each that didn't work."""

    def __init__(
        self,
        message: str,
        status_code: int | None = None,
        response: dict[str, Any] | None = None,
        *,
        candidates: Sequence[Candidate] = (),
        turn_results: Sequence[TurnResult] = (),
    ) -> None:
        super().__init__(message, status_code, response)
        self.candidates = tuple(candidates)
        self.turn_results = tuple(turn_results)


class CallEndedError(WebRTCError):
    """The call was closed, or the peer hung up: nothing more comes, and nothing can be sent."""


class ConnectionLostError(WebRTCError):
    """The connection died: nothing came from the peer for too long, or a transport failed.

    Args:
        message: What went wrong, for a person.
        reason: What was noticed, in a few words.
    """

    reason: str | None
    """What was noticed, in a few words."""

    def __init__(self, message: str, *, reason: str | None = None) -> None:
        super().__init__(message)
        self.reason = reason


class QueueOverflowError(WebRTCError):
    """More events came than `max_queue` while none was read, so the call was ended.

    Events are never dropped: those that were queued can be read before this is raised.
    """


class EventTooLargeError(WebRTCError):
    """The peer doesn't take an event of that size; nothing was sent."""
