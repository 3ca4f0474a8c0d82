"""`ai-gate session`: a session, as a table for a person or as JSON for a program."""

import asyncio
from argparse import Namespace
from datetime import UTC, datetime
from typing import Any

from ai_gate import AsyncAIGateClient
from ai_gate.cli._console import Console
from ai_gate.cli._failures import Exit, moment
from ai_gate.cli._gate import MAYBE_BILLED, client_of, fields_of, hide_secrets, urls_of


def run(options: Namespace, console: Console) -> int:
    """Create a session and print it."""
    return asyncio.run(_run(options, console))


async def _run(options: Namespace, console: Console) -> int:
    async with client_of(options, console, timeout=options.timeout) as client:
        session = await create(client, options, console)
    if options.json or not console.is_terminal:
        console.json(session)
        return Exit.OK
    for name, text in _rows(session).items():
        console.row(name, text)
    return Exit.OK


async def create(client: AsyncAIGateClient, options: Namespace, console: Console) -> dict[str, Any]:
    """Create a session as the options describe it."""
    console.unfinished = MAYBE_BILLED
    work = client.create_session(**fields_of(options))
    session: dict[str, Any] = {**await console.waiting("Creating a session", work)}
    console.unfinished = ""
    hide_secrets(session, console)
    return session


def _rows(session: dict[str, Any]) -> dict[str, str]:
    """Return what of a session is worth reading."""
    secret = session.get("client_secret") or {}
    turn = session.get("turn_credentials") or {}
    rows = {
        "session": session.get("session_id"),
        "OpenAI's session": session.get("id"),
        "model": session.get("model"),
        "voice": session.get("voice"),
        "client secret": secret.get("value"),
        "good until": _time(secret.get("expires_at")),
        "session ends": _time(session.get("expires_at")),
        "ICE servers": ", ".join(urls_of(turn)),
    }
    return {name: str(value) for name, value in rows.items() if value}


def _time(seconds: object) -> str | None:
    try:
        when = datetime.fromtimestamp(float(str(seconds)), UTC)
    except (ValueError, OverflowError, OSError):
        return None
    left = (when - datetime.now(UTC)).total_seconds()
    return f"{moment(when)} (in {left:.0f} s)" if left > 0 else f"{moment(when)} (over)"
