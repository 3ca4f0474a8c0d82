"""What the gate does for each documented operation, once a request is known to be valid."""

import math
from collections.abc import Callable
from typing import Any

from ai_gate.testing._contract import Call, Contract, ContractError
from ai_gate.testing._limits import Account, Refusal
from ai_gate.testing._response import Response, isoformat, json_response
from ai_gate.testing._sessions import IceServers, new_session, new_turn_credentials
from ai_gate.testing._state import State

UNKNOWN = {"estimatedMinutes", "minutesUsed"}
"""What the mock gate can't say of a project's usage, since it sees no session's activity."""

NOT_ECHOED = {
    "project_id",
    "id",
    "object",
    "expires_at",
    "client_secret",
    "turn_credentials",
    "session_id",
    "metadata",
}
"""What a caller can send without a session having it: it is OpenAI's or the gate's to say."""


class Operations:
    """The operations of the gate, with the limits of each project's plan."""

    def __init__(
        self, contract: Contract, state: State, ice_servers: IceServers | None = None
    ) -> None:
        self._contract = contract
        self._state = state
        self._ice_servers = ice_servers

    def success(self, operation: str, otherwise: Any) -> Any:
        """Return what an operation's successes look like, or the other value if it isn't here."""
        match operation:
            case "create_session":
                template = self._contract.example("session")
                wanted = {name: template[name] for name in ("model", "voice")}
                return new_session(template, wanted, 0.0, self._ice_servers)
            case "get_turn_credentials":
                return self._turn_credentials()
        return otherwise

    def create_session(self, call: Call) -> Response:
        """Create a session that echoes what was asked for."""
        template = self._contract.example("session")
        wanted = {name: value for name, value in call.body.items() if name not in NOT_ECHOED}
        if wanted.keys() - self._contract.properties("CreateSessionRequest"):
            # The spec says nothing of these, but OpenAI refuses what its session can't have.
            try:
                session = json_response(200, {**template, **wanted})
                self._contract.check_response("POST", "/session", session)
            except (ContractError, RecursionError) as error:
                refusal = self._contract.example("invalid_request")
                return json_response(400, {**refusal, "message": str(error)})

        response = self._serve(
            call.body["project_id"],
            lambda now: new_session(template, wanted, now, self._ice_servers),
            session=True,
        )
        if response.status == 200:
            self._state.sessions.add(response.body, len(response.body))
        return response

    def get_turn_credentials(self, call: Call) -> Response:
        """Make TURN credentials."""
        project = call.query["identifier"]
        return self._serve(project, lambda _: self._turn_credentials(), session=False)

    def _turn_credentials(self) -> Any:
        return new_turn_credentials(self._contract.example("turn_credentials"), self._ice_servers)

    def get_health(self, _: Call) -> Response:
        """Say that the gate is up."""
        return json_response(200, self._contract.example("healthy"))

    def _serve(self, project: str, make_body: Callable[[float], Any], *, session: bool) -> Response:
        """Respond with the body, unless the project is unknown or has reached a limit."""
        admitted = self._state.admit(project, session=session)
        if admitted is None:
            return json_response(401, self._contract.example("unknown_project"))
        usage, now = admitted
        if usage.refusal is not None:
            return _refuse(self._contract, usage, usage.refusal, now)
        return json_response(200, make_body(now), rate_limit_headers(usage))


def rate_limit_headers(usage: Account) -> dict[str, str]:
    """Make the headers that describe a project's window."""
    if usage.plan.requests is None:
        return {}
    return {
        "X-RateLimit-Limit": str(usage.plan.requests),
        "X-RateLimit-Remaining": str(max(0, usage.plan.requests - usage.requests)),
        "X-RateLimit-Reset": str(math.ceil(usage.window_end)),
    }


def _refuse(contract: Contract, usage: Account, refusal: Refusal, now: float) -> Response:
    """Make the documented response to a limit that is reached, with the project's numbers."""
    headers = rate_limit_headers(usage)
    plan = usage.plan
    fields: dict[str, Any]
    match refusal:
        case Refusal.REQUESTS:
            headers["Retry-After"] = str(math.ceil(usage.window_end - now))
            status, name = 429, "rate_limit"
            reset = isoformat(math.ceil(usage.window_end))
            fields = {"limit": plan.requests, "window": _shown(plan.window), "resetAt": reset}
        case Refusal.QUOTA:
            status, name = 402, "quota_exceeded"
            message = f"The monthly quota of {plan.quota} sessions is used up"
            fields = {"message": message, "usage": _used_up(contract, usage)}
        case _:
            status, name = 429, "concurrent_limit"
            fields = {"current": usage.live_sessions, "max": plan.concurrent}
    return json_response(status, {**contract.example(name), **fields}, headers)


def _shown(window: float) -> str:
    return f"{window:g} seconds" if window % 60 else f"{window / 60:g} minutes"


def _used_up(contract: Contract, usage: Account) -> dict[str, Any]:
    template = contract.example("quota_exceeded")["usage"]
    return {
        **{name: value for name, value in template.items() if name not in UNKNOWN},
        "plan": usage.plan.name,
        "sessionsIncluded": usage.plan.quota,
        "sessionsUsed": usage.month_sessions,
        "sessionsRemaining": 0,
        "percentUsed": 100,
    }
