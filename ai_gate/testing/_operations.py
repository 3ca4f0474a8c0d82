"""What the gate does for each documented operation once a request is known to be valid."""

from collections.abc import Callable, Collection
from typing import Any

from ai_gate.testing._contract import Call, Contract
from ai_gate.testing._ice_servers import IceServers
from ai_gate.testing._limits import Plan
from ai_gate.testing._refusals import rate_limit_headers, refusal_answer
from ai_gate.testing._response import Answer, json_answer
from ai_gate.testing._sessions import new_session, new_turn_credentials
from ai_gate.testing._state import State

Minted = Callable[[Any], None]


def _nothing(_: Any) -> None:
    """Take no note of a session."""


class Operations:
    """The operations of the gate, with the limits of its plan.

    Args:
        contract: The spec.
        plan: The limits.
        projects: The projects there are; None for any.
        state: What the gate remembers.
        ice_servers: The ICE servers to hand out. Default None: those of the spec's example.
        minted: Is given each new session. Default: nobody is.
    """

    def __init__(
        self,
        contract: Contract,
        plan: Plan,
        projects: Collection[str] | None,
        state: State,
        *,
        ice_servers: IceServers | None = None,
        minted: Minted = _nothing,
    ) -> None:
        self._contract = contract
        self._plan = plan
        self._projects = None if projects is None else frozenset(projects)
        self._state = state
        self._ice_servers = ice_servers
        self._minted = minted

    def create_session(self, call: Call) -> Answer:
        """Mint a session that echoes what was asked for."""
        template = self._contract.example("session")

        def mint(now: float) -> Any:
            session = new_session(template, call.body, now, self._ice_servers)
            self._minted(session)
            return session

        return self._serve(call.body["project_id"], mint, session=True)

    def get_turn_credentials(self, call: Call) -> Answer:
        """Make TURN credentials."""
        template = self._contract.example("turn_credentials")
        return self._serve(
            call.query["identifier"],
            lambda _: new_turn_credentials(template, self._ice_servers),
            session=False,
        )

    def get_health(self, _: Call) -> Answer:
        """Say that the gate is up."""
        return json_answer(200, self._contract.example("healthy"))

    def _serve(self, project: str, make_body: Callable[[float], Any], *, session: bool) -> Answer:
        """Answer with the body unless the project is unknown or has reached a limit."""
        if self._projects is not None and project not in self._projects:
            return json_answer(401, self._contract.example("unknown_project"))
        usage, now = self._state.admit(project, session=session)
        if usage.refusal is not None:
            return refusal_answer(self._contract, self._plan, usage, usage.refusal, now)
        return json_answer(200, make_body(now), rate_limit_headers(self._plan, usage))
