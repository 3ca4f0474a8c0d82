"""Whether a request is sent again, and when: decisions without I/O.

A session is billed, so a request for one is sent again only if nothing of it was sent before.
"""

import random
from collections.abc import Callable

from ai_gate._call.exchange import Exchange

FIRST_BACKOFF = 0.5
"""The longest wait before the first retry, in seconds; it doubles with each further one."""
LONGEST_BACKOFF = 8.0
"""The longest wait before any retry, in seconds."""

RETRIED_STATUSES = frozenset({429, 502, 503, 504, *range(520, 531)})
"""Too many requests, a gateway's own errors, and those of Cloudflare (520 to 530)."""


def may_repeat(exchange: Exchange, idempotent: bool) -> bool:
    """Whether a request can be sent again after what happened to it.

    Args:
        exchange: What happened.
        idempotent: Whether a second one does no harm if the first was processed after all.
    """
    if not exchange.sent:
        return True
    lost = exchange.failure is not None and not exchange.refused
    return idempotent and (lost or exchange.status in RETRIED_STATUSES)


def wait_before(
    retry: int,
    retry_after: float | None,
    seconds_left: float,
    *,
    uniform: Callable[[float, float], float] = random.uniform,
) -> float | None:
    """Return the seconds to wait before a retry, or None if the time left doesn't allow it.

    `Retry-After` is obeyed. Without it the wait grows exponentially and is drawn at random from 0
    up ("full jitter"), so that clients which failed together don't come back together.

    Args:
        retry: Which retry it is, from 1.
        retry_after: What the response asked for, in seconds.
        seconds_left: What is left of the call's time.
        uniform: Draws the wait.
    """
    if retry_after is None:
        longest = min(LONGEST_BACKOFF, FIRST_BACKOFF * 2.0 ** min(retry - 1, 10))
        wait = uniform(0.0, longest)
    else:
        wait = retry_after
    return wait if wait < seconds_left else None
