"""The two spellings of OpenAI's events: today's, and that of the beta."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from ai_gate.testing._openai.records import Api

Event = Mapping[str, Any]


@dataclass(frozen=True)
class Dialect:
    """How one protocol names events, modalities and the parts of an answer.

    Attributes:
        names: The names that differ from today's; None for an event that isn't sent.
        modalities: The field that says whether an answer is spoken or written.
        spoken: The type of a spoken part of an answer.
        written: The type of a written part of an answer.
    """

    names: Mapping[str, str | None]
    modalities: str
    spoken: str
    written: str

    def spell(self, event: Event) -> Event | None:
        """Give an event its name in this dialect; None where the dialect has no such event."""
        name = self.names.get(event["type"], event["type"])
        return None if name is None else {**event, "type": name}

    def session(self, minted: Mapping[str, Any]) -> dict[str, Any]:
        """Describe a session without its secrets."""
        if self is BETA:
            hidden = ("client_secret", "turn_credentials", "session_id", "metadata")
            return {name: value for name, value in minted.items() if name not in hidden}
        return {
            "type": "realtime",
            "object": "realtime.session",
            "id": minted["id"],
            "model": minted["model"],
            "output_modalities": ["audio"],
            "instructions": minted["instructions"],
            "tools": minted["tools"],
            "tool_choice": minted["tool_choice"],
            "max_output_tokens": minted["max_response_output_tokens"],
            "audio": {
                "input": {"turn_detection": minted["turn_detection"]},
                "output": {"voice": minted["voice"]},
            },
            "expires_at": minted["expires_at"],
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
