"""Where the counts are: in this process, or in each worker's that follows a log in Redis."""

import json
import logging
import time
from collections import defaultdict
from collections.abc import Callable
from dataclasses import asdict
from functools import partial
from threading import Lock, RLock
from typing import Any, cast
from uuid import uuid4

from ai_gate._fork import process, unforked
from ai_gate._http.look import LONGEST_LOOK
from ai_gate._logging import log
from ai_gate._signals import raised_by_a_handler
from ai_gate.errors import AIGateError
from ai_gate.limits._counts import Counts

AWAY, WARN_EVERY = 1.0, 60.0  # After a failure nobody looks for a while: it costs a look's time.
LONGEST_LOG = 100  # After so many asks the log begins anew, with the counts as they are by then.
PREFIX = "ai-gate:1:"  # Workers that would decide otherwise, from the same log, need another one.
FOLLOW = """
-- Appends an ask to the log, and returns those that the worker doesn't know, its own one last.
local log, about, id, seen, ask = KEYS[1], KEYS[2], ARGV[1], tonumber(ARGV[2]), ARGV[4]
local known, start = unpack(redis.call('HMGET', about, 'id', 'start'))
if not known or redis.call('EXISTS', log) == 0 then
    -- A log that was lost, also in part, begins anew under another name.
    redis.call('DEL', log, about)
    known, start = ARGV[5], '0'
    redis.call('HSET', about, 'id', known, 'start', start)
end
local clock = redis.call('TIME')
local last = redis.call('RPUSH', log, ('%d.%06d '):format(clock[1], clock[2]) .. ask) + start
local asks = {false, redis.call('LRANGE', log, seen - start, -1)}
if id ~= known or seen < tonumber(start) or seen >= last then
    asks = {redis.call('HGET', about, 'counts') or '', redis.call('LRANGE', log, 0, -1)}
elseif ARGV[3] ~= '' then
    redis.call('LTRIM', log, seen - start, -1)
    redis.call('HSET', about, 'start', seen, 'counts', ARGV[3])
    start = seen
end
for place = 7, #ARGV do redis.call('SET', ARGV[place], ARGV[6], 'EX', 3600) end
for _, key in ipairs(KEYS) do redis.call('EXPIRE', key, 32 * 86400) end
return {known, tonumber(start), unpack(asks)}
"""


class Memory:
    """The counts of this process."""

    blocks = False

    def __init__(self) -> None:
        self._counts: defaultdict[str, Counts] = defaultdict(Counts)
        self._began = time.time() - time.monotonic()  # Nobody sets this clock.
        self._lock = RLock()  # A signal handler can make a call too.

    def look(self, key: str, ask: dict[str, Any]) -> dict[str, Any]:
        """Take in the news, and ask for a turn."""
        return unforked(lambda: self._look(key, ask))

    def find(self, name: str) -> str | None:
        """Return the key of the project that a live session belongs to."""
        return next((key for key, one in list(self._counts.items()) if name in one.live), None)

    def _look(self, key: str, ask: dict[str, Any]) -> dict[str, Any]:
        with self._lock:
            return self._counts[key].look(self._began + time.monotonic(), ask)


class _Follower:
    """The counts of one project, as they follow from the log."""

    def __init__(self) -> None:
        self.lock = Lock()
        self._id, self._start, self._seen, self._counts = "", 0, 0, Counts()

    def look(self, script: Callable[[list[str | int]], Any], own: list[str]) -> Any:
        """Carry out the asks that the script returns, and return the reply to the last."""
        is_long = self._seen - self._start > LONGEST_LOG
        known = json.dumps(asdict(self._counts)) if is_long else ""
        log_id, self._start, counts, asks = script([self._id, self._seen, known, *own])
        if counts is not None:
            self._counts = Counts(**json.loads(counts)) if counts else Counts()
            self._seen = self._start
        # If a signal handler interrupts this, the next look begins with what the log begins with.
        self._id, reply = "", None
        for now, _, ask in (one.partition(" ") for one in asks):
            reply = self._counts.look(float(now), json.loads(ask))
        self._id, self._seen = log_id, self._seen + len(asks)
        return reply


class Redis:
    """The counts of all workers, through a Redis or Valkey server."""

    blocks = True

    def __init__(self, url: str) -> None:
        try:
            import redis  # noqa: PLC0415
        except ImportError as error:
            raise AIGateError('A store needs redis: pip install "ai-gate[redis]"') from error
        self._redis, self._url = redis, url.replace("valkey", "redis", url.startswith("valkey"))
        self._away_until = self._warn_from = 0.0
        self._process: tuple[int, int] | None = None
        try:
            self._prepare()
        except ValueError as error:
            raise AIGateError("store must be a URL as redis://localhost:6379/0.") from error

    def look(self, key: str, ask: dict[str, Any]) -> dict[str, Any] | None:
        """Take in the news, and ask for a turn; None if Redis is away."""
        self._prepare()
        follower = self._followers.setdefault(key, _Follower())
        keys = [f"{PREFIX}{key}:log", f"{PREFIX}{key}:about"]
        own = [json.dumps(ask), uuid4().hex, key]
        own += [PREFIX + news["name"] for news in ask["news"] if news["name"]]
        if not follower.lock.acquire(timeout=LONGEST_LOOK):
            return None
        try:
            script = partial(self._script, keys)
            return cast("dict[str, Any] | None", self._tried(lambda: follower.look(script, own)))
        finally:
            follower.lock.release()

    def find(self, name: str) -> str | None:
        """Return the key of the project that a live session belongs to, if Redis knows it."""
        self._prepare()
        return cast("str | None", self._tried(lambda: self._client.get(PREFIX + name)))

    def _prepare(self) -> None:
        if self._process == process():
            return
        # A child has connections and locks of its own.
        from redis import backoff, retry  # noqa: PLC0415

        self._client: Any = self._redis.Redis.from_url(
            self._url,
            socket_timeout=LONGEST_LOOK,
            socket_connect_timeout=LONGEST_LOOK,
            # Once, for a connection that Redis has closed meanwhile.
            retry=retry.Retry(backoff.NoBackoff(), 1, (self._redis.ConnectionError,)),
            protocol=2,
            decode_responses=True,
        )
        self._script: Any = self._client.register_script(FOLLOW)
        self._followers: dict[str, _Follower] = {}
        self._process = process()

    def _tried(self, action: Callable[[], Any]) -> Any:
        if time.monotonic() < self._away_until:
            return None
        try:
            return action()
        except (self._redis.RedisError, OSError, ValueError, LookupError, TypeError) as failure:
            # redis takes what a signal handler raises for a failure of its own.
            if raised := raised_by_a_handler(failure):
                raise raised from None
            self._away_until = time.monotonic() + AWAY
            if time.monotonic() >= self._warn_from:
                self._warn_from = time.monotonic() + WARN_EVERY
                text = "the limiter's store is away (%s): calls aren't limited meanwhile"
                log(logging.WARNING, False, text, type(failure).__name__)
            return None
