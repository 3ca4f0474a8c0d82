"""Request builders, one for each operation of the API.

Each takes the operation's parameters and returns the keyword arguments of `httpx.Client.request`.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .health.get_health import _get_kwargs as get_health
    from .sessions.create_session import _get_kwargs as create_session
    from .turn.get_turn_credentials import _get_kwargs as get_turn_credentials
else:
    _EXPORTS = {
        "get_health": (".health.get_health", "_get_kwargs"),
        "create_session": (".sessions.create_session", "_get_kwargs"),
        "get_turn_credentials": (".turn.get_turn_credentials", "_get_kwargs"),
    }

    def __getattr__(name: str) -> Any:
        if name not in _EXPORTS:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        module, there = _EXPORTS[name]
        value = globals()[name] = getattr(import_module(module, __name__), there)
        return value

    def __dir__() -> list[str]:
        return sorted({*globals(), *_EXPORTS})


__all__ = (
    "get_health",
    "create_session",
    "get_turn_credentials",
)
