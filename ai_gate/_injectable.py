"""A class method that is safe where something else fills in the arguments."""

from collections.abc import Callable
from functools import update_wrapper
from inspect import Signature
from typing import Any, TypeVar, cast

F = TypeVar("F", bound=Callable[..., Any])


def injectable(method: F) -> F:
    """Hide the parameters of a class method from `inspect.signature`.

    FastAPI's `Depends` and containers of dependencies fill in the parameters that they find there.
    FastAPI takes them from the query, so a stranger's `base_url` would send the project ID to the
    stranger. Who calls the method can pass them all the same, and checkers see them.
    """
    return cast(F, _Injectable(cast(Any, method).__func__))


class _Injectable(classmethod):  # type: ignore[type-arg]
    def __get__(self, instance: object, owner: type | None = None) -> Any:
        return _Bound(super().__get__(instance, owner))


class _Bound:
    """The method of one class.

    An attribute of the method itself would do for FastAPI, but `functools.cache` would copy it with
    the parameter for the class, and mocks with a spec would refuse the options.
    """

    __signature__ = Signature()

    def __init__(self, method: Callable[..., Any]) -> None:
        update_wrapper(self, method)
        self._method = method

    def __call__(self, **options: Any) -> Any:
        return self._method(**options)

    def __get__(self, instance: object, owner: type | None = None) -> "_Bound":
        # As a bound method has it, for `help()` to take this for one.
        return self

    def __eq__(self, other: object) -> bool:
        # FastAPI's `dependency_overrides` looks it up.
        return isinstance(other, _Bound) and self._method == other._method

    def __hash__(self) -> int:
        return hash(self._method)
