"""The turn of one attempt: how it is waited for, and what is told of it."""

import hashlib
import hmac
import logging
import math
import time
from collections import deque
from collections.abc import Callable, Generator, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from functools import partial
from itertools import count
from threading import Thread
from typing import Any, Protocol, TypeVar
from uuid import uuid4

import httpx

from ai_gate._call import limited, response
from ai_gate._call.exchange import Exchange, Order
from ai_gate._call.operations import Operation
from ai_gate._config import DEFAULT_BASE_URL, Config
from ai_gate._fork import process
from ai_gate._logging import log
from ai_gate.errors import AIGateError

T = TypeVar("T")

NOTHING = {"session": False, "name": "", "since": 0.0, "age": 0.0}
NOTHING |= {"limit": 0, "used": 0, "reset": 0.0, "hold": 0.0, "stated": {}}
NO_TURN = {"id": "", "session": False, "left": 0.0, "waited": 0.0}
AWAY, WARN_EVERY = 1.0, 60.0
"""For how long nobody looks after a failure, which costs a look's time; how often it is told."""
MOST_NEWS = 1000
"""How many news, and how many sessions that have ended, are kept while the store is away."""


@dataclass(slots=True, eq=False)
class Look:
    """The order to look at the store of a limiter."""

    action: Callable[[], Any] = field(repr=False)
    """Looks, and returns what is sent back to who ordered it."""
    delay: float
    """How long to wait before, in seconds."""
    blocks: bool
    """Whether it blocks, and so is done in a thread."""
    longest: float = math.inf
    """How long to wait for a thread of an event loop, in seconds."""


def _taken_from(waiting: deque[T]) -> Iterator[T]:
    """Take what waits, of which other threads can take some."""
    with suppress(IndexError):
        while True:
            yield waiting.popleft()


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
    failures: tuple[type[Exception], ...]
    """What is raised if the store is away."""

    def look(self, key: str, ask: dict[str, Any]) -> dict[str, Any]:
        """Take in the news, and ask for a turn if there is an `id`."""
        ...

    def find(self, name: str) -> str | None:
        """Return the key of the project that a live session belongs to, if it is known."""
        ...


class Desk:
    """Where turns are asked for.

    Args:
        store: Where the counts are.
        limits: `requests`, `window`, `concurrent` and `quota`; 0 where there is no limit.
        waits: Whether a call waits for its turn.
        may_fail: Whether calls go through while the store is away.
    """

    def __init__(
        self, store: Store, limits: dict[str, Any], *, waits: bool, may_fail: bool
    ) -> None:
        self.store, self.limits, self.waits, self.may_fail = store, limits, waits, may_fail
        self.base_url = httpx.URL(DEFAULT_BASE_URL)
        """The gate of the last turn."""
        self._away_until = self._warn_from = 0.0
        self._process: tuple[int, int] | None = None
        self._begin()

    def new_turn(self) -> str:
        """Return the name of a turn, which begins with that of this worker."""
        self._begin()
        return f"{self._worker}.{next(self._numbers)}"

    def tell(self, key: str, news: dict[str, Any]) -> None:
        """Keep what became of a turn for the next look."""
        self._begin()
        waiting = self._news.setdefault(key, deque())
        waiting.append((time.monotonic(), NOTHING | news))
        while len(waiting) > MOST_NEWS:
            waiting.popleft()

    def tell_soon(self, key: str, news: dict[str, Any]) -> None:
        """Tell what became of a turn without waiting, also where the event loop ends."""
        self.tell(key, news)
        if key not in self._hurrying:
            self._hurrying.add(key)
            self.soon(lambda: self._hurry(key))

    def _hurry(self, key: str) -> None:
        self._hurrying.discard(key)
        self.look(key)

    def soon(self, action: Callable[[], object]) -> None:
        """Do what blocks in a thread of its own, and the rest at once."""
        if not self.store.blocks:
            action()
            return
        try:
            # anyio's threads would wait for more work of a loop that has ended, and keep the
            # process.
            Thread(target=action).start()
        except RuntimeError:  # The interpreter shuts down, or there are too many threads.
            self._hurrying.clear()

    def look(self, key: str, ask: Callable[[], dict[str, Any]] = NO_TURN.copy) -> Any:
        """Tell the news, and ask for a turn if there is an `id`; None if the store is away."""
        self._begin()
        waiting = self._news.setdefault(key, deque())
        news: list[tuple[float, dict[str, Any]]] = []
        reply = None
        try:
            news.extend(_taken_from(waiting))
            reply = self._tried(lambda: self.store.look(key, self._with_news(ask(), news)))
        finally:
            # Whoever hears them twice knows it by the turn.
            if reply is None:
                waiting.extendleft(reversed(news))
        if reply is not None and self._released:
            self.soon(self._tell_released)
        return reply

    def look_at(self, project_id: str, base_url: str | None) -> Any:
        """Look at the counts of a project at a gate, or at the one of the last turn."""
        options: Any = {"timeout": 1.0, "max_retries": 0, "debug": False}
        options["base_url"] = base_url or str(self.base_url)
        return self.look(project_key(Config.checked(project_id=project_id, **options)))

    def order(self, action: Callable[..., Any], *arguments: Any) -> Look:
        """Return the order to do something with the store."""
        return Look(partial(action, *arguments), 0.0, self.store.blocks)

    def release(self, session: Mapping[str, Any]) -> None:
        """Tell that a session has ended, later if the store is away."""
        self._begin()
        if name := session_name(session):
            self._released.append(name)
            self._tell_released()

    def missed(self, why: str) -> None:
        """Note that the store is away, and warn of it."""
        now = time.monotonic()
        if now < self._away_until:
            return
        self._away_until = now + AWAY
        if now >= self._warn_from:
            self._warn_from = now + WARN_EVERY
            what = "aren't limited" if self.may_fail else "fail"
            text = "the limiter's store is away (%s): calls %s meanwhile"
            log(logging.WARNING, False, text, why, what)

    def _begin(self) -> None:
        """Begin anew in a child: its parent tells what it knows itself."""
        if self._process == process():
            return
        self._worker, self._numbers = uuid4().hex[:12], count()
        self._news: dict[str, deque[tuple[float, dict[str, Any]]]] = {}
        self._released: deque[str] = deque(maxlen=MOST_NEWS)
        self._hurrying: set[str] = set()
        self._process = process()

    def _with_news(
        self, ask: dict[str, Any], news: list[tuple[float, dict[str, Any]]]
    ) -> dict[str, Any]:
        now = time.monotonic()
        told = [one | {"age": now - at} for at, one in news]
        return self.limits | ask | {"news": told, "known": []}

    def _tell_released(self) -> None:
        """Tell which sessions have ended; those that are left are told after another look."""
        keys = set()
        for name in _taken_from(self._released):
            key = self._told_of(name) or self._tried(partial(self._found, name))
            if key is None:
                self._released.append(name)
                return
            if key:
                self.tell(key, {"id": name, "what": "released"})
                keys.add(key)
        for key in keys:
            self.look(key)

    def _found(self, name: str) -> str:
        return self.store.find(name) or ""

    def _told_of(self, name: str) -> str | None:
        """Return the key of the project whose news tell of a session."""
        news = [(key, told) for key, told in self._news.copy().items()]
        return next(
            (key for key, told in news for _, one in told.copy() if one["name"] == name), None
        )

    def _tried(self, action: Callable[[], Any]) -> Any:
        if time.monotonic() < self._away_until:
            return None
        try:
            result = action()
        except self.store.failures as failure:
            self.missed(type(failure).__name__)
            return None
        self._away_until = 0.0
        return result


class Turn:
    """The turn of one attempt.

    Args:
        desk: Where to ask for it.
        operation: What is to be sent.
        config: The client's settings.
        order: The order to send it.
    """

    def __init__(self, desk: Desk, operation: Operation, config: Config, order: Order) -> None:
        self.refusal: Exchange | None = None
        """What is said in place of the gate, if the turn can't come in time."""
        self._desk, self._key, self._order = desk, project_key(config), order
        desk.base_url = config.base_url
        # A session is what is billed each time.
        self._own = {"id": desk.new_turn(), "session": not operation.idempotent}
        self._asked = 0.0
        self._reply: dict[str, Any] | None = None
        self._is_over = self._is_told = False

    def take(self) -> Generator[Look, Any, None]:
        """Wait for the turn, at first for the delay of the order."""
        delay, self._order.delay, reply = self._order.delay, 0.0, None
        self._asked = time.monotonic() + delay
        while reply is None or reply["wait"] > 0:
            left = max(0.0, self._order.deadline.left() - delay)
            reply = yield Look(self._look, delay, self._desk.store.blocks, left)
            if reply is None:
                if self._order.deadline.left() > 0:
                    self._desk.missed("it takes too long")
                if self._desk.may_fail:
                    return
                raise AIGateError("The limiter's store is away, so nothing was sent.")
            delay = reply["wait"]
            if "refused" in reply:
                self.refusal = limited.refusal(reply, self._desk.limits["window"])
                return
        self._reply = reply

    def give_back(self) -> None:
        """Tell that the attempt has ended without an outcome, if it has."""
        if not self._is_told:
            what = "lost" if self._order.sent else "unsent"
            self._end({"what": what}, self._desk.tell_soon)

    def report(self, exchange: Exchange) -> Generator[Look, Any, None]:
        """Tell what came of the attempt: at once if others have to know it, else with the next."""
        news = limited.outcome(exchange, self._desk.limits["window"])
        if self._own["session"] and news["what"] == "made":
            news["name"] = session_name(response.json_object(exchange.body))
        self._end(news, self._desk.tell)
        if self._is_urgent(NOTHING | news):
            look, left = partial(self._desk.look, self._key), self._order.deadline.left()
            # What isn't told in time is told with the next look.
            yield Look(look, 0.0, self._desk.store.blocks, max(0.0, left))

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
        used, limit = self._reply["stated"]
        # The first request of a window says when it ends. The count that came with the turn can be
        # off by as many as were under way.
        stated = news["used"] if news["limit"] else used
        is_off = news["limit"] not in (0, limit) or abs(stated - used) > self._reply["under_way"]
        return bool(is_off or stated <= 1)
