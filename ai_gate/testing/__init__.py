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

from ai_gate._lazy import TYPE_CHECKING, lazy

__all__ = [
    "FREE",
    "GROWTH",
    "STARTER",
    "MockGate",
    "MockGateError",
    "MockVoice",
    "Plan",
    "ReceivedRequest",
    "Violation",
    "VoiceCall",
]

if TYPE_CHECKING:
    from ai_gate.testing._gate import MockGate
    from ai_gate.testing._limits import FREE, GROWTH, STARTER, Plan
    from ai_gate.testing._openai.register import VoiceCall
    from ai_gate.testing._openai.voice import MockVoice
    from ai_gate.testing._request import ReceivedRequest
    from ai_gate.testing._violations import MockGateError, Violation
else:
    _HOMES = {
        "FREE": "ai_gate.testing._limits",
        "GROWTH": "ai_gate.testing._limits",
        "MockGate": "ai_gate.testing._gate",
        "Plan": "ai_gate.testing._limits",
        "STARTER": "ai_gate.testing._limits",
        "ReceivedRequest": "ai_gate.testing._request",
        "MockVoice": "ai_gate.testing._openai.voice",
        "VoiceCall": "ai_gate.testing._openai.register",
    }
    __getattr__, __dir__ = lazy(__name__, __all__, _HOMES, others="ai_gate.testing._violations")
