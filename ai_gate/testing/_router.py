"""From a request to a response: routing, validation and picked examples."""

import math
import secrets
import sys
from collections.abc import Callable, Sequence
from dataclasses import replace
from email.utils import formatdate

from ai_gate.testing._access import CONTROL, Access
from ai_gate.testing._contract import Call, Contract, ContractError
from ai_gate.testing._examples import Example, Pick, documented_examples
from ai_gate.testing._faults.rules import Catalog, Rule
from ai_gate.testing._operations import Operations
from ai_gate.testing._overrides import Override, overridden
from ai_gate.testing._request import ReceivedRequest
from ai_gate.testing._response import Effect, Response, json_response
from ai_gate.testing._state import State
from ai_gate.testing._violations import Violation

Handler = Callable[[Call], Response]
Log = Callable[[str, str, int], None]
OtherPaths = Callable[[ReceivedRequest], Response | None]

# What no operation documents is refused as this one documents it for any refusal.
_FALLBACK = ("GET", "/health")


class Router:
    """The gate without its sockets.

    Args:
        contract: The spec.
        operations: What the gate does for each operation of the spec.
        state: What the gate remembers.
        log: Called with the method, path and status of each response.
        other_paths: Responds to a request for a path that isn't the spec's, or returns None.
        access: Whose requests are served.
    """

    def __init__(
        self,
        contract: Contract,
        operations: Operations,
        state: State,
        log: Log,
        *,
        other_paths: OtherPaths = lambda _: None,
        access: Access | None = None,
    ) -> None:
        self._contract = contract
        self._access = access or Access()
        self._other_paths = other_paths
        self._log = log
        self._state = state
        self._examples = documented_examples(contract)
        self._catalog = Catalog(contract, self._examples)
        self._operations = operations
        self._routes = self._documented_routes()
        self._routes["/session"]["POST"] = operations.create_session
        self._routes["/turn-credentials"]["GET"] = operations.get_turn_credentials
        self._routes["/health"]["GET"] = operations.get_health

    def _documented_routes(self) -> dict[str, dict[str, Handler]]:
        """Route each operation to its first documented success, until it gets a handler."""
        routes: dict[str, dict[str, Handler]] = {}
        for example in self._examples:
            if 200 <= example.status < 300:
                handlers = routes.setdefault(example.path, {})
                handlers.setdefault(example.method, example.response)
        return routes

    def respond_next(self, pick: Pick) -> None:
        """Queue a documented response; ValueError if none fits."""
        if pick.find(self._examples) is None:
            raise ValueError(pick.mismatch(self._examples))
        self._state.rules.add(Rule(pick))

    @property
    def faults(self) -> list[str]:
        """The names of all faults."""
        return self._catalog.names

    def fail(
        self,
        fault: str,
        *,
        times: int | None,
        probability: float = 1.0,
        operation: str | None = None,
        seconds: float | None = None,
        duration: float | None = None,
    ) -> None:
        """Let requests fail; ValueError if there is no such fault or operation, or a bad number."""
        pick = self._catalog.pick(fault, seconds)
        if pick.find(self._documented_for(operation)) is None:
            raise ValueError(f"{operation} documents no response {fault!r}")
        # JSON's 1.0 is whole.
        if times is not None and (times < 1 or times % 1):
            raise ValueError(f"times must be None or at least 1, and whole, got {times}")
        if not 0 < probability <= 1:
            raise ValueError(f"probability must be more than 0 and at most 1, got {probability}")
        # An integer that is no float would be an error at the sum.
        if duration is not None and not 0 <= duration <= sys.float_info.max:
            raise ValueError(f"duration must be finite and not negative, got {duration}")
        until = math.inf if duration is None else self._state.now() + duration
        self._state.rules.add(Rule(pick, times, probability, operation, until))

    def override(self, operation: str, overrides: Sequence[Override]) -> None:
        """Have fields of an operation's coming successes say something else.

        Raises:
            ValueError: There is no such operation or place, or the spec doesn't allow a value.
        """
        example = next(it for it in self._documented_for(operation) if it.status < 300)
        value = self._operations.success(operation, example.value)
        success = json_response(example.status, value)
        wanted = (*self._state.overrides.get(operation, ()), *overrides)
        # A place can be gone by what was said before.
        overridden(success, wanted, is_strict=True)
        if any(it.is_checked for it in overrides):
            checked = overridden(success, [it for it in wanted if it.is_checked])
            try:
                self._contract.check_response(example.method, example.path, checked)
            except ContractError as error:
                raise ValueError(f"{error}; with validate=False it goes") from error
        self._state.override(operation, overrides)

    def _documented_for(self, operation: str | None) -> list[Example]:
        operations = self._contract.operations
        if operation is not None and operation not in operations.values():
            names = ", ".join(operations.values())
            raise ValueError(f"there is no operation {operation!r}; there is {names}")
        return [
            example
            for example in self._examples
            if operation in (None, operations.get((example.method, example.path)))
        ]

    def respond(self, request: ReceivedRequest) -> Response:
        """Respond to a request. Never raises: a bug of the mock gate is kept, and gives 500."""
        if not request.path.startswith(CONTROL):
            self._state.add_request(request)
        try:
            response = self._admit(request)
        except Exception as error:
            message = f"{type(error).__name__}: {error}"
            response = self.report_bug(request.method, request.path, message)
        return self._readable(request, response)

    def refuse(self, request: ReceivedRequest, status: int, message: str) -> Response:
        """Respond to a request that can't be read to its end, or not at all."""
        refusal = self._refusal(request, status, message)
        return self._readable(request, self._checked(request, refusal))

    def _readable(self, request: ReceivedRequest, response: Response) -> Response:
        """Let the page that asked read the response, if it may."""
        return replace(response, headers={**self._access.headers(request), **response.headers})

    def _admit(self, request: ReceivedRequest) -> Response:
        refusal = self._access.refusal(request)
        if refusal is not None:
            return self._checked(request, self._refusal(request, *refusal))
        response = self._other_paths(request)
        if response is None and self._access.is_preflight(request):
            response = Response(204, b"")
        if response is None:
            return self._checked(request, self._route(request))
        return self._logged(request, self._stamped(response))

    def report_bug(self, method: str, path: str, message: str) -> Response:
        """Keep a bug of the mock gate and respond with 500."""
        self._state.violations.add(Violation("answer", method, path, message))
        self._log(method, path, 500)
        return self._stamped(json_response(500, self._contract.example("internal_error")))

    def _route(self, request: ReceivedRequest) -> Response:
        handlers = self._routes.get(request.path)
        if handlers is None:
            return self._refusal(request, 404, "There is no such path")
        handler = handlers.get(request.method)
        if handler is None:
            allowed = ", ".join(handlers)
            refusal = self._refusal(request, 405, f"The method must be {allowed}")
            return replace(refusal, headers={"Allow": allowed})
        return self._call(request, handler)

    def _call(self, request: ReceivedRequest, handler: Handler) -> Response:
        try:
            call = self._contract.read_request(request)
            operation = self._contract.operations.get((request.method, request.path), "")
            effect = self._effect(request, operation)
        except ContractError as error:
            return self._refusal(request, 400, str(error))

        def carry_out() -> Response:
            response = handler(call)
            if response.status < 300:
                response = overridden(response, self._state.overrides.get(operation, ()))
            if effect is not None and response.script is None:
                self._contract.check_response(request.method, request.path, response)
            return response

        return carry_out() if effect is None else effect(carry_out)

    def _effect(self, request: ReceivedRequest, operation: str) -> Effect | None:
        """Return what goes wrong with a request: what it prefers, or else the next in the queue."""
        examples: Sequence[Example] = [
            example
            for example in self._examples
            if (example.method, example.path) == (request.method, request.path)
        ]
        try:
            pick = self._catalog.preferred(request.headers.get("prefer", ""))
        except ValueError as error:
            raise ContractError(str(error)) from error
        if pick is None:
            return self._state.rules.take(operation, examples, self._state.now())
        effect = pick.find(examples)
        if effect is None:
            raise ContractError(pick.mismatch(examples))
        return effect

    def _refusal(self, request: ReceivedRequest, status: int, message: str) -> Response:
        violation = Violation("request", request.method, request.path, message)
        self._state.violations.add(violation)
        template = self._contract.example("not_found" if status == 404 else "invalid_request")
        return json_response(status, {**template, "message": message})

    def _checked(self, request: ReceivedRequest, response: Response) -> Response:
        """Add the headers that every response has, and validate it against the spec."""
        is_documented = request.method in self._routes.get(request.path, {})
        operation = (request.method, request.path) if is_documented else _FALLBACK
        stamped = self._stamped(response)
        if stamped.script is None:
            self._contract.check_response(*operation, stamped)
        return self._logged(request, stamped)

    def _logged(self, request: ReceivedRequest, response: Response) -> Response:
        # Or the lines of a container's health check would bury the others.
        if not request.path.startswith(CONTROL):
            self._log(request.method, request.path, response.status)
        return response

    def _stamped(self, response: Response) -> Response:
        headers = {
            **response.headers,
            "CF-Ray": f"{secrets.token_hex(8)}-FRA",
            "Date": formatdate(self._state.now(), usegmt=True),
        }
        return replace(response, headers=headers)
