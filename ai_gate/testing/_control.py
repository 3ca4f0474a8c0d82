"""The control path `/__mock__`: what `MockGate` does for tests in Python, for any other language.

`control.json` beside this file describes it, and decides which requests are valid.
"""

from collections.abc import Callable, Mapping
from dataclasses import asdict, replace
from functools import cache
from typing import Any

from ai_gate.testing._contract import Contract, ContractError, read_document
from ai_gate.testing._request import ReceivedRequest
from ai_gate.testing._response import Response, isoformat, json_response
from ai_gate.testing._router import Router
from ai_gate.testing._state import State


class Control:
    """The operations of the control path."""

    def __init__(
        self,
        state: State,
        router: Router,
        advance: Callable[[float], None],
        reset: Callable[[], None],
    ) -> None:
        self._state = state
        # What returns None is answered with the state.
        self._handlers: Mapping[str, Callable[[Mapping[str, Any]], object]] = {
            "get_state": lambda _: None,
            "get_health": lambda _: {"status": "healthy"},
            "get_document": lambda _: _document(),
            "advance": lambda body: advance(body["seconds"]),
            "reset": lambda _: reset(),
            "get_faults": lambda _: {"names": router.faults},
            "add_fault": lambda body: router.fail(**body),
            "recover": lambda _: state.recover(),
            "get_received": lambda _: {"requests": [_shown(it) for it in state.received.all()]},
        }

    def respond(self, request: ReceivedRequest) -> Response:
        """Respond to a request; one that is wrong counts for no violation of the gate's spec."""
        request = replace(request, path=request.path.removesuffix("/"))
        contract = _contract()
        operation = contract.operations.get((request.method, request.path))
        if operation is None:
            allowed = [method for method, path in contract.operations if path == request.path]
            headers = {"Allow": ", ".join(allowed)} if allowed else {}
            return _refuse(405 if allowed else 404, "There is no such operation", headers)
        try:
            call = contract.read_request(request)
            return json_response(200, self._handlers[operation](call.body) or self._describe())
        except ContractError as error:
            return _refuse(400, str(error))
        except ValueError as error:
            return _refuse(409, str(error))

    def _describe(self) -> object:
        return {
            "now": isoformat(self._state.now()),
            "sessions_created": self._state.sessions_created(),
            "projects": self._state.projects(),
            "violations": [asdict(violation) for violation in self._state.violations.all()],
        }


def _shown(request: ReceivedRequest) -> dict[str, Any]:
    return {**vars(request), "body": request.body.decode("utf-8", "replace")}


def _refuse(status: int, message: str, headers: Mapping[str, str] | None = None) -> Response:
    return json_response(status, {"error": "invalid_request", "message": message}, headers)


@cache
def _document() -> Any:
    return read_document("ai_gate.testing", "control.json")


@cache
def _contract() -> Contract:
    return Contract(_document())
