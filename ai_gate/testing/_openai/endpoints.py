"""The HTTP side of a call: OpenAI's two paths for an SDP offer, and CORS for browsers."""

import json
import secrets
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import Any

from ai_gate.testing._openai.events import Api
from ai_gate.testing._openai.faults import Faults
from ai_gate.testing._request import ReceivedRequest
from ai_gate.testing._response import Response, json_response
from ai_gate.testing._state import State

REALTIME = "/v1/realtime"
_PATHS: Mapping[str, Api] = {f"{REALTIME}/calls": "calls", REALTIME: "beta"}
_ALLOWED = "POST, OPTIONS"
_CORS = {
    "Access-Control-Allow-Origin": "*",
    "Access-Control-Allow-Headers": "authorization, content-type",
    "Access-Control-Allow-Methods": _ALLOWED,
    "Access-Control-Expose-Headers": "Location, X-Request-Id",
}


class RefusedError(Exception):
    """An SDP exchange that is refused, with the response that says so."""

    def __init__(self, response: Response) -> None:
        super().__init__(str(response.status))
        self.response = response


def refusal(
    status: int, code: str | None, message: str, headers: Mapping[str, str] | None = None
) -> Response:
    """Make a refusal in the shape of OpenAI's: an error with message, type, code and param."""
    kind = "server_error" if status >= 500 else "invalid_request_error"
    error = {"message": message, "type": kind, "code": code, "param": None}
    return json_response(status, {"error": error}, headers)


def bad_offer() -> RefusedError:
    """Make the refusal of an offer that can't be answered. It quotes nothing of the offer."""
    message = "The offer is no SDP that can be answered; the last line must end with CRLF too"
    return RefusedError(refusal(400, "invalid_offer", message))


@dataclass(frozen=True)
class Offer:
    """A client's SDP offer that passed all checks before its SDP is parsed."""

    api: Api
    call_id: str
    model: str
    session: Mapping[str, Any]
    sdp: str
    is_answered_lite: bool


class Endpoints:
    """The paths under `/v1/realtime`, which are in no spec of the gate's.

    They accept the client secrets of the sessions that the gate has created. `take_call` takes an
    offer and returns the SDP answer; RefusedError if it can't.
    """

    def __init__(self, state: State, faults: Faults, take_call: Callable[[Offer], str]) -> None:
        self._state = state
        self._faults = faults
        self._take_call = take_call

    def respond(self, request: ReceivedRequest) -> Response | None:
        """Respond to a request; None if its path isn't one of OpenAI's."""
        if request.path != REALTIME and not request.path.startswith(f"{REALTIME}/"):
            return None
        try:
            response = self._route(request)
        except RefusedError as refused:
            response = refused.response
        headers = {**_CORS, "X-Request-Id": f"req_{secrets.token_hex(16)}", **response.headers}
        return replace(response, headers=headers)

    def _route(self, request: ReceivedRequest) -> Response:
        api = _PATHS.get(request.path)
        if api is None:
            raise RefusedError(refusal(404, None, "There is no such path"))
        if request.method == "OPTIONS":
            return Response(204, b"", headers={"Access-Control-Max-Age": "600"})
        if request.method != "POST":
            headers = {"Allow": _ALLOWED}
            raise RefusedError(refusal(405, None, f"The method must be {_ALLOWED}", headers))
        return self._exchange(api, request)

    def _exchange(self, api: Api, request: ReceivedRequest) -> Response:
        """Respond to an SDP offer with an SDP answer."""
        with suppress(IndexError):
            return self._faults.refusals.popleft()
        if self._faults.only not in (None, api):
            raise RefusedError(refusal(404, None, "There is no such path"))
        session = self._session(request)
        offer = Offer(
            api=api,
            call_id=f"rtc_{secrets.token_hex(16)}",
            model=session["model"] if api == "calls" else _model(request),
            session=session,
            sdp=_sdp(request),
            is_answered_lite=self._faults.is_ice_lite,
        )
        body = self._take_call(offer).encode("utf-8")
        headers = {"Location": f"{REALTIME}/calls/{offer.call_id}"} if api == "calls" else {}
        return Response(201, body, "application/sdp", headers)

    def _session(self, request: ReceivedRequest) -> dict[str, Any]:
        scheme, _, secret = request.headers.get("authorization", "").partition(" ")
        if scheme.lower() != "bearer" or not secret.strip():
            message = "There is no client secret: send it as Authorization: Bearer"
            raise RefusedError(refusal(401, "missing_api_key", message))
        return self._created(secret.strip())

    def _created(self, secret: str) -> dict[str, Any]:
        """Return the session that a client secret belongs to."""
        for written in self._state.sessions.all():
            # Reading every session would take long.
            session: dict[str, Any] = json.loads(written) if secret.encode() in written else {}
            created = session.get("client_secret", {})
            if created.get("value") == secret:
                if written in self._faults.expired or self._state.now() >= created["expires_at"]:
                    message = "The client secret has expired"
                    raise RefusedError(refusal(401, "invalid_api_key", message))
                return session
        message = "The client secret is none that this gate has minted"
        raise RefusedError(refusal(401, "invalid_api_key", message))


def _model(request: ReceivedRequest) -> str:
    models = request.query.get("model", [])
    if len(models) != 1 or not models[0]:
        raise RefusedError(refusal(400, "missing_model", "The query must name one model"))
    return models[0]


def _sdp(request: ReceivedRequest) -> str:
    media_type = request.headers.get("content-type", "").split(";")[0].strip().lower()
    if media_type != "application/sdp":
        message = "The content type must be application/sdp"
        raise RefusedError(refusal(400, "unsupported_content_type", message))
    # OpenAI fails on an offer whose last line isn't ended. A call has at least one media section.
    body = request.body
    if not (body.startswith(b"v=0") and b"\nm=" in body and body.endswith(b"\n")):
        raise bad_offer()
    try:
        return body.decode("utf-8")
    except UnicodeDecodeError as error:
        raise bad_offer() from error
