"""Where a limiter's turns are asked for, and what became of them is told."""

import hashlib
import hmac
import logging
import time
from collections import deque
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from functools import partial
from itertools import count
from threading import Thread
from typing import Any, Protocol, TypeVar
from uuid import uuid4

import httpx

from ai_gate._call.exchange import Look
from ai_gate._config import DEFAULT_BASE_URL, Config, full_name
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
    if not name or not isinstance(name, str):
        return ""
    return hashlib.blake2b(name.encode("utf-8", "surrogatepass"), digest_size=16).hexdigest()


class Store(Protocol):
    """Where the counts are."""

    blocks: bool
    """Whether a look blocks."""
    failures: tuple[type[Exception], ...]
    """What is raised if the store is away."""

    def look(self, key: str, ask: dict[str, Any]) -> dict[str, Any]:
        """Take in the news, and ask for a turn if there is an `id`."""
        ...

    def find(self, name: str) -> str:
        """Return the key of the project that a live session belongs to, or nothing."""
        ...


class Desk:
    """Where turns are asked for.

    Args:
        store: Where the counts are.
        limits: `requests`, `window`, `concurrent` and `quota`; None where there is no limit.
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
            # One thread for all that are cancelled at once: to start one takes long.
            self._hurrying.add(key)
            self.soon(partial(self._hurry, key))

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
        if not isinstance(session, Mapping):
            raise AIGateError(f"A session must be a mapping, not {full_name(session)}.")
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
            key = self._told_of(name) or self._tried(partial(self.store.find, name))
            if key is None:
                self._released.append(name)
                return
            if key:
                self.tell(key, {"id": name, "what": "released"})
                keys.add(key)
        for key in keys:
            self.look(key)

    def _told_of(self, name: str) -> str | None:
        """Return the key of the project whose news tell of a session."""
        for key, told in self._news.copy().items():
            if any(news["name"] == name for _, news in told.copy()):
                return key
        return None

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
