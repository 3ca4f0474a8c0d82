"""What a call is told when it is made, checked once."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal, TypeAlias, TypedDict, TypeVar, get_args

import httpx

from ai_gate.errors import AIGateError
from ai_gate.types import SessionResponse
from ai_gate.webrtc._signaling import API

if TYPE_CHECKING:
    from aiortc import MediaStreamTrack

DEFAULT_OPEN_TIMEOUT = 15.0
DEFAULT_CLOSE_TIMEOUT = 2.0
DEFAULT_MAX_QUEUE = 1024
DEFAULT_REALTIME_URL = "https://api.openai.com/v1/realtime"
LONGEST_TIMEOUT = 3600.0
"""An hour, in seconds: how long a session lives."""

Choice = TypeVar("Choice", bound=str)
EventNames: TypeAlias = Literal["received", "current"]
SessionFactory: TypeAlias = Callable[[], Awaitable[SessionResponse]]
"""Creates a session each time it is called."""


class CallOptions(TypedDict, total=False):
    """The options of `connect`."""

    audio: "MediaStreamTrack | None"
    relay_only: bool
    open_timeout: float
    close_timeout: float
    max_queue: int
    api: API
    realtime_url: str
    http_client: httpx.AsyncClient | None
    event_names: EventNames


@dataclass(frozen=True, slots=True)
class Options:
    """The settings of one call."""

    audio: "MediaStreamTrack | None"
    relay_only: bool
    open_timeout: float
    close_timeout: float
    max_queue: int
    api: API
    realtime_url: httpx.URL
    http_client: httpx.AsyncClient | None = field(repr=False)
    event_names: EventNames

    @classmethod
    def checked(
        cls,
        *,
        audio: "MediaStreamTrack | None",
        relay_only: bool,
        open_timeout: float,
        close_timeout: float,
        max_queue: int,
        api: API,
        realtime_url: str,
        http_client: httpx.AsyncClient | None,
        event_names: EventNames,
    ) -> "Options":
        """Check each setting.

        Raises:
            AIGateError: A setting is wrong.
        """
        return cls(
            audio=_checked_audio(audio),
            relay_only=bool(relay_only),
            open_timeout=_checked_seconds("open_timeout", open_timeout, least=0.001),
            close_timeout=_checked_seconds("close_timeout", close_timeout, least=0.0),
            max_queue=_checked_max_queue(max_queue),
            api=_checked_choice("api", api, API),
            realtime_url=_checked_realtime_url(realtime_url),
            http_client=_checked_http_client(http_client),
            event_names=_checked_choice("event_names", event_names, EventNames),
        )


def _checked_audio(audio: "MediaStreamTrack | None") -> "MediaStreamTrack | None":
    # No isinstance: aiortc isn't imported for it.
    if audio is None or (getattr(audio, "kind", None) == "audio" and hasattr(audio, "recv")):
        return audio
    raise AIGateError("audio must be an audio track of aiortc or a PCMSource.")


def _checked_seconds(name: str, seconds: float, *, least: float) -> float:
    if isinstance(seconds, bool) or not isinstance(seconds, int | float):
        raise AIGateError(f"{name} must be a number of seconds, not {type(seconds).__name__}.")
    if not least <= seconds <= LONGEST_TIMEOUT:
        raise AIGateError(f"{name} must be from {least:g} to {LONGEST_TIMEOUT:,.0f} seconds.")
    return float(seconds)


def _checked_max_queue(max_queue: int) -> int:
    if isinstance(max_queue, bool) or not isinstance(max_queue, int) or max_queue < 1:
        raise AIGateError("max_queue must be an integer of 1 or more.")
    return max_queue


def _checked_choice(name: str, value: Choice, choices: object) -> Choice:
    if value not in get_args(choices):
        names = ", ".join(repr(choice) for choice in get_args(choices))
        raise AIGateError(f"{name} must be one of {names}, not {value!r}.")
    return value


def _checked_realtime_url(realtime_url: str) -> httpx.URL:
    try:
        url = httpx.URL(realtime_url)
        host = url.host
        url.raw_host.decode("ascii").encode("idna")
    except (httpx.InvalidURL, TypeError, UnicodeError) as error:
        raise AIGateError("realtime_url is not a valid URL.") from error
    if url.scheme not in ("http", "https") or not host or url.userinfo or url.fragment:
        raise AIGateError(
            "realtime_url must be an absolute http or https URL without credentials and fragment, "
            f"for example {DEFAULT_REALTIME_URL}."
        )
    return url


def _checked_http_client(http_client: httpx.AsyncClient | None) -> httpx.AsyncClient | None:
    if http_client is not None and not isinstance(http_client, httpx.AsyncClient):
        raise AIGateError(
            f"http_client must be an httpx.AsyncClient, not {type(http_client).__name__}."
        )
    return http_client
