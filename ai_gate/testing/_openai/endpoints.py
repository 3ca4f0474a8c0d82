"""The HTTP side of a call: OpenAI's two paths for an SDP offer, and CORS for browsers."""

import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from ai_gate.testing._openai.client_secrets import ClientSecrets, Doubt
from ai_gate.testing._openai.faults import Misbehaviour
from ai_gate.testing._openai.records import Api
from ai_gate.testing._openai.refusals import RefusedError, refusal
from ai_gate.testing._response import Answer
from ai_gate.testing._violations import ReceivedRequest

REALTIME = "/v1/realtime"
_PATHS: Mapping[str, Api] = {f"{REALTIME}/calls": "calls", REALTIME: "beta"}
_ALLOWED = "POST, OPTIONS"
_CORS = {
    "Access-Control-Allow-Origin": "*",
    "Access-Control-Allow-Headers": "authorization, content-type",
    "Access-Control-Allow-Methods": _ALLOWED,
    "Access-Control-Expose-Headers": "Location, X-Request-Id",
}


@dataclass(frozen=True)
class Offer:
    """A client's SDP offer that may be answered."""

    api: Api
    call_id: str
    model: str
    session: Mapping[str, Any]
    sdp: str


class Routes:
    """The paths under `/v1/realtime`. They stand in no spec of the gate's."""

    def __init__(
        self,
        client_secrets: ClientSecrets,
        misbehaviour: Misbehaviour,
        now: Callable[[], float],
        take_call: Callable[[Offer], str],
    ) -> None:
        self._client_secrets = client_secrets
        self._misbehaviour = misbehaviour
        self._now = now
        self._take_call = take_call

    def answer(self, request: ReceivedRequest) -> Answer | None:
        """Answer a request; None where its path is none of OpenAI's."""
        if request.path != REALTIME and not request.path.startswith(f"{REALTIME}/"):
            return None
        try:
            answer = self._route(request)
        except RefusedError as refused:
            answer = refused.answer
        headers = {**_CORS, "X-Request-Id": f"req_{secrets.token_hex(16)}", **answer.headers}
        return replace(answer, headers=headers)

    def _route(self, request: ReceivedRequest) -> Answer:
        api = _PATHS.get(request.path)
        if api is None:
            raise RefusedError(refusal(404, None, "There is no such path"))
        if request.method == "OPTIONS":
            return Answer(204, b"", headers={"Access-Control-Max-Age": "600"})
        if request.method != "POST":
            headers = {"Allow": _ALLOWED}
            raise RefusedError(refusal(405, None, f"The method must be {_ALLOWED}", headers))
        return self._exchange(api, request)

    def _exchange(self, api: Api, request: ReceivedRequest) -> Answer:
        """Answer an SDP offer with an SDP answer."""
        ordered = self._misbehaviour.take_refusal()
        if ordered is not None:
            return ordered
        if not self._misbehaviour.speaks(api):
            raise RefusedError(refusal(404, None, "There is no such path"))
        session = self._session(request)
        offer = Offer(
            api=api,
            call_id=f"rtc_{secrets.token_hex(16)}",
            model=session["model"] if api == "calls" else _model(request),
            session=session,
            sdp=_sdp(request),
        )
        body = self._take_call(offer).encode("utf-8")
        headers = {"Location": f"{REALTIME}/calls/{offer.call_id}"} if api == "calls" else {}
        return Answer(201, body, "application/sdp", headers)

    def _session(self, request: ReceivedRequest) -> dict[str, Any]:
        scheme, _, secret = request.headers.get("authorization", "").partition(" ")
        if scheme.lower() != "bearer" or not secret.strip():
            message = "There is no client secret: send it as Authorization: Bearer"
            raise RefusedError(refusal(401, "missing_api_key", message))
        session = self._client_secrets.find(secret.strip(), self._now())
        if session is Doubt.UNKNOWN:
            message = "The client secret is none that this gate has minted"
            raise RefusedError(refusal(401, "invalid_api_key", message))
        if isinstance(session, Doubt):
            message = "The client secret has expired"
            raise RefusedError(refusal(401, "invalid_api_key", message))
        return session


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
    # OpenAI fails on an offer whose last line isn't ended. Without a section there is no call.
    body = request.body
    if not (body.startswith(b"v=0") and b"\nm=" in body and body.endswith(b"\n")):
        raise bad_offer()
    try:
        return body.decode("utf-8")
    except UnicodeDecodeError as error:
        raise bad_offer() from error


def bad_offer() -> RefusedError:
    """Make the refusal of an offer that can't be answered. It quotes nothing of the offer."""
    message = "The offer is no SDP that can be answered; the last line must end with CRLF too"
    return RefusedError(refusal(400, "invalid_offer", message))
