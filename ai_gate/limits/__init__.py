"""Keep to the limits of the gate's plans, in one process or in a fleet."""

from collections.abc import Mapping
from functools import partial
from typing import Any, Literal, Self

from ai_gate._call.desk import Desk
from ai_gate._call.limited import Count, Usage, usage
from ai_gate._config import checked_seconds
from ai_gate._http.look import look, look_async
from ai_gate.errors import AIGateError
from ai_gate.limits._memory import Memory
from ai_gate.limits._redis import Redis

__all__ = ["Count", "Limiter", "Usage"]


class Limiter:
    """Lets each request wait for its turn, so that the gate needn't refuse it.

    One serves any number of clients, threads, event loops and projects, each gate and project by
    itself. It starts from these limits, and corrects its counts by what the gate states.

    Args:
        store: Where the counts are: None (default) for this process, or the URL of a Redis (6.2 or
            newer) or Valkey for all workers, as `redis://localhost:6379/0` or `rediss://...`. That
            needs `pip install "ai-gate[redis]"`.
        requests: The requests of a project in a window (default: `100`, until the gate states how
            many there are). Another number is kept to if the gate states more. None: not limited.
        window: The length of a window, in seconds (default: `900.0`).
        concurrent: The live sessions of a project (default: `None`, not limited). One that nobody
            releases counts for an hour.
        quota: The sessions of a project in a month (default: `None`, not limited).
        wait: Whether a call waits for its turn within its timeout (default: `True`). If not, or if
            the turn can't come in time, it fails with the error that the gate would have given.
        on_error: What a call does while the store is away: `allow` (default) lets it through, with
            a warning a minute, `refuse` fails.

    Raises:
        AIGateError: An argument is wrong, or redis isn't installed.

    Example:
        ```python
        from ai_gate import AIGateClient
        from ai_gate.limits import Limiter

        limiter = Limiter(concurrent=5)
        with AIGateClient("your-project-id", limiter=limiter) as client:
            session = client.create_session(model="gpt-realtime")
            limiter.release(session)
        ```
    """

    def __init__(
        self,
        store: str | None = None,
        *,
        requests: int | None = 100,
        window: float = 900.0,
        concurrent: int | None = None,
        quota: int | None = None,
        wait: bool = True,
        on_error: Literal["allow", "refuse"] = "allow",
    ) -> None:
        limits: dict[str, Any] = {"requests": requests, "concurrent": concurrent, "quota": quota}
        for name, limit in limits.items():
            if limit is not None and (type(limit) is not int or limit < 1):
                raise AIGateError(f"{name} must be None or an integer of 1 or more.")
        if not isinstance(store, str | None):
            raise AIGateError("store must be None or a URL.")
        if on_error not in ("allow", "refuse"):
            raise AIGateError('on_error must be "allow" or "refuse".')
        limits["window"] = checked_seconds("window", window, most=366 * 86_400.0)
        self._arguments = {"store": store, **limits, "wait": wait, "on_error": on_error}
        kept = Memory() if store is None else Redis(store)
        self._desk = Desk(kept, limits, waits=wait, may_fail=on_error == "allow")

    def __deepcopy__(self, _: object) -> Self:
        return self  # A copy of a client keeps to the same counts.

    def __reduce__(self) -> tuple[Any, ...]:
        return partial(type(self), **self._arguments), ()

    def release(self, session: Mapping[str, Any]) -> None:
        """Say that a session, as `create_session` returned it, has ended. Any process can."""
        look(self._desk.order(self._desk.release, session))

    async def release_async(self, session: Mapping[str, Any]) -> None:
        """Say that a session, as `create_session` returned it, has ended. Any process can."""
        await look_async(self._desk.order(self._desk.release, session))

    def _release_soon(self, session: Mapping[str, Any]) -> None:
        """Say it without waiting, also where the event loop ends."""
        self._desk.soon(lambda: self._desk.release(session))

    def usage(self, project_id: str, base_url: str | None = None) -> Usage:
        """Return what a project has used at a gate (default: the one that was called last).

        Raises:
            AIGateError: The store is away.
        """
        return usage(look(self._desk.order(self._desk.look_at, project_id, base_url)))

    async def usage_async(self, project_id: str, base_url: str | None = None) -> Usage:
        """Return what a project has used at a gate (default: the one that was called last).

        Raises:
            AIGateError: The store is away.
        """
        return usage(await look_async(self._desk.order(self._desk.look_at, project_id, base_url)))
