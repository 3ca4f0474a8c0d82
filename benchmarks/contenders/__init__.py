"""Who is compared: each module here makes the same session with another library.

A worker imports one of them alone, so that nobody pays for what another one loads.
"""

from abc import ABC, abstractmethod
from dataclasses import dataclass
from importlib import import_module
from importlib.util import find_spec


class SyncContender(ABC):
    """A client with a URL, sync."""

    @abstractmethod
    def __init__(self, url: str) -> None: ...

    @abstractmethod
    def call(self) -> object:
        """Create a session and return its JSON."""

    @abstractmethod
    def close(self) -> None:
        """Close the client."""


class AsyncContender(ABC):
    """A client with a URL, async."""

    @abstractmethod
    def __init__(self, url: str) -> None: ...

    @abstractmethod
    async def call(self) -> object:
        """Create a session and return its JSON."""

    @abstractmethod
    async def aclose(self) -> None:
        """Close the client."""


@dataclass(frozen=True)
class Contender:
    """One of those that are compared."""

    label: str
    module: str
    needs: str = "httpx"
    """The library that must be installed for it."""

    @property
    def is_installed(self) -> bool:
        """Whether it can take part here."""
        return find_spec(self.needs) is not None


OURS = Contender("ai-gate", "ours")
OVER_AIOHTTP = Contender("ai-gate over aiohttp", "over_aiohttp", needs="httpx_aiohttp")
HTTPX = Contender("httpx", "plain_httpx")
AGAIN = Contender("httpx again (A/A)", "plain_httpx")
HTTPX_OVER_AIOHTTP = Contender("httpx over aiohttp", "httpx_over_aiohttp", needs="httpx_aiohttp")
GENERATED = Contender("generated client", "generated")
OPENAI = Contender("openai", "openai_sdk", needs="openai")

ALL = (OURS, OVER_AIOHTTP, HTTPX, AGAIN, HTTPX_OVER_AIOHTTP, GENERATED, OPENAI)


def has_sync(module: str) -> bool:
    """Whether a module of this package has a sync client."""
    return hasattr(import_module(f"{__name__}.{module}"), "Sync")


def sync_contender(module: str) -> type[SyncContender]:
    """The sync client of a module of this package."""
    found: type[SyncContender] = import_module(f"{__name__}.{module}").Sync
    return found


def async_contender(module: str) -> type[AsyncContender]:
    """The async client of a module of this package."""
    found: type[AsyncContender] = import_module(f"{__name__}.{module}").Async
    return found
