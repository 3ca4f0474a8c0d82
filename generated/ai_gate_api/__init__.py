"""A client library for accessing AI Gate API"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .client import AuthenticatedClient, Client
else:
    _EXPORTS = {
        "AuthenticatedClient": (".client", "AuthenticatedClient"),
        "Client": (".client", "Client"),
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
    "AuthenticatedClient",
    "Client",
)
