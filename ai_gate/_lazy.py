"""What is imported when it is first used: public names (PEP 562), and modules."""

import os
import sys
from _thread import get_ident
from importlib import import_module
from time import monotonic, sleep

# Checkers take a variable of this name for true. `typing` takes longer to load than all the rest
# here, and without its type jedi takes the variable for False and doesn't see the names.
TYPE_CHECKING: bool = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import TypeVar

    T = TypeVar("T")

LONGEST_WAIT = 5.0
"""How long a fork and what it mustn't cut in half wait for each other, in seconds."""
PAUSE = 0.001

_whole: list[int] = []
"""The threads that do what no fork may cut in half."""
_forking: list[int] = []
"""The threads that fork."""
_registered: list[bool] = []


def unforked(action: "Callable[[], T]") -> "T":
    """Do what a fork has to wait for, and return its result.

    A child that was forked while another thread imported a module, or held a lock of OpenSSL's or
    the C library's, waits for ever once it needs the same, for a thread that it doesn't have.

    No lock is held, since a hook of a fork that runs after ours can wait for a lock that an import
    needs: both sides look at what the other one does, and wait for a bounded time.
    """
    me, until = get_ident(), monotonic() + LONGEST_WAIT
    is_within_another = me in _whole
    _whole.append(me)
    try:
        while not is_within_another and _others(_forking) and monotonic() < until:
            _whole.remove(me)
            sleep(PAUSE)
            _whole.append(me)
        if not _registered:
            _register()
        return action()
    finally:
        if me in _whole:
            _whole.remove(me)


def _others(threads: list[int]) -> list[int]:
    me = get_ident()
    return [thread for thread in threads if thread != me]


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
    _forking.append(get_ident())
    until = monotonic() + LONGEST_WAIT
    while _others(_whole) and monotonic() < until:
        sleep(PAUSE)


def _after_fork() -> None:
    # A hook that was registered while the fork waited runs here alone.
    _forking[:] = _others(_forking)


def _after_fork_in_child() -> None:
    # The other threads aren't there.
    _forking.clear()
    _whole[:] = [thread for thread in _whole if thread == get_ident()]


class LazyModule:
    """A module that is imported when something of it is first asked for.

    In annotations it stands for what is too heavy to import, or would import in a circle: an import
    under `TYPE_CHECKING` alone makes `typing.get_type_hints` fail. Not for a dataclass's fields,
    whose types Python 3.15 looks up at once.
    """

    def __init__(self, name: str) -> None:
        self._name = name
        self._module: object = None

    def __getattr__(self, name: str) -> object:
        if self._module is None:
            self._module = unforked(lambda: import_module(self._name))
        return getattr(self._module, name)


def lazy(
    package: str,
    names: list[str],
    homes: dict[str, str],
    *,
    others: str,
    modules: tuple[str, ...] = (),
) -> "tuple[Callable[[str], object], Callable[[], list[str]]]":
    """Return `__getattr__` and `__dir__` of a package.

    Assign them where checkers don't look: to them, a package with a `__getattr__` has every name.

    Args:
        package: The package's name.
        names: Its public names.
        homes: The module that each name comes from.
        others: The module that names without an entry in `homes` come from.
        modules: Its public modules.
    """

    def getattr_(name: str) -> object:
        if name in modules:
            return _load(package, name, f"{package}.{name}")
        if name not in names:
            raise AttributeError(f"module {package!r} has no attribute {name!r}")
        value = _load(package, name, homes.get(name, others), name)
        setattr(sys.modules[package], name, value)
        return value

    def dir_() -> list[str]:
        return sorted({*names, *modules})

    return getattr_, dir_


def _load(package: str, name: str, home: str, attribute: str | None = None) -> object:
    try:
        module = unforked(lambda: import_module(home))
        return getattr(module, attribute) if attribute else module
    except AttributeError as error:
        # Of one that leaves a `__getattr__`, `from package import name` tells nothing.
        failed = _failed_module(error) or home
        raise ImportError(
            f"cannot import name {name!r} from {package!r}: AttributeError in {failed}: {error}",
            name=failed,
        ) from error


def _failed_module(error: AttributeError) -> str | None:
    """Return the innermost module that was being imported."""
    failed, traceback = None, error.__traceback__
    while traceback:
        if traceback.tb_frame.f_code.co_name == "<module>":
            failed = str(traceback.tb_frame.f_globals["__name__"])
        traceback = traceback.tb_next
    return failed
