"""From a request to an answer: routing, validation and picked answers."""

import secrets
from collections.abc import Callable, Mapping
from email.utils import formatdate
from functools import partial

from ai_gate.testing._contract import Call, Contract, ContractError
from ai_gate.testing._examples import Example, Pick, documented_examples
from ai_gate.testing._operations import Operations
from ai_gate.testing._prefer import parse_prefer
from ai_gate.testing._response import Answer, json_answer
from ai_gate.testing._state import State
from ai_gate.testing._violations import ReceivedRequest, Violation

Handler = Callable[[Call], Answer]
Log = Callable[[str, str, int], None]
Elsewhere = Callable[[ReceivedRequest], Answer | None]

# What no operation documents is refused in the way that this one documents for any refusal.
_FALLBACK = ("GET", "/health")


def _give(example: Example, _: Call) -> Answer:
    return example.answer()


def _nothing(_: ReceivedRequest) -> Answer | None:
    return None


class Responder:
    """The gate without its sockets.

    Args:
        contract: The spec.
        operations: What the gate does for each operation of the spec.
        state: What the gate remembers.
        log: Is told of each answer.
        elsewhere: Answers the paths that the spec has no say in. Default: there are none.
    """

    def __init__(
        self,
        contract: Contract,
        operations: Operations,
        state: State,
        log: Log,
        elsewhere: Elsewhere = _nothing,
    ) -> None:
        self._contract = contract
        self._elsewhere = elsewhere
        self._log = log
        self._state = state
        self._examples = documented_examples(contract)
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
                handlers.setdefault(example.method, partial(_give, example))
        return routes

    def respond_next(self, pick: Pick) -> None:
        """Queue a documented answer; ValueError where none fits."""
        if pick.find(self._examples) is None:
            raise ValueError(pick.complaint(self._examples))
        self._state.queue(pick)

    def answer(self, request: ReceivedRequest) -> Answer:
        """Answer a request. It never raises: a bug of the mock gate is kept, and answered 500."""
        self._state.record(request)
        try:
            answer = self._elsewhere(request)
            if answer is None:
                return self._checked(request.method, request.path, self._route(request))
            return self._logged(request.method, request.path, self._stamped(answer))
        except Exception as error:
            return self.report_bug(request.method, request.path, f"{type(error).__name__}: {error}")

    def refuse(self, method: str, path: str, status: int, message: str) -> Answer:
        """Answer what could not even be read as a request."""
        return self._checked(method, path, self._refusal(method, path, status, message))

    def report_bug(self, method: str, path: str, message: str) -> Answer:
        """Keep a bug of the mock gate and answer 500."""
        self._state.keep(Violation("answer", method, path, message))
        self._log(method, path, 500)
        return self._stamped(json_answer(500, self._contract.example("internal_error")))

    def _route(self, request: ReceivedRequest) -> Answer:
        handlers = self._routes.get(request.path)
        if handlers is None:
            return self._refusal(request.method, request.path, 404, "There is no such path")
        handler = handlers.get(request.method)
        if handler is None:
            allowed = ", ".join(handlers)
            message = f"The method must be {allowed}"
            return self._refusal(request.method, request.path, 405, message, {"Allow": allowed})
        return self._call(request, handler)

    def _call(self, request: ReceivedRequest, handler: Handler) -> Answer:
        try:
            call = self._contract.read_request(request)
            picked = self._picked(request)
        except ContractError as error:
            return self._refusal(request.method, request.path, 400, str(error))
        return handler(call) if picked is None else picked.answer()

    def _picked(self, request: ReceivedRequest) -> Example | None:
        examples = [
            example
            for example in self._examples
            if (example.method, example.path) == (request.method, request.path)
        ]
        preferred = parse_prefer(request.headers.get("prefer", ""))
        if preferred is None:
            return self._state.take_queued(examples)
        example = preferred.find(examples)
        if example is None:
            raise ContractError(preferred.complaint(examples))
        return example

    def _refusal(
        self,
        method: str,
        path: str,
        status: int,
        message: str,
        headers: Mapping[str, str] | None = None,
    ) -> Answer:
        self._state.keep(Violation("request", method, path, message))
        template = self._contract.example("not_found" if status == 404 else "invalid_request")
        return json_answer(status, {**template, "message": message}, headers)

    def _checked(self, method: str, path: str, answer: Answer) -> Answer:
        """Add the headers that every answer has, and hold the answer against the spec."""
        is_documented = method in self._routes.get(path, {})
        operation = (method, path) if is_documented else _FALLBACK
        stamped = self._stamped(answer)
        self._contract.check_answer(*operation, stamped)
        return self._logged(method, path, stamped)

    def _logged(self, method: str, path: str, answer: Answer) -> Answer:
        self._log(method, path, answer.status)
        return answer

    def _stamped(self, answer: Answer) -> Answer:
        headers = {
            **answer.headers,
            "CF-Ray": f"{secrets.token_hex(8)}-FRA",
            "Date": formatdate(self._state.now(), usegmt=True),
        }
        return Answer(answer.status, answer.body, answer.content_type, headers)
