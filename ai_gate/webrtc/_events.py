"""Events on the wire: JSON objects, each with a `type`."""

import json
import re
from typing import Any, TypeAlias

from ai_gate.webrtc.errors import EventTooLargeError, WebRTCError

Event: TypeAlias = dict[str, Any]

DEFAULT_MAX_SIZE = 65_536
"""What a peer takes that doesn't say, in bytes (RFC 8841, section 6.1)."""

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

_MAX_SIZE = re.compile(r"^a=max-message-size:([0-9]{1,15})\s*$", re.MULTILINE)


def encode(event: Event, max_size: int | None) -> str:
    """Write an event as JSON.

    Args:
        event: The event.
        max_size: What the peer takes in bytes, or None for any size.

    Raises:
        WebRTCError: It isn't a dict that JSON can hold.
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
    """Read an event, or None where the message isn't a JSON object."""
    try:
        event = json.loads(message)
    except (ValueError, RecursionError):
        return None
    return event if isinstance(event, dict) else None


def with_current_name(event: Event) -> Event:
    """Give an event the name that OpenAI uses now; all else stays."""
    name = event.get("type")
    if not isinstance(name, str) or name not in CURRENT_NAMES:
        return event
    return {**event, "type": CURRENT_NAMES[name]}


def max_size(answer: str) -> int | None:
    """What a peer takes in bytes, as its SDP answer says, or None for any size."""
    stated = _MAX_SIZE.search(answer)
    return (int(stated[1]) or None) if stated else DEFAULT_MAX_SIZE
