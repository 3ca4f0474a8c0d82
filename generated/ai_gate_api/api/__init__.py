"""Request builders, one for each operation of the API.

Each takes the operation's parameters and returns the keyword arguments of `httpx.Client.request`.
"""

from .health.get_health import _get_kwargs as get_health
from .sessions.create_session import _get_kwargs as create_session
from .turn.get_turn_credentials import _get_kwargs as get_turn_credentials

__all__ = (
    "create_session",
    "get_turn_credentials",
    "get_health",
)
