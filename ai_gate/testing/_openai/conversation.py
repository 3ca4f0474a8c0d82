"""What the model does with a client's events."""

import asyncio
import copy
from collections.abc import Callable, Mapping
from typing import Any

from ai_gate.testing._openai.events import Dialect, Event, new_id
from ai_gate.testing._openai.faults import Faults
from ai_gate.testing._openai.reply import FunctionCall, Reply
from ai_gate.testing._openai.speech import Speech

# 200 ms, as the gate's sessions say.
_FRAMES_AFTER_SPEECH = 10


class Conversation:
    """A session's state, and the events that are sent for those of the client.

    Args:
        session: The session, as its events show it.
        dialect: The spelling of the events.
        send: Sends an event to the client.
        player: Plays the tone of a reply; None if the call has no audio.
        faults: What it will hear, and what the model will call.
    """

    def __init__(
        self,
        session: dict[str, Any],
        dialect: Dialect,
        send: Callable[[Event], None],
        player: Speech | None,
        faults: Faults,
    ) -> None:
        self._faults = faults
        self._silent = 0
        self._hearing: str | None = None
        self._session = session
        self._dialect = dialect
        self._send = send
        self._player = player
        self._last_item_id: str | None = None
        self._text = ""
        self._sounds = 0
        self._reply: Reply | None = None
        self._replying: asyncio.Task[None] | None = None
        self._handlers: Mapping[str, Callable[[Event], None]] = {
            "session.update": self._update_session,
            "conversation.item.create": self._create_item,
            "conversation.item.delete": self._delete_item,
            "input_audio_buffer.append": self._append_audio,
            "input_audio_buffer.commit": self._commit_audio,
            "input_audio_buffer.clear": self._clear_audio,
            "output_audio_buffer.clear": self._stop_speaking,
            "response.create": self._create_response,
            "response.cancel": self._cancel_response,
        }

    def open(self) -> None:
        """Send `session.created`."""
        self._say({"type": "session.created", "session": self._session})

    def close(self) -> None:
        """Send nothing any more."""
        self._send = lambda _: None
        if self._replying is not None:
            self._replying.cancel()

    def handle(self, event: Event) -> None:
        """Handle an event of the client."""
        handler = self._handlers.get(event["type"])
        if handler is None:
            known = ", ".join(self._handlers)
            self.refuse("invalid_value", f"type must be one of {known}", "type", event)
        else:
            handler(event)

    def hear(self, *, is_sound: bool) -> None:
        """Count a frame of audio. Speech begins and ends only if it is said what will be heard."""
        self._sounds += is_sound
        self._silent = 0 if is_sound else self._silent + 1
        if is_sound and self._hearing is None and self._faults.heard:
            self._hearing = self._faults.heard.popleft()
            self._say({"type": "input_audio_buffer.speech_started"})
        elif self._hearing is not None and self._silent >= _FRAMES_AFTER_SPEECH:
            self._end_speech(self._hearing)

    def _end_speech(self, transcript: str) -> None:
        self._hearing = None
        self._say({"type": "input_audio_buffer.speech_stopped"})
        self._commit_audio({}, transcript)
        name = "conversation.item.input_audio_transcription.completed"
        place = {"item_id": self._last_item_id, "content_index": 0}
        self._say({"type": name, **place, "transcript": transcript})
        self._text = transcript
        if not self._is_replying():
            self._create_response({})

    def refuse(
        self, code: str, message: str, param: str | None = None, event: Event | None = None
    ) -> None:
        """Send an error event."""
        error = {
            "type": "invalid_request_error",
            "code": code,
            "message": message,
            "param": param,
            "event_id": (event or {}).get("event_id"),
        }
        self._say({"type": "error", "error": error})

    def _say(self, event: Event) -> None:
        spelled = self._dialect.spell(event)
        if spelled is not None:
            self._send({"event_id": new_id("event"), **spelled})

    def _update_session(self, event: Event) -> None:
        changes = event.get("session")
        if not isinstance(changes, dict):
            self.refuse("missing_required_parameter", "session is missing", "session", event)
            return
        _merge(self._session, copy.deepcopy(changes))
        self._say({"type": "session.updated", "session": self._session})

    def _create_item(self, event: Event) -> None:
        wanted = event.get("item")
        if not isinstance(wanted, dict):
            self.refuse("missing_required_parameter", "item is missing", "item", event)
            return
        self._text = _text_of(wanted) or str(wanted.get("output", "")) or self._text
        self._add_item({"id": new_id("item"), **wanted})

    def _add_item(self, item: Mapping[str, Any]) -> None:
        whole = {"object": "realtime.item", "status": "completed", **item}
        place = {"previous_item_id": self._last_item_id, "item": whole}
        self._last_item_id = whole["id"]
        self._say({"type": "conversation.item.added", **place})
        self._say({"type": "conversation.item.done", **place})

    def _delete_item(self, event: Event) -> None:
        self._say({"type": "conversation.item.deleted", "item_id": event.get("item_id")})

    def _append_audio(self, event: Event) -> None:
        """Ignore audio in an event, which isn't confirmed: over WebRTC the track carries it."""

    def _commit_audio(self, _: Event, transcript: str | None = None) -> None:
        item_id = new_id("item")
        place = {"previous_item_id": self._last_item_id, "item_id": item_id}
        self._say({"type": "input_audio_buffer.committed", **place})
        content = [{"type": "input_audio", "transcript": transcript}]
        self._add_item({"id": item_id, "type": "message", "role": "user", "content": content})

    def _clear_audio(self, _: Event) -> None:
        self._sounds = 0
        self._say({"type": "input_audio_buffer.cleared"})

    def _stop_speaking(self, _: Event) -> None:
        if self._player is not None and self._player.stop_playing():
            response_id = self._reply.response_id if self._reply else None
            self._say({"type": "output_audio_buffer.cleared", "response_id": response_id})

    def _create_response(self, event: Event) -> None:
        if self._is_replying():
            message = "There is a response already: wait for its response.done, or cancel it"
            self.refuse("conversation_already_has_active_response", message, None, event)
            return
        wanted = event.get("response")
        settings = {**self._session, **(wanted if isinstance(wanted, dict) else {})}
        modalities = settings.get(self._dialect.modalities)
        is_spoken = isinstance(modalities, list) and "audio" in modalities
        player = self._player if is_spoken else None
        if self._faults.called:
            name, arguments = self._faults.called.popleft()
            self._reply = FunctionCall(name, arguments, self._dialect, self._say)
        else:
            self._reply = Reply(self._reply_text(), self._dialect, self._say, player)
        self._replying = asyncio.create_task(self._reply.run())

    def _cancel_response(self, event: Event) -> None:
        if self._replying is not None and self._is_replying():
            self._replying.cancel()
        else:
            message = "There is no response to cancel"
            self.refuse("response_cancel_not_active", message, None, event)

    def _is_replying(self) -> bool:
        return self._replying is not None and not self._replying.done()

    def _reply_text(self) -> str:
        text, self._text = self._text, ""
        sounds, self._sounds = self._sounds, 0
        if text:
            return f"You said: {text}"
        if sounds:
            return f"I heard {sounds * 0.02:.1f} seconds of sound"
        return "Hello from the mock gate"


def _merge(target: dict[str, Any], changes: Mapping[str, Any]) -> None:
    """Put changes into a session. An object in it changes field by field."""
    for name, value in changes.items():
        if isinstance(value, dict) and isinstance(target.get(name), dict):
            _merge(target[name], value)
        else:
            target[name] = value


def _text_of(item: Mapping[str, Any]) -> str:
    """Return the text of an item."""
    content = item.get("content")
    parts = content if isinstance(content, list) else []
    texts = (part.get("text") for part in parts if isinstance(part, dict))
    return " ".join(text for text in texts if isinstance(text, str))
