"""The register of calls: written by the peers' thread, read by tests."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from threading import Condition
from typing import Any, Literal

from ai_gate.testing._openai.events import Api

_MOST_CALLS = 1_000


@dataclass(frozen=True)
class VoiceCall:
    """A call as it was when a test asked for it.

    `repr` leaves out the events, since they carry what was said.

    Attributes:
        call_id: The ID of the call, `rtc_...`.
        api: `calls` for `POST /v1/realtime/calls`, `beta` for `POST /v1/realtime?model=`.
        model: The model that the query named; if it named none, the session's.
        state: `connecting`, `connected` or `closed`.
        events: The events that the client sent, in order.
        frames_heard: Frames of audio that arrived, 20 ms each, silence included.
        sounds_heard: The frames among them that were not silent.
        selected_pair: The types of the ICE candidates in use, the mock gate's own first: its
            `host`, and `host`, `prflx`, `srflx` or `relay`. None before the call is connected.

    Example:
        >>> VoiceCall("rtc_1", "calls", "gpt-realtime", "connecting").sounds_heard
        0
    """

    call_id: str
    api: Api
    model: str
    state: Literal["connecting", "connected", "closed"]
    events: tuple[Mapping[str, Any], ...] = field(default=(), repr=False)
    frames_heard: int = 0
    sounds_heard: int = 0
    selected_pair: tuple[str, str] | None = None


@dataclass
class _Entry:
    """A call, with its events in a list: copying a tuple for each new event would be slow."""

    call: VoiceCall
    events: list[Mapping[str, Any]] = field(default_factory=list)

    def snapshot(self) -> VoiceCall:
        """Return the call with all its events."""
        if len(self.call.events) != len(self.events):
            self.call = replace(self.call, events=tuple(self.events))
        return self.call


class Register:
    """The newest calls that were accepted, behind one lock."""

    def __init__(self) -> None:
        self._changed = Condition()
        self._entries: dict[str, _Entry] = {}

    def calls(self) -> list[VoiceCall]:
        """Return the calls as they are now, in the order in which they came."""
        with self._changed:
            return self._snapshot()

    def wait_until(self, condition: Callable[[list[VoiceCall]], bool], timeout: float) -> bool:
        """Wait until the condition is true for the calls; return False after the timeout."""
        with self._changed:
            return self._changed.wait_for(lambda: condition(self._snapshot()), timeout)

    def add(self, call: VoiceCall) -> None:
        """Add a new call."""
        with self._changed:
            self._entries[call.call_id] = _Entry(call)
            if len(self._entries) > _MOST_CALLS:
                del self._entries[next(iter(self._entries))]
            self._changed.notify_all()

    def change(self, call_id: str, **fields: Any) -> None:
        """Change fields of a call."""
        with self._changed:
            if call_id in self._entries:
                entry = self._entries[call_id]
                entry.call = replace(entry.call, **fields)
                self._changed.notify_all()

    def receive(self, call_id: str, event: Mapping[str, Any]) -> None:
        """Keep an event of a client."""
        with self._changed:
            if call_id in self._entries:
                self._entries[call_id].events.append(event)
                self._changed.notify_all()

    def forget(self) -> None:
        """Forget every call. Later events of a forgotten call are ignored."""
        with self._changed:
            self._entries.clear()
            self._changed.notify_all()

    def _snapshot(self) -> list[VoiceCall]:
        return [entry.snapshot() for entry in self._entries.values()]
