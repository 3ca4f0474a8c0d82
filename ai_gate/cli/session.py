"""`ai-gate session`: a session, as a table for a person or as JSON for a program."""

from argparse import Namespace
from datetime import UTC, datetime
from typing import Any

from ai_gate._advice import moment
from ai_gate.cli._console import Console
from ai_gate.cli._gate import client_of, create_session


async def command(options: Namespace, console: Console) -> int:
    """Create a session and print it."""
    async with client_of(options, console) as client:
        session = await create_session(client, options, console)
    if options.json or not console.is_terminal:
        console.json(session)
        return 0
    secret = session.get("client_secret")
    secret = secret if isinstance(secret, dict) else {}
    for name, value in {
        "session": session.get("session_id"),
        "OpenAI's session": session.get("id"),
        "model": session.get("model"),
        "voice": session.get("voice"),
        "client secret": secret.get("value"),
        "to be used until": _time(secret.get("expires_at")),
        "session ends": _time(session.get("expires_at")),
    }.items():
        if value:
            console.row(name, str(value))
    return 0


def _time(seconds: Any) -> str | None:
    try:
        when = datetime.fromtimestamp(seconds, UTC)
    except (TypeError, ValueError, OverflowError, OSError):
        return None
    return f"{moment(when)}, in {(when - datetime.now(UTC)).total_seconds():.0f} s"
