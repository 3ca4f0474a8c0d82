"""What several commands do: a client, a session, TURN credentials and their servers."""

import asyncio
from argparse import Namespace
from collections.abc import Mapping, Sequence
from typing import Any, cast

from ai_gate import AIGateError, AsyncAIGateClient
from ai_gate._config import DASHBOARD, from_environment
from ai_gate._redaction import secrets_in
from ai_gate.cli._console import Console
from ai_gate.types import IceServer
from ai_gate.webrtc import TurnResult, probe_turn
from ai_gate.webrtc.turn._stun import is_stun, probe_stun

MAYBE_BILLED = " A session may have been created and billed all the same."


def client_of(options: Namespace, console: Console, **more: Any) -> AsyncAIGateClient:
    """Return a client with what the options and the environment say."""
    arguments = from_environment(given(options))
    if not arguments["project_id"]:
        raise AIGateError(
            f"Project ID is required. Copy yours from the dashboard ({DASHBOARD}) and pass "
            "--project-id, or set AI_GATE_PROJECT_ID."
        )
    console.hide(arguments["project_id"])
    return AsyncAIGateClient(**arguments, debug=options.debug, **more)


def given(options: Namespace) -> dict[str, str]:
    """Return the arguments of a client that are given as options."""
    values = {"project_id": options.project_id, "base_url": options.base_url}
    return {name: value for name, value in values.items() if value is not None}


async def create_session(
    client: AsyncAIGateClient, options: Namespace, console: Console
) -> dict[str, Any]:
    """Create a session as the options say; what they leave out has the SDK's default."""
    names = ("model", "voice", "temperature", "instructions")
    chosen = {name: one for name in names if (one := getattr(options, name, None)) is not None}
    extra = dict(getattr(options, "extra", None) or ())
    console.unfinished = MAYBE_BILLED
    work = client.create_session(**chosen, extra_body=extra)
    session = {**await console.waiting("Creating a session", work)}
    console.unfinished = ""
    hide_secrets(session, console)
    return session


async def get_turn_credentials(client: AsyncAIGateClient, console: Console) -> dict[str, Any]:
    """Get TURN credentials, whose secrets are masked from now on."""
    work = client.get_turn_credentials()
    credentials = {**await console.waiting("Getting TURN credentials", work)}
    hide_secrets(credentials, console)
    return credentials


def hide_secrets(response: dict[str, Any], console: Console) -> None:
    """Mask the secrets of a response from now on, and the names that go with TURN credentials."""
    console.hide(*secrets_in(response))
    servers = ice_servers(response.get("turn_credentials") or response)
    console.hide(*(server.get("username") for server in servers))


def ice_servers(credentials: Mapping[str, Any]) -> list[IceServer]:
    """Return the ICE servers of TURN credentials, whatever the gate has put there."""
    found = credentials.get("iceServers")
    servers = found if isinstance(found, list) else []
    return [cast(IceServer, server) for server in servers if isinstance(server, dict)]


async def probe(credentials: Mapping[str, Any], timeout: float) -> list[TurnResult]:
    """Try every STUN and TURN URL, side by side.

    Raises:
        MissingDependencyError: aiortc isn't installed.
    """
    servers = ice_servers(credentials)
    stun, turn = await asyncio.gather(
        probe_stun(servers, timeout=timeout), probe_turn(servers, timeout=timeout)
    )
    return [*stun, *turn.results]


def relays_work(results: Sequence[TurnResult]) -> bool:
    """Return True if a TURN server works, or there is none and a STUN server does."""
    relays = [result for result in results if not is_stun(result.url)]
    return any(result.works for result in relays or results)


def describe(result: TurnResult) -> str:
    """Return what became of a server, for a person."""
    over = f" over {result.transport}" if result.transport else ""
    return f"works{over}" if result.works else f"fails{over}: {result.reason}"
