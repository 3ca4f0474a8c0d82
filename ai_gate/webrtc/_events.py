"""Events: JSON objects, each with a `type`, written, read, and queued until the app reads them."""

import json
import re
from collections import deque
from copy import copy
from typing import Any, TypeAlias

from ai_gate.webrtc._condition import Condition
from ai_gate.webrtc.errors import CallEndedError, EventTooLargeError, WebRTCError

Event: TypeAlias = dict[str, Any]

DEFAULT_MAX_SIZE = 65_536
"""How large a message may be, in bytes, if the peer doesn't say (RFC 8841, section 6.1)."""

CURRENT_NAMES = {
    "conversation.item.created": "conversation.item.added",
    "response.text.delta": "response.output_text.delta",
    "response.text.done": "response.output_text.done",
    "response.audio.delta": "response.output_audio.delta",
    "response.audio.done": "response.output_audio.done",
    "response.audio_transcript.delta": "response.output_audio_transcript.delta",
    "response.audio_transcript.done": "response.output_audio_transcript.done",
}
"""The names of events that OpenAI changed when the beta ended."""

_MAX_SIZE = re.compile(r"^a=max-message-size:([0-9]{1,30})\s*$", re.MULTILINE)


def encode(event: Event, max_size: int | None) -> str:
    """Write an event as JSON.

    Args:
        event: The event.
        max_size: What the peer takes in bytes, or None for any size.

    Raises:
        WebRTCError: It isn't a dict, or JSON can't hold it.
        EventTooLargeError: It is larger than the peer takes.
    """
    if not isinstance(event, dict):
        raise WebRTCError(f"An event is a dict, not {type(event).__name__}; nothing was sent.")
    try:
        text = json.dumps(event, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
        size = len(text.encode())
    except (TypeError, ValueError, RecursionError) as error:
        raise WebRTCError(f"The event can't be written as JSON; nothing was sent: {error}") from (
            error
        )
    if max_size is not None and size > max_size:
        raise EventTooLargeError(
            f"The event has {size:,} bytes, and the peer takes {max_size:,} at most; nothing was "
            "sent."
        )
    return text


def decode(message: str | bytes) -> Event | None:
    """Return the event of a message, or None if it isn't a JSON object."""
    try:
        event = json.loads(message)
    except (ValueError, RecursionError):
        return None
    return event if isinstance(event, dict) else None


def with_current_name(event: Event) -> Event:
    """Return an event under the name that OpenAI uses now; all else stays."""
    name = event.get("type")
    if not isinstance(name, str) or name not in CURRENT_NAMES:
        return event
    return {**event, "type": CURRENT_NAMES[name]}


def max_size(answer: str) -> int | None:
    """Return the size in bytes that a peer takes, by its SDP answer, or None for any size."""
    stated = _MAX_SIZE.search(answer)
    # 0 means any size (RFC 8841, section 6.1).
    return (int(stated[1]) or None) if stated else DEFAULT_MAX_SIZE


class EventQueue:
    """The events that wait to be read, and after the last one the reason why there are no more.

    Args:
        max_events: How many events can wait.
    """

    def __init__(self, max_events: int) -> None:
        self._max_events = max_events
        self._events: deque[Event] = deque()
        self._changed = Condition()
        self._end: WebRTCError | None = None

    @property
    def is_full(self) -> bool:
        """Whether no further event can wait."""
        return len(self._events) >= self._max_events

    def put(self, event: Event) -> None:
        """Add an event. Check before that the queue isn't full."""
        self._events.append(event)
        self._changed.notify()

    def end(self, failure: WebRTCError | None) -> None:
        """Let the events that are there be the last ones.

        Args:
            failure: What is raised to readers after them, or None for a `CallEndedError`.
        """
        self._end = failure or CallEndedError("The call has ended.")
        self._changed.notify()

    async def get(self) -> Event:
        """Wait for the next event and take it.

        Raises:
            CallEndedError: There are no more: the call was closed, or the peer hung up.
            WebRTCError: There are no more: something else has ended the call.
        """
        await self._changed.wait_for(lambda: bool(self._events) or self._end is not None)
        if self._events:
            return self._events.popleft()
        raise self.failure()

    def failure(self) -> WebRTCError:
        """Return a new exception with the reason why there are no more.

        A new one each time, because raising the same one again would lengthen its traceback.
        """
        end = self._end or CallEndedError("The call has ended.")
        failure = copy(end)
        failure.__cause__ = end.__cause__
        return failure
