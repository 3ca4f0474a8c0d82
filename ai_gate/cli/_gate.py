"""What several commands do with the gate: a client, a session's fields, what is hidden of it."""

from argparse import Namespace
from collections.abc import Mapping, Sequence
from typing import Any, cast

from ai_gate import AIGateError, AsyncAIGateClient
from ai_gate._config import DASHBOARD, from_environment
from ai_gate._redaction import secrets_in
from ai_gate.cli._console import Console
from ai_gate.types import IceServer
from ai_gate.webrtc import TurnResult

MAYBE_BILLED = " A session may have been created and billed all the same."


def client_of(options: Namespace, console: Console, **more: Any) -> AsyncAIGateClient:
    """Return a client with what the options and the environment say."""
    given = {"project_id": options.project_id, "base_url": options.base_url}
    arguments = from_environment({name: one for name, one in given.items() if one is not None})
    if not arguments["project_id"]:
        raise AIGateError(
            f"Project ID is required. Copy yours from the dashboard ({DASHBOARD}) and pass "
            "--project-id, or set AI_GATE_PROJECT_ID."
        )
    console.hide(arguments["project_id"])
    return AsyncAIGateClient(**arguments, debug=options.debug, **more)


def fields_of(options: Namespace) -> dict[str, Any]:
    """Return the arguments of `create_session` that are given; the others keep their defaults."""
    given = vars(options)
    names = ("model", "voice", "temperature", "instructions")
    fields = {name: given[name] for name in names if given.get(name) is not None}
    return fields | {"extra_body": dict(given.get("extra") or [])}


def hide_secrets(response: dict[str, Any], console: Console) -> None:
    """Mask the secrets of a response from now on, and the names that go with TURN credentials."""
    console.hide(*secrets_in(response))
    for server in ice_servers(response.get("turn_credentials") or response):
        username = server.get("username")
        console.hide(username if isinstance(username, str) else None)


def ice_servers(credentials: Mapping[str, Any]) -> list[IceServer]:
    """Return the ICE servers of TURN credentials, whatever the gate has put there."""
    servers = credentials.get("iceServers")
    found = servers if isinstance(servers, list) else []
    return [cast(IceServer, server) for server in found if isinstance(server, dict)]


def urls_of(credentials: Mapping[str, Any]) -> list[str]:
    """Return the URLs of all ICE servers."""
    given = [server.get("urls") for server in ice_servers(credentials)]
    return [str(url) for urls in given for url in (urls if isinstance(urls, list) else [urls])]


def describe(result: TurnResult) -> str:
    """Return what became of a STUN or TURN URL, for a person."""
    over = f" over {result.transport}" if result.transport else ""
    return f"{result.url}{over}" + (f": {result.reason}" if result.reason else "")


def relays_work(results: Sequence[TurnResult]) -> bool:
    """Return True if a TURN server works, or there is none and a STUN server does."""
    relays = [result for result in results if not is_stun(result.url)]
    return any(result.works for result in relays or results)


def is_stun(url: str) -> bool:
    """Return True if a URL is one of a STUN server."""
    return url.lower().startswith(("stun:", "stuns:"))
