"""The register of calls: written by the peers' thread, read by tests."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from threading import Condition
from typing import Any

from ai_gate.testing._voice.records import VoiceCall


class Register:
    """Every call there was, behind one lock."""

    def __init__(self) -> None:
        self._changed = Condition()
        self._calls: dict[str, VoiceCall] = {}

    def calls(self) -> list[VoiceCall]:
        """Return the calls as they are now, in the order in which they came."""
        with self._changed:
            return list(self._calls.values())

    def wait_until(self, condition: Callable[[list[VoiceCall]], bool], timeout: float) -> bool:
        """Wait until the calls are as wanted; tell whether they became so in time."""
        with self._changed:
            return self._changed.wait_for(lambda: condition(list(self._calls.values())), timeout)

    def add(self, call: VoiceCall) -> None:
        """Enter a new call."""
        with self._changed:
            self._calls[call.call_id] = call
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
        self._change(call_id, lambda it: replace(it, events=(*it.events, event)))

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
            self._calls.clear()
            self._changed.notify_all()

    def _change(self, call_id: str, change: Callable[[VoiceCall], VoiceCall]) -> None:
        with self._changed:
            if call_id in self._calls:
                self._calls[call_id] = change(self._calls[call_id])
                self._changed.notify_all()
