"""The exchange of SDP: an offer is posted, and the answer to it comes back.

Each protocol is an object with one method. There are two: OpenAI's current one, and the one of its
beta, which it switched off in May 2026.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal, Protocol, TypeAlias

import httpx

from ai_gate._call.exchange import Exchange
from ai_gate._call.response import json_object, retry_after
from ai_gate._redaction import MASK, printable
from ai_gate.errors import InvalidResponseError
from ai_gate.webrtc._sdp_post import MAY_HAVE_BEGUN, Poster
from ai_gate.webrtc._types import SDP
from ai_gate.webrtc.errors import CODE, SDPRefusedError, WebRTCError

API: TypeAlias = Literal["auto", "calls", "beta"]

NOT_THERE_STATUSES = frozenset({404, 405})
"""The statuses of a server that doesn't have this protocol at all."""
WRONG_VERSION = "api_version_mismatch"
"""OpenAI's code if a client secret belongs to the other protocol."""
BETA_IS_OFF = "beta_api_shape_disabled"
"""OpenAI's code for everything that belongs to its beta."""
MAX_ANSWER = 262_144
"""How long an SDP answer may be, in bytes. One has a few thousand."""

_SDP = re.compile(
    r"(?:\b|\\[nr])(?:v=0|a=[a-z]|[cmo]=(?:IN|audio|application|-) |"
    r"(?:candidate|fingerprint|ice-(?:ufrag|pwd)|crypto):).*",
    re.DOTALL,
)
"""What begins like a session description, also if its line breaks are escaped."""


@dataclass(frozen=True, slots=True)
class SDPAnswer:
    """The answer to an SDP offer."""

    sdp: SDP
    call_id: str | None
    """OpenAI's ID of the call, or None if the protocol gives none."""


class SDPExchange(Protocol):
    """A protocol in which an SDP offer is answered."""

    async def exchange(self, offer: SDP, poster: Poster) -> SDPAnswer:
        """Post an offer and return the answer.

        Raises:
            SDPRefusedError: It was refused.
            APIConnectionError: No whole answer came.
            InvalidResponseError: The answer is no SDP.
            WebRTCError: The session lacks what this protocol needs.
        """
        ...


class Calls:
    """OpenAI's current protocol: `POST {realtime_url}/calls`; the model is in the client secret.

    Args:
        realtime_url: Where OpenAI's Realtime API is.
    """

    def __init__(self, realtime_url: httpx.URL) -> None:
        self._url = realtime_url.copy_with(path=realtime_url.path.rstrip("/") + "/calls")

    async def exchange(self, offer: SDP, poster: Poster) -> SDPAnswer:
        """Post an offer and return the answer."""
        return _answer(await poster.post(self._url, offer), poster)


class Beta:
    """The protocol of the beta: `POST {realtime_url}?model=`.

    Args:
        realtime_url: Where OpenAI's Realtime API is.
        model: The session's model, as the gate sent it.
    """

    def __init__(self, realtime_url: httpx.URL, model: object) -> None:
        self._url = realtime_url
        self._model = model

    async def exchange(self, offer: SDP, poster: Poster) -> SDPAnswer:
        """Post an offer and return the answer."""
        # A lone surrogate, which JSON can hold, isn't printable, and is in no URL.
        if not isinstance(self._model, str) or not self._model or not self._model.isprintable():
            raise WebRTCError("The session names no model, and the beta can't do without.")
        url = self._url.copy_merge_params({"model": self._model})
        return _answer(await poster.post(url, offer), poster)


class Auto:
    """One protocol, and another one if the first certainly hasn't begun a call.

    Args:
        first: The protocol that is tried first.
        second: The protocol that is tried if the server doesn't have the first one, or not for this
            kind of client secret.
    """

    def __init__(self, first: SDPExchange, second: SDPExchange) -> None:
        self._first = first
        self._second = second

    async def exchange(self, offer: SDP, poster: Poster) -> SDPAnswer:
        """Post an offer and return the answer."""
        try:
            return await self._first.exchange(offer, poster)
        except SDPRefusedError as refused:
            if not _is_not_there(refused):
                raise
            first = refused
        try:
            return await self._second.exchange(offer, poster)
        except SDPRefusedError as second:
            if _is_not_there(second) or second.code == BETA_IS_OFF:
                raise first from second
            raise second from first
        except WebRTCError as second:
            raise first from second


def _is_not_there(refused: SDPRefusedError) -> bool:
    """Return True if the server doesn't have the protocol, or not for this client secret."""
    return refused.status_code in NOT_THERE_STATUSES or refused.code == WRONG_VERSION


def sdp_exchange(api: API, realtime_url: httpx.URL, model: object) -> SDPExchange:
    """Return the protocol that the option `api` names."""
    makers: dict[API, Callable[[], SDPExchange]] = {
        "auto": lambda: Auto(Calls(realtime_url), Beta(realtime_url, model)),
        "calls": lambda: Calls(realtime_url),
        "beta": lambda: Beta(realtime_url, model),
    }
    return makers[api]()


def _answer(result: Exchange, poster: Poster) -> SDPAnswer:
    if result.refused:
        raise _refusal(result, poster)
    # A byte order mark or a blank line before it does no harm.
    answer = SDP(result.body.decode("utf-8-sig", "replace").lstrip())
    is_answer = answer.text.startswith("v=0") and len(result.body) <= MAX_ANSWER
    if not result.is_whole or not is_answer:
        raise InvalidResponseError(
            f"The SDP offer was answered with HTTP {result.status} and a body that is no SDP "
            f"({len(result.body):,} bytes of it came). {MAY_HAVE_BEGUN}",
            result.status,
            body=bytes(result.body),
            headers=result.headers,
        )
    return SDPAnswer(answer, _call_id(result))


def _call_id(result: Exchange) -> str | None:
    location = result.headers.get("location", "")
    path = re.split("[?#]", location, maxsplit=1)[0]
    return path.rstrip("/").rpartition("/")[2] or None


def _refusal(result: Exchange, poster: Poster) -> SDPRefusedError:
    response = json_object(result.body)
    stated = response.get("error")
    error = stated if isinstance(stated, dict) else response
    code, text = (_masked(error.get(name), poster) for name in ("code", "message"))
    shown = f", {code}" if CODE.fullmatch(code) else ""
    return SDPRefusedError(
        f"The SDP offer was refused (HTTP {result.status}{shown})" + (f": {text}" if text else "."),
        result.status,
        response,
        body=bytes(result.body),
        headers=result.headers,
        retry_after=retry_after(result),
    )


def _masked(stated: object, poster: Poster) -> str:
    """Return a server's text without secrets and without a session description."""
    text = stated.strip() if isinstance(stated, str) else ""
    return printable(_SDP.sub(MASK, poster.masked(text)))
