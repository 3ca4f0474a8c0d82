"""`ai-gate turn`: TURN credentials, and with `--probe` whether the servers can be used."""

import asyncio
from argparse import Namespace
from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

from ai_gate.cli._console import Console
from ai_gate.cli._failures import Exit
from ai_gate.cli._gate import client_of, describe, hide_secrets, ice_servers, relays_work, urls_of
from ai_gate.cli._probe import probe
from ai_gate.webrtc import TurnResult

PROBE_SECONDS = 2.0


def run(options: Namespace, console: Console) -> int:
    """Print TURN credentials, and what became of each server."""
    return asyncio.run(_run(options, console))


async def _run(options: Namespace, console: Console) -> int:
    async with client_of(options, console, timeout=options.timeout) as client:
        work = client.get_turn_credentials()
        credentials = {**await console.waiting("Getting TURN credentials", work)}
    hide_secrets(credentials, console)
    results: list[TurnResult] = []
    if options.probe:
        trying = probe(credentials, PROBE_SECONDS)
        results = await console.waiting("Trying each server", trying)
    if options.json or not console.is_terminal:
        tried = {"probe": [asdict(result) for result in results]} if options.probe else {}
        console.json(credentials | tried)
    else:
        _print(credentials, results, console)
    if not options.probe or relays_work(results):
        return Exit.OK
    console.error("No TURN server works from here.")
    return Exit.UNREACHABLE


def _print(credentials: dict[str, Any], results: Sequence[TurnResult], console: Console) -> None:
    if results:
        for result in results:
            status = "ok" if result.works else "failed"
            console.row("", describe(result), status=status, seconds=result.seconds)
        return
    for server in ice_servers(credentials):
        for url in urls_of({"iceServers": [server]}):
            console.row("server", url)
        for name in ("username", "credential"):
            if value := server.get(name):
                console.row(name, str(value))
