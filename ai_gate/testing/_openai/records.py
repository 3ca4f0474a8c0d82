"""What the mock gate's voice tells a test of a call."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, TypeAlias

Api: TypeAlias = Literal["calls", "beta"]


@dataclass(frozen=True)
class VoiceCall:
    """A call as the mock gate saw it, up to the moment when it was asked for.

    `repr` leaves out the events, since they carry what was said.

    Attributes:
        call_id: The ID of the call, `rtc_...`.
        api: `calls` for `POST /v1/realtime/calls`, `beta` for `POST /v1/realtime?model=`.
        model: The model that the query named, or where there is none, the session's.
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
