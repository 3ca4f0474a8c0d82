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

from ai_gate._lazy import TYPE_CHECKING, lazy

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

if TYPE_CHECKING:
    from ai_gate.webrtc._audio.source import PCMSource
    from ai_gate.webrtc._connect import Connector, connect
    from ai_gate.webrtc._types import Candidate, CandidatePair, Timings, TurnProbe, TurnResult
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
    from ai_gate.webrtc.turn import probe_turn
else:
    _HOMES = {
        "Call": "ai_gate.webrtc.call",
        "Candidate": "ai_gate.webrtc._types",
        "CandidatePair": "ai_gate.webrtc._types",
        "Connector": "ai_gate.webrtc._connect",
        "PCMSource": "ai_gate.webrtc._audio.source",
        "Timings": "ai_gate.webrtc._types",
        "TurnProbe": "ai_gate.webrtc._types",
        "TurnResult": "ai_gate.webrtc._types",
        "connect": "ai_gate.webrtc._connect",
        "probe_turn": "ai_gate.webrtc.turn",
    }
    __getattr__, __dir__ = lazy(
        __name__,
        __all__,
        _HOMES,
        others="ai_gate.webrtc.errors",
        modules=("call", "errors", "turn"),
    )
