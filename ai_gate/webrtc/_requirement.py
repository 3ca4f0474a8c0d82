"""What live voice needs beyond the base package."""

from importlib.util import find_spec

from ai_gate.webrtc.errors import MissingDependencyError

NEEDED = ("aiortc", "aioice", "av")


def require_aiortc() -> None:
    """Check that aiortc and what it brings are installed, without importing them.

    Raises:
        MissingDependencyError: One of them isn't.
    """
    for name in NEEDED:
        if find_spec(name) is None:
            raise MissingDependencyError(
                f'Live voice needs {name}, which is not installed: pip install "ai-gate[webrtc]"'
            )
