"""The settings of a call, checked once."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal, TypeAlias, TypedDict, get_args

import httpx

from ai_gate._config import SHORTEST_TIME, checked_seconds, parsed_url
from ai_gate._http import AsyncClients
from ai_gate._lazy import LazyModule
from ai_gate.errors import AIGateError
from ai_gate.types import SessionResponse
from ai_gate.webrtc._signaling import API

if TYPE_CHECKING:
    import aiortc
    from aiortc import MediaStreamTrack
else:
    aiortc = LazyModule("aiortc")

DEFAULT_OPEN_TIMEOUT = 15.0
DEFAULT_CLOSE_TIMEOUT = 2.0
DEFAULT_MAX_QUEUE = 1024
DEFAULT_REALTIME_URL = "https://api.openai.com/v1/realtime"
LONGEST_TIMEOUT = 3600.0
"""An hour, in seconds: how long a session lives."""

EventNames: TypeAlias = Literal["received", "current"]
SessionFactory: TypeAlias = Callable[[], Awaitable[SessionResponse]]
"""Creates a session each time it is called."""


class CallOptions(TypedDict, total=False):
    """The options of `connect`."""

    audio: "aiortc.MediaStreamTrack | None"
    relay_only: bool
    ice_tcp: bool
    open_timeout: float
    close_timeout: float
    max_queue: int
    api: API
    realtime_url: str
    http_client: httpx.AsyncClient | None
    event_names: EventNames


@dataclass(frozen=True, slots=True)
class Options:
    """The settings of one call, checked.

    Raises:
        AIGateError: A setting is wrong.
    """

    audio: "MediaStreamTrack | None"
    relay_only: bool
    ice_tcp: bool
    open_timeout: float
    close_timeout: float
    max_queue: int
    api: API
    realtime_url: str
    http_client: httpx.AsyncClient | None = field(repr=False)
    event_names: EventNames

    def __post_init__(self) -> None:
        _check_audio(self.audio)
        checked_seconds(
            "open_timeout", self.open_timeout, least=SHORTEST_TIME, most=LONGEST_TIMEOUT
        )
        checked_seconds("close_timeout", self.close_timeout, least=0.0, most=LONGEST_TIMEOUT)
        _check_max_queue(self.max_queue)
        _check_choice("api", self.api, API)
        _check_realtime_url(self.realtime_url)
        self.clients()
        _check_choice("event_names", self.event_names, EventNames)

    def clients(self) -> AsyncClients:
        """Return whose httpx client posts the SDP offer: the app's, or one of ours."""
        return AsyncClients(httpx.URL(self.realtime_url), self.http_client)


def _check_audio(audio: object) -> None:
    # Not isinstance: aiortc isn't imported yet, and needn't be for this.
    if audio is None or (getattr(audio, "kind", None) == "audio" and hasattr(audio, "recv")):
        return
    raise AIGateError("audio must be an audio track of aiortc or a PCMSource.")


def _check_max_queue(max_queue: object) -> None:
    if isinstance(max_queue, bool) or not isinstance(max_queue, int) or max_queue < 1:
        raise AIGateError("max_queue must be an integer of 1 or more.")


def _check_choice(name: str, value: str, choices: object) -> None:
    if value not in get_args(choices):
        names = ", ".join(repr(choice) for choice in get_args(choices))
        raise AIGateError(f"{name} must be one of {names}, not {value!r}.")


def _check_realtime_url(realtime_url: str) -> None:
    url = parsed_url("realtime_url", realtime_url)
    if url.scheme not in ("http", "https") or not url.host or url.userinfo or url.fragment:
        raise AIGateError(
            "realtime_url must be an absolute http or https URL without credentials and fragment, "
            f"for example {DEFAULT_REALTIME_URL}."
        )
