"""The register of calls: written by the peers' thread, read by tests."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from threading import Condition
from typing import Any

from ai_gate.testing._openai.records import VoiceCall


@dataclass
class _Entry:
    """A call, and its events in a list: a tuple of them for each new one would be too many."""

    call: VoiceCall
    events: list[Mapping[str, Any]] = field(default_factory=list)

    def shown(self) -> VoiceCall:
        """Return the call with all its events."""
        if len(self.call.events) != len(self.events):
            self.call = replace(self.call, events=tuple(self.events))
        return self.call


class Register:
    """Every call there was, behind one lock."""

    def __init__(self) -> None:
        self._changed = Condition()
        self._entries: dict[str, _Entry] = {}

    def calls(self) -> list[VoiceCall]:
        """Return the calls as they are now, in the order in which they came."""
        with self._changed:
            return self._shown()

    def wait_until(self, condition: Callable[[list[VoiceCall]], bool], timeout: float) -> bool:
        """Wait until the calls are as wanted; tell whether they became so in time."""
        with self._changed:
            return self._changed.wait_for(lambda: condition(self._shown()), timeout)

    def add(self, call: VoiceCall) -> None:
        """Enter a new call."""
        with self._changed:
            self._entries[call.call_id] = _Entry(call)
            self._changed.notify_all()

    def connect(self, call_id: str, selected_pair: tuple[str, str]) -> None:
        """Note that a call is connected."""
        self._change(
            call_id, lambda it: replace(it, state="connected", selected_pair=selected_pair)
        )

    def close(self, call_id: str) -> None:
        """Note that a call is over."""
        self._change(call_id, lambda it: replace(it, state="closed"))

    def receive(self, call_id: str, event: Mapping[str, Any]) -> None:
        """Keep an event of a client."""
        with self._changed:
            if call_id in self._entries:
                self._entries[call_id].events.append(event)
                self._changed.notify_all()

    def hear(self, call_id: str, *, is_sound: bool) -> None:
        """Count a frame of audio."""
        self._change(
            call_id,
            lambda it: replace(
                it, frames_heard=it.frames_heard + 1, sounds_heard=it.sounds_heard + is_sound
            ),
        )

    def forget(self) -> None:
        """Forget every call. What a forgotten call still does is kept no more."""
        with self._changed:
            self._entries.clear()
            self._changed.notify_all()

    def _change(self, call_id: str, change: Callable[[VoiceCall], VoiceCall]) -> None:
        with self._changed:
            if call_id in self._entries:
                entry = self._entries[call_id]
                entry.call = change(entry.call)
                self._changed.notify_all()

    def _shown(self) -> list[VoiceCall]:
        return [entry.shown() for entry in self._entries.values()]
