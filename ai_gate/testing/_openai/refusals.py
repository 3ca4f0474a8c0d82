"""Refusals in the shape of OpenAI's: an object `error` with message, type, code and param."""

from collections.abc import Mapping

from ai_gate.testing._response import Answer, json_answer


class RefusedError(Exception):
    """An SDP exchange that is refused, with the answer that says so."""

    def __init__(self, answer: Answer) -> None:
        super().__init__(str(answer.status))
        self.answer = answer


def refusal(
    status: int, code: str | None, message: str, headers: Mapping[str, str] | None = None
) -> Answer:
    """Make an answer that refuses."""
    kind = "server_error" if status >= 500 else "invalid_request_error"
    error = {"message": message, "type": kind, "code": code, "param": None}
    return json_answer(status, {"error": error}, headers)
