"""A log in Redis of what workers ask for, which each of them follows to the same state."""

import json
from collections import deque
from collections.abc import Callable
from concurrent.futures import Future
from contextlib import suppress
from dataclasses import asdict
from functools import partial
from threading import RLock, Thread
from typing import Any
from uuid import uuid4

from ai_gate._fork import process
from ai_gate._http import look as looks
from ai_gate.errors import AIGateError
from ai_gate.limits._counts import Counts

LONGEST_LOG = 100  # After so many lines the log begins anew, with the counts as they are by then.
PREFIX = "ai-gate:3:"  # Workers that would decide otherwise, from the same log, need another one.
NOWHERE = ("", 0, 0, "")
FOLLOW = """
-- Appends a line of asks to the log, and returns those that the worker doesn't know, its own last.
-- The first line is the log's name, how many lines are in the counts, and the counts.
local log, id, seen, clock, line, counts = KEYS[1], ARGV[1], tonumber(ARGV[2]), unpack(ARGV, 3, 5)
local name, start, before = (redis.call('LINDEX', log, 0) or ''):match('(%S+) (%d+) (.*)')
start = tonumber(start or 0)
local last = seen > start and redis.call('LINDEX', log, seen - start) or ''
if id ~= '' and (id ~= name or (seen > start and last:sub(1, #clock) ~= clock)) then
    return {''} -- What the worker knows was lost, maybe in part: it says that first.
end
if not name then
    name, before = ARGV[6], '{}'
    redis.call('RPUSH', log, name .. ' 0 {}')
end
local time = redis.call('TIME')
redis.call('RPUSH', log, ('%d.%06d '):format(time[1], time[2]) .. line)
local said = {name, start, redis.call('LRANGE', log, 1 + math.max(0, seen - start), -1)}
if id == '' or seen < start then
    said[4] = before
elseif counts ~= '' then
    redis.call('LTRIM', log, seen - start, -1)
    redis.call('LSET', log, 0, ('%s %d %s'):format(name, seen, counts))
    said[2] = seen
end
redis.call('EXPIRE', log, 32 * 86400)
for place = 8, #ARGV do redis.call('SET', ARGV[place], ARGV[7], 'EX', 3600) end
return said
"""


class _Follower:
    """What a worker knows of one project's log."""

    def __init__(self, script: Callable[..., Any], key: str) -> None:
        self.script, self._key = script, key
        # Held while Redis is asked. A signal handler can ask too.
        self._lock = RLock()
        self._waiting: deque[tuple[dict[str, Any], Future[dict[str, Any]]]] = deque()
        # Up to where it was followed: its name, its start, how many lines, the clock of the last.
        self._place, self.counts = NOWHERE, Counts()

    def look(self, ask: dict[str, Any]) -> dict[str, Any]:
        """Append an ask to the log, and return the reply to it."""
        mine: Future[dict[str, Any]] = Future()
        self._waiting.append((ask, mine))
        self._look_for_all()
        return mine.result()

    def _look_for_all(self) -> None:
        """Look for all who wait, unless another thread does that, which sees to these too."""
        if not self._lock.acquire(blocking=False):
            return
        asks: list[tuple[dict[str, Any], Future[dict[str, Any]]]] = []
        try:
            while self._waiting:
                asks.append(self._waiting.popleft())
            replies = self._follow([ask for ask, _ in asks]) if asks else []
            for (_, future), reply in zip(asks, replies, strict=True):
                future.set_result(reply)
        except BaseException as failure:
            for _, future in asks:
                future.set_exception(failure)
        finally:
            self._lock.release()
        if self._waiting:
            # This one's own call goes on. No thread can be had where the interpreter shuts down.
            try:
                Thread(target=self._look_for_all).start()
            except RuntimeError:
                self._look_for_all()

    def _follow(self, asks: list[dict[str, Any]]) -> list[dict[str, Any]]:
        """Append a line to the log, carry out what isn't known of it, and return the replies."""
        place = self._place
        is_long = place[2] - place[1] > LONGEST_LOG
        counts = json.dumps(asdict(self.counts)) if is_long else ""
        known = [asdict(self.counts)] if place is NOWHERE else []  # What may have been lost.
        line = json.dumps([{**asks[0], "known": known}, *asks[1:]])
        names = [PREFIX + news["name"] for ask in asks for news in ask["news"] if news["name"]]
        told = [place[0], *place[2:], line, counts, uuid4().hex, self._key, *names]
        said = self.script([f"{PREFIX}{self._key}:log"], told)
        if self._place is place and not said[0]:
            self._place = NOWHERE
        if self._place is not place:
            # What it knew was lost, or a signal handler has asked meanwhile.
            return self._follow(asks)
        name, start, lines, *before = said
        seen, own, clock, replies = place[2], self.counts, "", []
        if before:
            seen, own = start, Counts(**json.loads(before[0]))
        # If anything interrupts this, the next look begins with what the log begins with.
        self._place = NOWHERE
        for clock, _, text in (one.partition(" ") for one in lines):
            replies = [own.look(float(clock), ask) for ask in json.loads(text)]
        self._place, self.counts = (name, start, seen + len(lines), clock), own
        return replies


class Redis:
    """The counts of all workers, through a Redis or Valkey server."""

    blocks = True

    def __init__(self, url: str) -> None:
        try:
            import redis  # noqa: PLC0415
            from redis import backoff, retry  # noqa: PLC0415
        except ImportError as error:
            raise AIGateError('A store needs redis: pip install "ai-gate[redis]"') from error
        mistakes = (ValueError, LookupError, TypeError)
        self.failures: tuple[type[Exception], ...] = (redis.RedisError, OSError, *mistakes)
        self._connected = partial(
            redis.Redis.from_url,
            url.replace("valkey", "redis", url.startswith("valkey")),
            socket_timeout=looks.LONGEST_LOOK,
            socket_connect_timeout=looks.LONGEST_LOOK,
            # Once, for a connection that Redis has closed meanwhile.
            retry=retry.Retry(backoff.NoBackoff(), 1, (redis.ConnectionError,)),
            protocol=2,
            decode_responses=True,
        )
        self._process: tuple[int, int] | None = None
        with suppress(ValueError):
            self._prepare()
        if self._process is None:
            # What redis says quotes a part of the password.
            example = "store must be a URL as redis://:password@localhost:6379/0"
            raise AIGateError(f"{example}, the password percent-encoded.")

    def look(self, key: str, ask: dict[str, Any]) -> dict[str, Any]:
        """Take in the news, and ask for a turn."""
        self._prepare()
        return self._followers.setdefault(key, _Follower(self._script, key)).look(ask)

    def find(self, name: str) -> str:
        """Return the key of the project that a live session belongs to, or nothing."""
        self._prepare()
        for key, follower in list(self._followers.items()):
            if name in follower.counts.live:
                return key  # Redis can have forgotten it.
        return str(self._client.get(PREFIX + name) or "")

    def _prepare(self) -> None:
        if self._process != process():
            # A child has connections and locks of its own.
            self._client: Any = self._connected()
            self._script: Any = self._client.register_script(FOLLOW)
            self._followers: dict[str, _Follower] = {}
            self._process = process()
