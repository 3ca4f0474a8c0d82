"""The turn of one attempt: how it is waited for, and what is told of it."""

import time
from collections.abc import Generator
from typing import TYPE_CHECKING, Any
from uuid import uuid4

from ai_gate._call import limited, response
from ai_gate._call.exchange import Deadline, Exchange, Look

if TYPE_CHECKING:
    from ai_gate.limits._limiter import Limiter


class Turn:
    """The turn of one attempt.

    Args:
        limiter: The limiter.
        key: What stands for the gate and the project in the store.
        session: Whether a session is asked for.
        deadline: When the call must have ended.
    """

    def __init__(self, limiter: "Limiter", key: str, session: bool, deadline: Deadline) -> None:
        self.refusal: Exchange | None = None
        """What is said in place of the gate, if the turn can't come in time."""
        self._limiter, self._key, self._deadline = limiter, key, deadline
        self._told = {"id": uuid4().hex, "session": session}
        self._asked = self._taken = 0.0
        self._reply: dict[str, Any] | None = None

    def take(self, delay: float) -> Generator[Look, Any, None]:
        """Wait for the turn, at first for the delay."""
        self._asked = self._taken = time.monotonic() + delay
        while True:
            try:
                reply = yield self._limiter.new_look(self._ask, delay)
            except GeneratorExit:
                self._tell({"what": "unsent"})
                raise
            if reply is None:
                return self._limiter.check_may_fail()
            if "refused" in reply:
                kind = reply["refused"]
                used, limit, _ = reply[kind]
                window = self._limiter.limits["window"]
                self.refusal = limited.refusal(kind, used, limit, reply["wait"], window)
                return None
            if reply["wait"] == 0:
                self._taken, self._reply = time.monotonic(), reply
                return None
            delay = reply["wait"]

    def report(self, exchange: Exchange) -> Generator[Look, Any, None]:
        """Tell what came of the attempt: at once if others have to know it, else with the next."""
        outcome = limited.outcome(exchange, self._limiter.limits["window"])
        if self._told["session"] and outcome["what"] == "made" and self._limiter.limits["concurrent"]:
            outcome["name"] = self._limiter.session_name(response.json_object(exchange.body))
        self._tell(outcome)
        if self._is_urgent(outcome):
            yield self._limiter.new_look(lambda: self._limiter.look(self._key), 0.0)

    def _ask(self) -> dict[str, Any] | None:
        left = self._deadline.left() if self._limiter.waits else 0.0
        waited = time.monotonic() - self._asked
        return self._limiter.look(self._key, **self._told, left=left, waited=waited)

    def _tell(self, outcome: dict[str, Any]) -> None:
        self._limiter.tell(self._key, self._told | outcome, self._taken)

    def _is_urgent(self, outcome: dict[str, Any]) -> bool:
        """Return True if others would go wrong without the news."""
        if self._reply is None or outcome["what"] != "made" or outcome.get("name"):
            return True
        used, limit, _ = self._reply["requests"]
        if not outcome["limit"]:
            return bool(used <= 1)
        # The first request of a window says when it ends. How many others are under way is how far
        # off the count can be that this one was given.
        far = abs(outcome["used"] - used) > self._reply["under_way"]
        return far or outcome["used"] <= 1 or outcome["limit"] != limit
