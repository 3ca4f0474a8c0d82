"""A mock gate for tests: a real HTTP server on loopback that plays AI Gate.

Needs the extra: `pip install "ai-gate[testing]"`. With it comes a pytest fixture, `mock_gate`, and
a command, `python -m ai_gate.testing`.

Example:
    >>> import httpx
    >>> from ai_gate.testing import MockGate
    >>> with MockGate() as gate:
    ...     httpx.get(f"{gate.url}/health").json()
    {'status': 'healthy'}
"""

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ai_gate.testing._gate import MockGate
    from ai_gate.testing._openai.register import VoiceCall
    from ai_gate.testing._openai.voice import MockVoice
    from ai_gate.testing._request import ReceivedRequest
    from ai_gate.testing._violations import MockGateError, Violation

__all__ = ["MockGate", "MockGateError", "MockVoice", "ReceivedRequest", "Violation", "VoiceCall"]

_HOMES = {
    "MockGate": "ai_gate.testing._gate",
    "MockGateError": "ai_gate.testing._violations",
    "MockVoice": "ai_gate.testing._openai.voice",
    "ReceivedRequest": "ai_gate.testing._request",
    "Violation": "ai_gate.testing._violations",
    "VoiceCall": "ai_gate.testing._openai.register",
}


def __getattr__(name: str) -> object:
    """Import a public name when it is first used: the validator behind MockGate loads slowly."""
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(_HOMES[name]), name)
