"""Forks: which process this is, and what a fork waits for so that calls of the child don't hang."""

import os
from _thread import get_ident
from time import monotonic, sleep

TYPE_CHECKING: bool = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import TypeVar

    T = TypeVar("T")

LONGEST_WAIT = 30.0
"""How long a fork waits for other threads at most, in seconds.

Imports take a tenth of a second, but on a machine with ten times more work than cores it was over
five: a fork that doesn't wait that long gets a child that hangs."""
LONGEST_PAUSE = 0.5
"""How long other threads wait for a fork at most, in seconds. It takes milliseconds, but on a busy
machine the thread that forks can be kept from it."""
STEP = 0.001

_guarded: list[tuple[int, float]] = []
"""The threads that a fork waits for, each with the moment until which it does."""
_forking: dict[int, float] = {}
"""The threads that fork, each with the moment until which it waits."""
_registered: list[bool] = []
_generation = [0]


def process() -> tuple[int, int]:
    """Return what tells this process from its parents.

    Its ID doesn't, because a child in another PID namespace can have its parent's.
    """
    return os.getpid(), _generation[0]


def unforked(action: "Callable[[], T]", longest: float = LONGEST_WAIT) -> "T":
    """Do what a fork has to wait for, and return its result.

    A child that was forked while another thread imported a module, or held a lock of OpenSSL's or
    the C library's, waits for ever once it needs the same, for a thread that it doesn't have.

    No lock is held, since a hook of a fork that runs after ours can wait for a lock that an import
    needs: both sides look at what the other one does, and wait for a bounded time.

    Args:
        action: What is done.
        longest: How long a fork waits for it, in seconds.
    """
    me, now = get_ident(), monotonic()
    entry, until = (me, now + longest), now + LONGEST_PAUSE
    is_within_another = any(thread == me for thread, _ in _guarded)
    _guarded.append(entry)
    try:
        while not is_within_another and _other_forks(me) and monotonic() < until:
            _guarded.remove(entry)
            sleep(STEP)
            _guarded.append(entry)
        if not _registered:
            _register()
        return action()
    finally:
        if entry in _guarded:
            _guarded.remove(entry)


def _other_forks(me: int) -> bool:
    return any(thread != me for thread in list(_forking))


def _is_to_wait(me: int) -> bool:
    now = monotonic()
    return any(thread != me and now < until for thread, until in list(_guarded))


def _register() -> None:
    """Let forks wait from now on.

    Logging's hook takes a lock that an import of a module with a logger needs. Hooks run in the
    reverse order of their registration, so ours is registered again after logging's.
    """
    _registered.append(True)
    _register_hooks()
    import logging  # noqa: F401, PLC0415

    _register_hooks()


def _register_hooks() -> None:
    if hasattr(os, "register_at_fork"):
        os.register_at_fork(
            before=_before_fork, after_in_parent=_after_fork, after_in_child=_after_fork_in_child
        )


def _before_fork() -> None:
    me = get_ident()
    # The second hook has what the first one left of the time.
    until = _forking.get(me, monotonic() + LONGEST_WAIT)
    while True:
        while _is_to_wait(me) and monotonic() < until:
            sleep(STEP)
        # From now on the others wait, which is short: nothing of ours is waited for any more.
        _forking[me] = until
        if not _is_to_wait(me) or monotonic() >= until:
            return
        del _forking[me]


def _after_fork() -> None:
    # A hook that was registered while the fork waited runs here alone.
    _forking.pop(get_ident(), None)


def _after_fork_in_child() -> None:
    # The other threads aren't there.
    _forking.clear()
    _guarded[:] = [entry for entry in _guarded if entry[0] == get_ident()]


def _note_fork() -> None:
    _generation[0] += 1


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_note_fork)
