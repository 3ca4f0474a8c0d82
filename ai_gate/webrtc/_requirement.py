"""What live voice needs beyond the base package."""

import asyncio
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from importlib import import_module
from importlib.util import find_spec

from ai_gate._fork import unforked
from ai_gate.errors import AIGateError
from ai_gate.webrtc.errors import MissingDependencyError

NEEDED = ("aiortc", "aioice", "av")


def require_aiortc() -> None:
    """Check that aiortc and what it brings are installed, without importing them.

    Raises:
        MissingDependencyError: One of them isn't.
    """
    for name in NEEDED:
        if not _is_installed(name):
            raise MissingDependencyError(
                f'Live voice needs {name}, which is not installed: pip install "ai-gate[webrtc]"'
            )


@contextmanager
def requiring_aiortc() -> Iterator[None]:
    """Let modules that need aiortc be imported within, or aiortc be used for the first time.

    Raises:
        MissingDependencyError: aiortc or what it needs isn't installed, is too old, or broken.
    """
    require_aiortc()
    try:
        yield
    except AIGateError:
        raise
    except Exception as error:
        # Not an ImportError alone: an old binding of OpenSSL lacks attributes, and a library that
        # can't be loaded is an OSError.
        raise MissingDependencyError(
            "Live voice needs aiortc 1.16 or newer, and what is installed is older or can't be "
            'loaded: pip install --upgrade "ai-gate[webrtc]"'
        ) from error


async def import_beside(name: str) -> None:
    """Import a module in a thread, if it isn't yet: aiortc and what it brings take 0.3 s.

    If no thread can be had, whoever uses the module imports it.
    """
    if name not in sys.modules:
        with suppress(RuntimeError):
            await asyncio.to_thread(unforked, lambda: import_module(name))


def require_asyncio() -> None:
    """Check that this runs under asyncio.

    Raises:
        AIGateError: It doesn't.
    """
    try:
        asyncio.get_running_loop()
    except RuntimeError as error:
        raise AIGateError("Live voice runs under asyncio only, as aiortc does.") from error


def _is_installed(name: str) -> bool:
    try:
        return find_spec(name) is not None
    except ValueError:
        # It has been imported already, and its module has no __spec__.
        return True
