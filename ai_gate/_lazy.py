"""What is imported when it is first used: public names (PEP 562), and modules."""

import sys
from importlib import import_module

from ai_gate._fork import unforked

# Checkers take a variable of this name for true. `typing` takes longer to load than all the rest
# here, and without its type jedi takes the variable for False and doesn't see the names.
TYPE_CHECKING: bool = False
if TYPE_CHECKING:
    from collections.abc import Callable


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
