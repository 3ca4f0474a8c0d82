"""`ai-gate turn`: TURN credentials, and with `--probe` which of the servers work from here."""

from argparse import Namespace
from dataclasses import asdict

from ai_gate.cli._console import Console
from ai_gate.cli._failures import UNREACHABLE, run
from ai_gate.cli._gate import (
    client_of,
    describe,
    get_turn_credentials,
    ice_servers,
    probe,
    relays_work,
)

PROBE_SECONDS = 2.0


def main(options: Namespace) -> int:
    """Print TURN credentials, or what became of each server."""
    return run(_turn, options)


async def _turn(options: Namespace, console: Console) -> int:
    async with client_of(options, console, timeout=options.timeout) as client:
        credentials = await get_turn_credentials(client, console)
    results = []
    if options.probe:
        work = probe(credentials, PROBE_SECONDS)
        results = await console.waiting("Trying each server", work)
        credentials["probe"] = [asdict(result) for result in results]
    if options.json or not console.is_terminal:
        console.json(credentials)
    elif options.probe:
        for result in results:
            status = "ok" if result.works else "failed"
            console.row("", f"{result.url} {describe(result)}", status=status)
    else:
        for server in ice_servers(credentials):
            for name, value in server.items():
                console.row(name, ", ".join(value) if isinstance(value, list) else str(value))
    if options.probe and not relays_work(results):
        console.error("No TURN server works from here.")
        return UNREACHABLE
    return 0
