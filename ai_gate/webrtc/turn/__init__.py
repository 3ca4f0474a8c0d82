"""TURN: which of the gate's relays can be reached from here, and why the others can't.

A TURN server relays a call where no direct path is open. The gate sends several ways to reach one
(UDP, TCP, TLS), because networks block different ones of them.
"""

from collections.abc import Sequence

from ai_gate._config import SHORTEST_TIME, checked_seconds
from ai_gate.types import IceServer, TurnCredentials
from ai_gate.webrtc._requirement import require_aiortc, require_asyncio, requiring_aiortc
from ai_gate.webrtc._types import TurnProbe, TurnResult, TurnServer
from ai_gate.webrtc.turn._urls import read_servers

__all__ = ["TurnProbe", "TurnResult", "probe_turn"]

LONGEST_TIMEOUT = 60.0


async def probe_turn(
    credentials: TurnCredentials | Sequence[IceServer], *, timeout: float = 2.0
) -> TurnProbe:
    """Try every TURN URL of the credentials, side by side, and return what became of each.

    Each server is asked for an address to relay through (an Allocate request of RFC 8656), which
    is given back at once. STUN URLs are passed over. A URL that can't be read is a result too, with
    the reason. When cancelled, it returns at once; what was begun finishes in the background within
    `timeout` and two seconds.

    Args:
        credentials: What `get_turn_credentials()` returned, a session's `turn_credentials`, or a
            list of ICE servers alone.
        timeout: The time for each URL in seconds, from 0.001 to 60 (default: `2.0`). Only the
            resolution of a host's name in a thread isn't cut by it.

    Returns:
        A result for each TURN URL, in order.

    Raises:
        MissingDependencyError: aiortc isn't installed, or is older than 1.16.
        AIGateError: The timeout is wrong, or the event loop isn't asyncio's.

    Example:
        ```python
        import asyncio

        from ai_gate.webrtc import probe_turn

        async def main() -> None:
            # What get_turn_credentials() returns can be passed as it is.
            probe = await probe_turn(
                [{"urls": "turn:127.0.0.1:3478", "username": "me", "credential": "secret"}]
            )
            for result in probe.results:
                print(result.url, "works" if result.works else result.reason)

        asyncio.run(main())
        ```
    """
    entries = list(read_servers(credentials))
    # What shows the variables of a failure would show them.
    del credentials
    require_aiortc()
    checked_seconds("timeout", timeout, least=SHORTEST_TIME, most=LONGEST_TIMEOUT)
    require_asyncio()
    # Not before: it needs aioice, and `import ai_gate.webrtc.turn` must work without it.
    with requiring_aiortc():
        from ai_gate.webrtc.turn._race import all_results  # noqa: PLC0415

    servers = [entry for entry in entries if isinstance(entry, TurnServer)]
    tried = iter(await all_results(servers, timeout=timeout))
    return TurnProbe(
        tuple(entry if isinstance(entry, TurnResult) else next(tried) for entry in entries)
    )
