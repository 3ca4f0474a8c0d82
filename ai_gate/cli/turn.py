"""`ai-gate turn`: TURN credentials, and with `--probe` which of the servers work from here."""

from argparse import Namespace
from dataclasses import asdict

from ai_gate.cli._console import Console
from ai_gate.cli._failures import FAILED, UNREACHABLE
from ai_gate.cli._gate import client_of, get_turn_credentials
from ai_gate.webrtc.turn._stun import advice_on, ice_servers, is_untried, probe_all, relays_work


async def command(options: Namespace, console: Console) -> int:
    """Print TURN credentials, or what became of each server."""
    async with client_of(options, console) as client:
        credentials = await get_turn_credentials(client, console)
    results = []
    if options.probe:
        results = await console.waiting("Trying each server", probe_all(credentials, timeout=2.0))
        credentials["probe"] = [asdict(result) for result in results]
    if options.json or not console.is_terminal:
        console.json(credentials)
    elif options.probe:
        for one in results:
            text = f"{one.url} {one.transport or ''} {one.reason or ''}"
            console.row("", text, status="ok" if one.works else "failed", seconds=one.seconds)
    else:
        for server in ice_servers(credentials):
            for name, value in server.items():
                values = value if isinstance(value, list) else [value]
                console.row(name, ", ".join(map(str, values)))
    if options.probe and not relays_work(results):
        console.error(f"No TURN server is known to work from here. {advice_on(results)}")
        return FAILED if any(map(is_untried, results)) else UNREACHABLE
    return 0
