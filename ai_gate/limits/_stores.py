"""Where the counts are: in this process, or in Redis for all workers."""

import json
import logging
import time
from collections.abc import Callable
from importlib.resources import files
from threading import RLock
from typing import Any

from ai_gate._fork import process, unforked
from ai_gate._http.look import LONGEST_LOOK
from ai_gate._logging import log
from ai_gate._signals import is_of_a_handler
from ai_gate.errors import AIGateError
from ai_gate.limits._counts import Counts

AWAY = 1.0
"""How long nobody looks after Redis has failed, in seconds: each look would cost its whole time."""
WARN_EVERY = 60.0


class Memory:
    """The counts of this process."""

    blocks = False

    def __init__(self) -> None:
        self._counts: dict[str, Counts] = {}
        # A signal handler can make a call too.
        self._lock = RLock()

    def look(self, key: str, ask: dict[str, Any]) -> dict[str, Any]:
        """Take in the news, and ask for a turn."""
        return unforked(lambda: self._look(key, ask))

    def release(self, name: str) -> None:
        """Take a session for ended."""
        with self._lock:
            for counts in self._counts.values():
                counts.live.pop(name, None)

    def _look(self, key: str, ask: dict[str, Any]) -> dict[str, Any]:
        with self._lock:
            if key not in self._counts:
                self._counts[key] = Counts()
            return self._counts[key].look(time.monotonic(), ask)


class Redis:
    """The counts of all workers, in a Redis or Valkey server."""

    blocks = True

    def __init__(self, url: str) -> None:
        try:
            import redis  # noqa: PLC0415
        except ImportError as error:
            text = 'A limiter in Redis needs redis: pip install "ai-gate[redis]"'
            raise AIGateError(text) from error
        self._redis, self._url = redis, url.replace("valkey", "redis", url.startswith("valkey"))
        self._script = files("ai_gate.limits").joinpath("_counts.lua").read_text("utf-8")
        self._away_until, self._warned = 0.0, float("-inf")
        self._clients: dict[tuple[int, int], Any] = {}
        try:
            self._client()
        except ValueError as error:
            raise AIGateError("The limiter's store must be a redis:// or rediss:// URL.") from error

    def look(self, key: str, ask: dict[str, Any]) -> dict[str, Any] | None:
        """Take in the news, and ask for a turn; None if Redis is away."""
        keys, arguments = [f"ai-gate:{key}:"], [json.dumps(ask)]
        reply = self._tried(lambda client, script: script(keys=keys, args=arguments))
        return json.loads(reply) if reply else None

    def release(self, name: str) -> None:
        """Take a session for ended."""

        def remove(client: Any, _: Any) -> None:
            if prefix := client.get(f"ai-gate:session:{name}"):
                client.zrem(prefix + b"live", name)

        self._tried(remove)

    def _tried(self, action: Callable[[Any, Any], Any]) -> Any:
        if time.monotonic() < self._away_until:
            return None
        try:
            return action(*self._client())
        except (self._redis.RedisError, OSError) as failure:
            cause: BaseException | None = failure
            while cause is not None:
                # redis takes what a handler raises for a failure of its own.
                if is_of_a_handler(cause):
                    raise cause from None
                cause = cause.__cause__ or cause.__context__
            now = time.monotonic()
            self._away_until = now + AWAY
            if now - self._warned >= WARN_EVERY:
                self._warned = now
                text = "the limiter's store can't be used (%s): calls aren't limited meanwhile"
                log(logging.WARNING, False, text, type(failure).__name__)
            return None

    def _client(self) -> tuple[Any, Any]:
        owner = process()
        if owner not in self._clients:
            # A child has connections of its own.
            from redis.backoff import NoBackoff  # noqa: PLC0415
            from redis.retry import Retry  # noqa: PLC0415

            client = self._redis.Redis.from_url(
                self._url,
                socket_timeout=LONGEST_LOOK,
                socket_connect_timeout=LONGEST_LOOK,
                # For a connection that Redis has closed meanwhile.
                retry=Retry(NoBackoff(), 1, (self._redis.ConnectionError,)),
                protocol=2,
            )
            self._clients = {owner: (client, client.register_script(self._script))}
        return self._clients[owner]
