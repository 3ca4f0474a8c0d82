"""The turn of one attempt: how it is waited for, and what is told of it."""

import time
from collections.abc import Callable, Generator
from functools import partial
from typing import Any

from ai_gate._call import limited, response
from ai_gate._call.desk import NOTHING, Desk, project_key, session_name
from ai_gate._call.exchange import Exchange, Look, Order
from ai_gate._call.operations import Operation
from ai_gate._config import Config
from ai_gate.errors import AIGateError


class Turn:
    """The turn of one attempt.

    Args:
        desk: Where to ask for it.
        operation: What is to be sent.
        config: The client's settings.
        order: The order to send it.
    """

    def __init__(self, desk: Desk, operation: Operation, config: Config, order: Order) -> None:
        self._desk, self._key, self._order = desk, project_key(config), order
        desk.base_url = config.base_url
        # A session is what is billed each time.
        self._own = {"id": desk.new_turn(), "session": not operation.idempotent}
        self._asked = 0.0
        self._reply: dict[str, Any] | None = None
        self._is_over = self._is_told = False

    def exchange(
        self, attempt: Generator[Order | Look, Any, Exchange]
    ) -> Generator[Order | Look, Any, Exchange]:
        """Wait for the turn, make the attempt, and tell what came of it.

        Returns:
            What happened, or what is said in the gate's place if the turn can't come in time.
        """
        try:
            if refusal := (yield from self.take()):
                return refusal
            exchange = yield from attempt
            yield from self._report(exchange)
            return exchange
        except BaseException:
            # It was cancelled, or the app's own exception ended it.
            self.give_back()
            raise

    def take(self) -> Generator[Look, Any, Exchange | None]:
        """Wait for the turn, at first for the delay of the order. Return its refusal, if any."""
        delay, self._order.delay = self._order.delay, 0.0
        self._asked = time.monotonic() + delay
        while True:
            reply = yield self._ordered(self._look, delay)
            if reply is None:
                if self._order.deadline.left() > 0:
                    self._desk.missed("it takes too long")
                if self._desk.may_fail:
                    return None
                raise AIGateError("The limiter's store is away, so nothing was sent.")
            if "refused" in reply:
                return limited.refusal(reply, self._desk.limits["window"])
            delay = reply["wait"]
            if not delay:
                self._reply = reply
                return None

    def give_back(self) -> None:
        """Tell that the attempt has ended without an outcome, if it has."""
        if not self._is_told:
            what = "lost" if self._order.sent else "unsent"
            self._end({"what": what}, self._desk.tell_soon)

    def _report(self, exchange: Exchange) -> Generator[Look, Any, None]:
        """Tell what came of the attempt: at once if others have to know it, else with the next."""
        news = limited.outcome(exchange, self._desk.limits["window"])
        if self._own["session"] and news["what"] == "made":
            news["name"] = session_name(response.json_object(exchange.body))
        self._end(news, self._desk.tell)
        if self._is_urgent(NOTHING | news):
            # What isn't told in time is told with the next look.
            yield self._ordered(partial(self._desk.look, self._key))

    def _ordered(self, action: Callable[[], Any], delay: float = 0.0) -> Look:
        left = max(0.0, self._order.deadline.left() - delay)
        return Look(action, delay, self._desk.store.blocks, left)

    def _end(self, news: dict[str, Any], tell: Callable[[str, dict[str, Any]], None]) -> None:
        since = self._reply["now"] if self._reply else 0.0
        # A look that is still under way must see that, or what it takes after the news is lost.
        self._is_over = True
        tell(self._key, self._own | {"since": since} | news)
        # What a signal handler raises before leaves it to `give_back`.
        self._is_told = True

    def _look(self) -> Any:
        reply = self._desk.look(self._key, self._ask)
        if self._is_over and reply is not None:
            # It took too long: nobody takes the turn.
            news = self._own | {"what": "unsent", "since": reply["now"]}
            self._desk.tell(self._key, news)
            self._desk.look(self._key)
        return reply

    def _ask(self) -> dict[str, Any]:
        left = self._order.deadline.left() if self._desk.waits else 0.0
        return self._own | {"left": left, "waited": time.monotonic() - self._asked}

    def _is_urgent(self, news: dict[str, Any]) -> bool:
        """Return True if others would go wrong without the news."""
        is_counted = bool(news["name"] and self._desk.limits["concurrent"])
        if self._reply is None or news["what"] != "made" or is_counted:
            return True
        # The first request of a window says when it ends. The count that came with the turn can be
        # off by as many as were under way.
        (used, limit), under_way = self._reply["stated"], self._reply["under_way"]
        is_off = news["limit"] != limit or abs(news["used"] - used) > under_way
        return bool(news["limit"] and (is_off or news["used"] <= 1))
