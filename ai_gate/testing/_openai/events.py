"""OpenAI's events: their IDs, and their spelling in today's protocol and in the beta's."""

import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal, TypeAlias

Api: TypeAlias = Literal["calls", "beta"]
Event = Mapping[str, Any]


def new_id(prefix: str) -> str:
    """Make a new ID in the manner of OpenAI's, for example `item_5f0c...`."""
    return f"{prefix}_{secrets.token_hex(10)}"


@dataclass(frozen=True)
class Dialect:
    """How one protocol names events, modalities and the parts of a reply.

    Attributes:
        names: The names that differ from today's; None for an event that isn't sent.
        modalities: The field that says whether a reply is spoken or written.
        spoken: The type of a spoken part of a reply.
        written: The type of a written part of a reply.
    """

    names: Mapping[str, str | None]
    modalities: str
    spoken: str
    written: str

    def spell(self, event: Event) -> Event | None:
        """Give an event its name in this dialect; None if the dialect has no such event."""
        name = self.names.get(event["type"], event["type"])
        return None if name is None else {**event, "type": name}

    def session(self, created: Mapping[str, Any]) -> dict[str, Any]:
        """Describe a session that the gate created, without its secrets."""
        if self is BETA:
            hidden = ("client_secret", "turn_credentials", "session_id", "metadata")
            return {name: value for name, value in created.items() if name not in hidden}
        return {
            "type": "realtime",
            "object": "realtime.session",
            "id": created["id"],
            "model": created["model"],
            "output_modalities": ["audio"],
            "instructions": created["instructions"],
            "tools": created["tools"],
            "tool_choice": created["tool_choice"],
            "max_output_tokens": created["max_response_output_tokens"],
            "audio": {
                "input": {"turn_detection": created["turn_detection"]},
                "output": {"voice": created["voice"]},
            },
            "expires_at": created["expires_at"],
        }


CURRENT = Dialect(
    names={}, modalities="output_modalities", spoken="output_audio", written="output_text"
)
BETA = Dialect(
    names={
        "conversation.item.added": "conversation.item.created",
        "conversation.item.done": None,
        "response.output_text.delta": "response.text.delta",
        "response.output_text.done": "response.text.done",
        "response.output_audio.done": "response.audio.done",
        "response.output_audio_transcript.delta": "response.audio_transcript.delta",
        "response.output_audio_transcript.done": "response.audio_transcript.done",
    },
    modalities="modalities",
    spoken="audio",
    written="text",
)
DIALECTS: Mapping[Api, Dialect] = {"calls": CURRENT, "beta": BETA}
