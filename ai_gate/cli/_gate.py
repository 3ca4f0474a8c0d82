"""What several commands do: a client of the gate, a session, TURN credentials, a call."""

from argparse import Namespace
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Any

from ai_gate import AIGateError, AsyncAIGateClient, webrtc
from ai_gate._config import DASHBOARD, DEFAULT_BASE_URL, from_environment
from ai_gate._redaction import SECRET_NAMES, secrets_in
from ai_gate.cli._console import Console

HIDDEN = (*SECRET_NAMES, "username")


def settings(options: Namespace, console: Console) -> dict[str, Any]:
    """Return the project and the base URL, of the options or the environment."""
    given = {"project_id": options.project_id, "base_url": options.base_url}
    found = from_environment({name: one for name, one in given.items() if one is not None})
    console.hide(found["project_id"])
    return {"base_url": DEFAULT_BASE_URL} | found


def client_of(options: Namespace, console: Console, **more: Any) -> AsyncAIGateClient:
    """Return a client with what the options and the environment say."""
    arguments = settings(options, console)
    if not arguments["project_id"]:
        raise AIGateError(
            f"Project ID is required. Copy yours from the dashboard ({DASHBOARD}) and pass "
            "--project-id, or set AI_GATE_PROJECT_ID."
        )
    more = {"timeout": vars(options).get("timeout")} | more
    return AsyncAIGateClient(**arguments, debug=options.debug, **more)


async def create_session(
    client: AsyncAIGateClient, options: Namespace, console: Console
) -> dict[str, Any]:
    """Create a session as the options say; what they leave out has the SDK's default."""
    names = ("model", "voice", "temperature", "instructions")
    chosen = {name: one for name in names if (one := getattr(options, name, None)) is not None}
    console.unfinished = " A session may have been created and billed all the same."
    work = client.create_session(**chosen, extra_body=dict(getattr(options, "extra", None) or ()))
    session = {**await console.waiting("Creating a session", work)}
    console.unfinished = ""
    console.hide(*secrets_in(session, HIDDEN))
    return session


async def get_turn_credentials(client: AsyncAIGateClient, console: Console) -> dict[str, Any]:
    """Get TURN credentials."""
    work = client.get_turn_credentials()
    credentials = {**await console.waiting("Getting TURN credentials", work)}
    console.hide(*secrets_in(credentials, HIDDEN))
    return credentials


def connector(session: Any, options: Namespace, **more: Any) -> "webrtc.Connector":
    """Return what makes a call with a session, or what creates one; the options are checked."""
    if options.realtime_url:
        more["realtime_url"] = options.realtime_url
    return webrtc.connect(session, event_names="current", **more)


@asynccontextmanager
async def opened(
    session: Any, options: Namespace, console: Console, **more: Any
) -> "AsyncIterator[webrtc.Call]":
    """Make a call, and end it."""
    async with AsyncExitStack() as stack:
        call = stack.enter_async_context(connector(session, options, **more))
        yield await console.waiting("Calling", call)
