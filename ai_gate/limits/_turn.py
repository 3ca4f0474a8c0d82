"""The turn of one attempt: how it is waited for, and what is told of it."""

import hashlib
import hmac
import time
from collections import defaultdict
from collections.abc import Callable, Generator
from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

from ai_gate._call import limited, response
from ai_gate._call.exchange import Deadline, Exchange, Look
from ai_gate._config import Config
from ai_gate.errors import AIGateError
from ai_gate.limits._stores import Memory, Redis

NOTHING = {
    "name": "",
    "at": 0.0,
    "since": 0.0,
    "limit": 0,
    "used": 0,
    "reset": 0.0,
    "hold": 0.0,
    "month_used": 0,
}


class Desk:
    """Where turns are asked for: a store, the limits, and the news that the store hasn't yet.

    Args:
        store: Where the counts are.
        limits: `requests`, `window`, `concurrent` and `quota`; 0 where there is no limit.
        waits: Whether a call waits for its turn.
        may_fail: Whether calls go through while the store is away.
    """

    def __init__(
        self, store: Memory | Redis, limits: dict[str, Any], *, waits: bool, may_fail: bool
    ) -> None:
        self.store, self.limits, self.waits, self.may_fail = store, limits, waits, may_fail
        self._news: defaultdict[str, list[dict[str, Any]]] = defaultdict(list)

    def tell(self, key: str, news: dict[str, Any]) -> None:
        """Keep what became of a turn for the next look."""
        self._news[key].append(NOTHING | news)

    def look(self, key: str, ask: Callable[[], dict[str, Any]] = dict, delay: float = 0.0) -> Look:
        """Return the order to tell the news, and to ask for a turn if there is an `id`."""

        def action() -> dict[str, Any] | None:
            today = datetime.now(UTC)
            following = divmod(today.year * 12 + today.month, 12)
            month_end = datetime(following[0], following[1] + 1, 1, tzinfo=UTC)
            asked = {
                **{"id": "", "session": False, "left": 0.0, "waited": 0.0},
                **self.limits,
                "month": today.year * 12 + today.month,
                "month_left": (month_end - today).total_seconds(),
                "news": self._news.pop(key, []),
            }
            return self.store.look(key, asked | ask())

        return Look(action, delay, self.store.blocks)

    def release(self, name: str) -> Look:
        """Return the order to tell that a session has ended."""

        def action() -> None:
            if key := self.store.find(name):
                self.tell(key, {"id": name, "what": "released"})
                self.look(key).action()

        return Look(action, 0.0, self.store.blocks)

    def check_may_fail(self) -> None:
        """Raise if nothing is to be done while the store is away."""
        if not self.may_fail:
            raise AIGateError("The limiter's store is away, so nothing was sent.")


class Turn:
    """The turn of one attempt.

    Args:
        desk: Where to ask for it.
        key: What stands for the gate and the project in the store.
        session: Whether a session is asked for.
        deadline: When the call must have ended.
    """

    def __init__(self, desk: Desk, key: str, session: bool, deadline: Deadline) -> None:
        self.refusal: Exchange | None = None
        """What is said in place of the gate, if the turn can't come in time."""
        self._desk, self._key, self._deadline = desk, key, deadline
        self._own = {"id": uuid4().hex, "session": session}
        self._asked = self._looked = 0.0
        self._reply: dict[str, Any] | None = None

    def take(self, delay: float) -> Generator[Look, Any, None]:
        """Wait for the turn, at first for the delay."""
        self._asked = time.monotonic() + delay
        while True:
            try:
                reply = yield self._desk.look(self._key, self._ask, delay)
            except GeneratorExit:
                self._desk.tell(self._key, self._own | {"what": "unsent"})
                raise
            if reply is None:
                return self._desk.check_may_fail()
            delay = reply["wait"]
            if kind := reply.get("refused"):
                used, limit, _ = reply[kind]
                window = self._desk.limits["window"]
                self.refusal = limited.refusal(kind, used, limit, delay, window)
            if kind or not delay:
                self._reply = reply
                return None

    def report(self, exchange: Exchange) -> Generator[Look, Any, None]:
        """Tell what came of the attempt: at once if others have to know it, else with the next."""
        news = self._own | limited.outcome(exchange, self._desk.limits["window"])
        if news["session"] and news["what"] == "made" and self._desk.limits["concurrent"]:
            news["name"] = session_name(response.json_object(exchange.body))
        if self._reply is not None:
            # By the clock of the store, and not too early.
            since = float(self._reply["now"])
            news |= {"since": since, "at": since + time.monotonic() - self._looked}
        self._desk.tell(self._key, news)
        if self._is_urgent(news):
            yield self._desk.look(self._key)

    def _ask(self) -> dict[str, Any]:
        left = self._deadline.left() if self._desk.waits else 0.0
        self._looked = time.monotonic()
        return self._own | {"left": left, "waited": self._looked - self._asked}

    def _is_urgent(self, news: dict[str, Any]) -> bool:
        """Return True if others would go wrong without the news."""
        if self._reply is None or news["what"] != "made" or news.get("name"):
            return True
        used, limit, _ = self._reply["requests"]
        if not news["limit"]:
            return bool(used <= 1)
        # The first request of a window says when it ends. The count that came with the turn can be
        # off by as many as were under way.
        is_off = abs(news["used"] - used) > self._reply["under_way"]
        return is_off or news["used"] <= 1 or news["limit"] != limit


def project_key(config: Config) -> str:
    """Return what stands for a gate and a project in the store: nobody can tell them from it."""
    project, gate = config.project_id.encode("utf-8", "surrogatepass"), str(config.base_url)
    return hmac.new(project, gate.encode(), "sha256").hexdigest()[:32]


def session_name(session: Any) -> str:
    """Return what stands for a session in the store."""
    name = session.get("session_id") or session.get("id") or ""
    return hashlib.blake2b(str(name).encode(), digest_size=16).hexdigest() if name else ""
