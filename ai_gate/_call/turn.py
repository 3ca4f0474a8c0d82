"""The turn of one attempt: how it is waited for, and what is told of it."""

import hashlib
import hmac
import time
from collections import deque
from collections.abc import Callable, Generator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any, Protocol
from uuid import uuid4

import httpx

from ai_gate._call import limited, response
from ai_gate._call.exchange import Deadline, Exchange, Look
from ai_gate._call.operations import Operation
from ai_gate._config import DEFAULT_BASE_URL, Config
from ai_gate.errors import AIGateError

NOTHING = {"session": False, "name": "", "at": 0.0, "since": 0.0}
NOTHING |= {"limit": 0, "used": 0, "reset": 0.0, "hold": 0.0, "month_used": 0}
NO_TURN = {"id": "", "session": False, "left": 0.0, "waited": 0.0}


def project_key(config: Config) -> str:
    """Return what stands for a gate and a project: nobody can tell them from it."""
    project, gate = config.project_id.encode("utf-8", "surrogatepass"), str(config.base_url)
    return hmac.new(project, gate.encode(), "sha256").hexdigest()[:32]


def session_name(session: Mapping[str, Any]) -> str:
    """Return what stands for a session, or nothing if it has no ID."""
    name = session.get("session_id") or session.get("id")
    return hashlib.blake2b(str(name).encode(), digest_size=16).hexdigest() if name else ""


class Store(Protocol):
    """Where the counts are."""

    blocks: bool
    """Whether a look blocks."""

    def look(self, key: str, ask: dict[str, Any]) -> dict[str, Any] | None:
        """Take in the news, and ask for a turn if there is an `id`; None if the store is away."""
        ...

    def find(self, name: str) -> str | None:
        """Return the key of the project that a live session belongs to, if it is known."""
        ...


@dataclass(slots=True, eq=False)
class Desk:
    """Where turns are asked for."""

    store: Store
    limits: dict[str, Any]
    """`requests`, `window`, `concurrent` and `quota`; 0 where there is no limit."""
    waits: bool
    """Whether a call waits for its turn."""
    may_fail: bool
    """Whether calls go through while the store is away."""
    base_url: httpx.URL = field(default_factory=lambda: httpx.URL(DEFAULT_BASE_URL))
    """The gate of the last turn."""
    _news: dict[str, deque[dict[str, Any]]] = field(default_factory=dict)

    def tell(self, key: str, news: dict[str, Any]) -> None:
        """Keep what became of a turn for the next look."""
        self._news.setdefault(key, deque()).append(NOTHING | news)

    def look(self, key: str, ask: Callable[[], dict[str, Any]] = NO_TURN.copy) -> Any:
        """Tell the news, and ask for a turn if there is an `id`; None if the store is away."""
        waiting, news = self._news.setdefault(key, deque()), []
        # Another thread can take some of them.
        with suppress(IndexError):
            while True:
                news.append(waiting.popleft())
        return self.store.look(key, self.limits | ask() | {"news": news})

    def release(self, name: str) -> None:
        """Tell that a session has ended."""
        if key := self.store.find(name):
            self.tell(key, {"id": name, "what": "released"})
            self.look(key)


class Turn:
    """The turn of one attempt.

    Args:
        desk: Where to ask for it.
        operation: What is to be sent.
        config: The client's settings.
        deadline: When the call must have ended.
    """

    def __init__(
        self, desk: Desk, operation: Operation, config: Config, deadline: Deadline
    ) -> None:
        self.refusal: Exchange | None = None
        """What is said in place of the gate, if the turn can't come in time."""
        self._desk, self._key, self._deadline = desk, project_key(config), deadline
        desk.base_url = config.base_url
        # A session is what is billed each time.
        self._own = {"id": uuid4().hex, "session": not operation.idempotent}
        self._asked = self._looked = 0.0
        self._reply: dict[str, Any] | None = None

    def take(self, delay: float) -> Generator[Look, Any, None]:
        """Wait for the turn, at first for the delay."""
        self._asked, reply = time.monotonic() + delay, None
        while reply is None or reply["wait"] > 0:
            try:
                look = Look(lambda: self._desk.look(self._key, self._ask), delay, self._blocks)
                reply = yield look
            except GeneratorExit:
                # The call is cancelled.
                self._desk.tell(self._key, self._own | {"what": "unsent"})
                raise
            if reply is None and self._desk.may_fail:
                return
            if reply is None:
                # The store can come to it later.
                self._desk.tell(self._key, self._own | {"what": "unsent"})
                raise AIGateError("The limiter's store is away, so nothing was sent.")
            delay = reply["wait"]
            if "refused" in reply:
                kind, window = reply["refused"], self._desk.limits["window"]
                used, limit, _ = reply[kind]
                self.refusal = limited.refusal(kind, used, limit, delay, window)
                return
        self._reply = reply

    def report(self, exchange: Exchange) -> Generator[Look, Any, None]:
        """Tell what came of the attempt: at once if others have to know it, else with the next."""
        news = NOTHING | self._own | limited.outcome(exchange, self._desk.limits["window"])
        if news["session"] and news["what"] == "made" and self._desk.limits["concurrent"]:
            news["name"] = session_name(response.json_object(exchange.body))
        if self._reply is not None:
            # By the clock of the store, and not too early.
            since = self._reply["now"]
            news |= {"since": since, "at": since + time.monotonic() - self._looked}
        self._desk.tell(self._key, news)
        if self._is_urgent(news):
            yield Look(lambda: self._desk.look(self._key), 0.0, self._blocks)

    @property
    def _blocks(self) -> bool:
        return self._desk.store.blocks

    def _ask(self) -> dict[str, Any]:
        self._looked = time.monotonic()
        left = self._deadline.left() if self._desk.waits else 0.0
        return self._own | {"left": left, "waited": self._looked - self._asked}

    def _is_urgent(self, news: dict[str, Any]) -> bool:
        """Return True if others would go wrong without the news."""
        if self._reply is None or news["what"] != "made" or news["name"]:
            return True
        used, limit = self._reply["stated"]
        # The first request of a window says when it ends. The count that came with the turn can be
        # off by as many as were under way.
        stated = news["used"] if news["limit"] else used
        is_off = news["limit"] not in (0, limit) or abs(stated - used) > self._reply["under_way"]
        return bool(is_off or stated <= 1)
