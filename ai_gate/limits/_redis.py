"""A log in Redis of what workers ask for, which each of them follows to the same state."""

import json
from collections.abc import Callable
from contextlib import suppress
from dataclasses import asdict
from functools import partial
from threading import RLock
from typing import Any, TypeAlias, cast
from uuid import uuid4

from ai_gate._fork import process
from ai_gate._http import look as looks
from ai_gate.errors import AIGateError

LONGEST_LOG = 100  # After so many asks the log begins anew, with the counts as they are by then.
PREFIX = "ai-gate:2:"  # Workers that would decide otherwise, from the same log, need another one.
Place: TypeAlias = tuple[str, int, int, str]
NOWHERE: Place = ("", 0, 0, "")
FOLLOW = """
-- Appends an ask to the log, and returns those that the worker doesn't know, its own one last.
local log, about, id, seen, clock, start = KEYS[1], KEYS[2], ARGV[1], tonumber(ARGV[2]), ARGV[3], 0
local known = redis.call('EXISTS', log) == 1 and redis.call('HGET', about, 'id')
if known then start = tonumber(redis.call('HGET', about, 'start')) end
local last = seen > start and redis.call('LINDEX', log, seen - start - 1) or ''
if id ~= '' and (id ~= known or (seen > start and last:sub(1, #clock) ~= clock)) then
    return {''} -- What the worker knows was lost, maybe in part: it says that first.
end
if not known then
    redis.call('DEL', log, about)
    known = ARGV[4]
    redis.call('HSET', about, 'id', known, 'start', 0)
end
local time = redis.call('TIME')
redis.call('RPUSH', log, ('%d.%06d '):format(time[1], time[2]) .. ARGV[5])
local asks = {redis.call('LRANGE', log, math.max(0, seen - start), -1)}
if id == '' or seen < start then
    asks = {redis.call('LRANGE', log, 0, -1), redis.call('HGET', about, 'counts') or ''}
elseif ARGV[6] ~= '' then
    redis.call('LTRIM', log, seen - start, -1)
    redis.call('HSET', about, 'start', seen, 'counts', ARGV[6])
    start = seen
end
for place = 8, #ARGV do redis.call('SET', ARGV[place], ARGV[7], 'EX', 3600) end
for _, key in ipairs(KEYS) do redis.call('EXPIRE', key, 32 * 86400) end
return {known, start, unpack(asks)}
"""


class _Follower:
    """What a worker knows of one project's log."""

    def __init__(self, state: type) -> None:
        self._new_state = state
        self._lock = RLock()  # It isn't held while Redis is asked.
        # Up to where it was followed: its name, its start, how many asks, the clock of the last.
        self._place, self._state = NOWHERE, state()
        self._known: list[dict[str, Any]] = []  # What was lost there.
        self._replies: dict[str, dict[str, Any]] = {}

    def look(self, script: Callable[..., Any], key: str, ask: dict[str, Any]) -> dict[str, Any]:
        """Append an ask to the log, and return the reply to it."""
        look = uuid4().hex
        names = [PREFIX + news["name"] for news in ask["news"] if news["name"]]
        keys = [f"{PREFIX}{key}:log", f"{PREFIX}{key}:about"]
        self._replies[look] = {}
        try:
            # The log can be lost meanwhile, or another thread have begun it anew.
            for _ in range(4):
                with self._lock:
                    place, known = self._place, self._known
                    is_long = place[2] - place[1] > LONGEST_LOG
                    state = json.dumps(asdict(self._state)) if is_long else ""
                text = json.dumps(ask | {"look": look, "known": known})
                said = script(keys, [place[0], *place[2:], look, text, state, key, *names])
                with self._lock:
                    if self._follow(place, *said):
                        self._known = [] if self._known is known else self._known
                        # The counts that the log began with can have the ask in them.
                        if self._replies[look]:
                            return self._replies[look]
            raise LookupError("the log doesn't stay")
        finally:
            del self._replies[look]

    def _follow(
        self, before: Place, name: str, start: int = 0, asks: Any = (), state: str | None = None
    ) -> bool:
        """Carry out the asks that aren't known yet. Return True if it is the log of the place."""
        place, seen = self._place, before[2] if state is None else start
        if name and place[0] == name and seen <= place[2]:
            # Other threads have carried out some of them meanwhile.
            asks, seen = asks[place[2] - seen :], place[2]
        elif state is not None and place[0] in ("", name):
            self._state = self._new_state(**json.loads(state) if state else {})
        else:
            if not name and place is before:
                self._known = [asdict(self._state)]
                self._place = NOWHERE
            return False
        # If anything interrupts this, the next look begins with what the log begins with.
        own, clock, self._place = self._state, place[3], NOWHERE
        for clock, _, text in (one.partition(" ") for one in asks):
            ask = json.loads(text)
            reply = own.look(float(clock), ask)
            if ask["look"] in self._replies:
                self._replies[ask["look"]] = reply
        self._place, self._state = (name, start, seen + len(asks), clock), own
        return True


class Redis:
    """The counts of all workers, through a Redis or Valkey server.

    Args:
        url: Where it is.
        state: A dataclass of what JSON can hold, whose `look` takes the time and an ask.
    """

    blocks = True

    def __init__(self, url: str, state: type) -> None:
        self._new_state = state
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
        return self._followers.setdefault(key, _Follower(self._new_state)).look(
            self._script, key, ask
        )

    def find(self, name: str) -> str | None:
        """Return the key of the project that a live session belongs to, if Redis knows it."""
        self._prepare()
        return cast("str | None", self._client.get(PREFIX + name))

    def _prepare(self) -> None:
        if self._process != process():
            # A child has connections and locks of its own.
            self._client: Any = self._connected()
            self._script: Any = self._client.register_script(FOLLOW)
            self._followers: dict[str, _Follower] = {}
            self._process = process()
