"""A reply of the model, as `response.create` asks for one: its events, and a tone for its voice.

OpenAI calls it a response. Here that word is HTTP's.
"""

import asyncio
import json
import math
from collections.abc import Callable, Mapping
from typing import Any

from ai_gate.testing._openai.events import Dialect, Event, new_id
from ai_gate.testing._openai.speech import Speech

_SECONDS_PER_DELTA = 0.02
_MOST_DELTAS = 50
# A test must be able to hear the tone, and to wait for its end.
_SHORTEST_TONE_SECONDS = 0.5
_LONGEST_TONE_SECONDS = 3.0
_TONE_SECONDS_PER_DELTA = 0.1


class Reply:
    """A reply that is being given: with a player spoken, else written."""

    def __init__(
        self, text: str, dialect: Dialect, say: Callable[[Event], None], player: Speech | None
    ) -> None:
        self.response_id = new_id("resp")
        self._item_id = new_id("item")
        self._text = text
        self._dialect = dialect
        self._say = say
        self._player = player
        self._said = ""
        self._output: list[dict[str, Any]] = []

    async def run(self) -> None:
        """Give the whole reply. If it is cancelled, it ends with `response.done` too."""
        try:
            self._begin()
            await self._say_words()
            self._end()
        except asyncio.CancelledError:
            details = {"type": "cancelled", "reason": "client_cancelled"}
            self._tell("response.done", response=self._shape("cancelled", details))
            raise
        self._tell("response.done", response=self._shape("completed"))

    def _begin(self) -> None:
        item = self._item("in_progress", [])
        self._tell("response.created", response=self._shape("in_progress"))
        self._tell_in_response("response.output_item.added", output_index=0, item=item)
        self._tell("conversation.item.added", previous_item_id=None, item=item)

    async def _say_words(self) -> None:
        self._tell_in_part("response.content_part.added", part=self._part(""))
        deltas = _deltas(self._text)
        if self._player is not None:
            seconds = _TONE_SECONDS_PER_DELTA * len(deltas)
            seconds = min(max(seconds, _SHORTEST_TONE_SECONDS), _LONGEST_TONE_SECONDS)
            self._tell_in_response("output_audio_buffer.started")
            self._player.play(
                seconds, lambda: self._tell_in_response("output_audio_buffer.stopped")
            )
        for delta in deltas:
            self._said += delta
            self._tell_in_part(f"{self._stream}.delta", delta=delta)
            await asyncio.sleep(_SECONDS_PER_DELTA)
        if self._player is not None:
            self._tell_in_part("response.output_audio.done")
        whole = "text" if self._player is None else "transcript"
        self._tell_in_part(f"{self._stream}.done", **{whole: self._text})
        self._tell_in_part("response.content_part.done", part=self._part(self._text))

    def _end(self) -> None:
        item = self._item("completed", [self._part(self._text)])
        self._output = [item]
        self._tell("conversation.item.done", previous_item_id=None, item=item)
        self._tell_in_response("response.output_item.done", output_index=0, item=item)

    @property
    def _stream(self) -> str:
        kind = "output_text" if self._player is None else "output_audio_transcript"
        return f"response.{kind}"

    def _part(self, text: str) -> dict[str, Any]:
        if self._player is None:
            return {"type": self._dialect.written, "text": text}
        return {"type": self._dialect.spoken, "transcript": text}

    def _item(self, status: str, content: list[dict[str, Any]]) -> dict[str, Any]:
        return {
            "id": self._item_id,
            "object": "realtime.item",
            "type": "message",
            "status": status,
            "role": "assistant",
            "content": content,
        }

    def _shape(self, status: str, details: dict[str, str] | None = None) -> dict[str, Any]:
        return {
            "id": self.response_id,
            "object": "realtime.response",
            "status": status,
            "status_details": details,
            "output": self._output,
            self._dialect.modalities: ["text"] if self._player is None else ["audio"],
            "usage": (
                None if status == "in_progress" else {"output_tokens": len(self._said.split())}
            ),
        }

    def _tell(self, name: str, **fields: Any) -> None:
        self._say({"type": name, **fields})

    def _tell_in_response(self, name: str, **fields: Any) -> None:
        self._tell(name, response_id=self.response_id, **fields)

    def _tell_in_part(self, name: str, **fields: Any) -> None:
        place = {"item_id": self._item_id, "output_index": 0, "content_index": 0}
        self._tell_in_response(name, **place, **fields)


class FunctionCall(Reply):
    """A reply in which the model calls a function instead of saying anything."""

    def __init__(
        self,
        name: str,
        arguments: Mapping[str, Any],
        dialect: Dialect,
        say: Callable[[Event], None],
    ) -> None:
        super().__init__(json.dumps(arguments), dialect, say, None)
        self._function = {"name": name, "call_id": new_id("call")}

    async def _say_words(self) -> None:
        self._tell_arguments("delta", delta=self._text)
        self._tell_arguments("done", arguments=self._text)

    def _item(self, status: str, content: list[dict[str, Any]]) -> dict[str, Any]:
        shape = {"id": self._item_id, "object": "realtime.item", "type": "function_call"}
        arguments = self._text if status == "completed" else ""
        return {**shape, "status": status, **self._function, "arguments": arguments}

    def _tell_arguments(self, kind: str, **fields: Any) -> None:
        place = {"item_id": self._item_id, "output_index": 0, "call_id": self._function["call_id"]}
        self._tell_in_response(f"response.function_call_arguments.{kind}", **place, **fields)


def _deltas(text: str) -> list[str]:
    """Cut a text into words, or, if it is long, into groups of words."""
    words = [word if number == 0 else f" {word}" for number, word in enumerate(text.split(" "))]
    size = math.ceil(len(words) / _MOST_DELTAS)
    return ["".join(words[start : start + size]) for start in range(0, len(words), size)]
