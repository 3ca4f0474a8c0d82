"""Live voice: from a session to a conversation with the model, over WebRTC.

It needs the extra `webrtc`: `pip install "ai-gate[webrtc]"`.

Example:
    ```python
    import asyncio

    from ai_gate import AsyncAIGateClient
    from ai_gate.webrtc import connect

    async def main() -> None:
        async with AsyncAIGateClient(project_id="your-project-id") as client:
            session = await client.create_session(model="gpt-realtime", voice="marin")
            async with connect(session) as call:
                await call.send({"type": "response.create"})
                async for event in call:
                    print(event["type"])
                    if event["type"] == "response.done":
                        break

    asyncio.run(main())
    ```
"""

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ai_gate.webrtc._audio_in import PCMSource
    from ai_gate.webrtc._candidates import Candidate, CandidatePair
    from ai_gate.webrtc._connect import Connector, connect
    from ai_gate.webrtc._timings import Timings
    from ai_gate.webrtc.call import Call
    from ai_gate.webrtc.errors import (
        CallEndedError,
        ClientSecretExpiredError,
        ConnectionLostError,
        EventTooLargeError,
        MissingDependencyError,
        NoPathError,
        OpenTimeoutError,
        QueueOverflowError,
        SDPRefusedError,
        WebRTCError,
    )
    from ai_gate.webrtc.turn import TurnProbe, TurnResult, probe_turn

__all__ = [
    "Call",
    "CallEndedError",
    "Candidate",
    "CandidatePair",
    "ClientSecretExpiredError",
    "ConnectionLostError",
    "Connector",
    "EventTooLargeError",
    "MissingDependencyError",
    "NoPathError",
    "OpenTimeoutError",
    "PCMSource",
    "QueueOverflowError",
    "SDPRefusedError",
    "Timings",
    "TurnProbe",
    "TurnResult",
    "WebRTCError",
    "connect",
    "probe_turn",
]

_HOMES = {
    "Call": "ai_gate.webrtc.call",
    "CallEndedError": "ai_gate.webrtc.errors",
    "Candidate": "ai_gate.webrtc._candidates",
    "CandidatePair": "ai_gate.webrtc._candidates",
    "ClientSecretExpiredError": "ai_gate.webrtc.errors",
    "ConnectionLostError": "ai_gate.webrtc.errors",
    "Connector": "ai_gate.webrtc._connect",
    "EventTooLargeError": "ai_gate.webrtc.errors",
    "MissingDependencyError": "ai_gate.webrtc.errors",
    "NoPathError": "ai_gate.webrtc.errors",
    "OpenTimeoutError": "ai_gate.webrtc.errors",
    "PCMSource": "ai_gate.webrtc._audio_in",
    "QueueOverflowError": "ai_gate.webrtc.errors",
    "SDPRefusedError": "ai_gate.webrtc.errors",
    "Timings": "ai_gate.webrtc._timings",
    "TurnProbe": "ai_gate.webrtc.turn",
    "TurnResult": "ai_gate.webrtc.turn",
    "WebRTCError": "ai_gate.webrtc.errors",
    "connect": "ai_gate.webrtc._connect",
    "probe_turn": "ai_gate.webrtc.turn",
}
_MODULES = ("call", "errors", "turn")


def __getattr__(name: str) -> object:
    """Import a public name when it is first used."""
    if name in _MODULES:
        return import_module(f"ai_gate.webrtc.{name}")
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value: object = getattr(import_module(_HOMES[name]), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    """List the public names, loaded or not."""
    return sorted([*__all__, *_MODULES])
