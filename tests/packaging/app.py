"""A small app that calls the gate at the URL of its argument, or a mock gate of its own."""

import asyncio
import sys

from ai_gate import AIGateClient, AsyncAIGateClient, RateLimitError


def main() -> None:
    if len(sys.argv) > 1:
        call(sys.argv[1])
        return
    from ai_gate.testing import MockGate  # noqa: PLC0415 - only an extra has what it needs

    with MockGate(requests=2) as gate:
        call(gate.url)
        assert gate.violations == []


def call(url: str) -> None:
    """Make a call with each client, and one that is refused."""
    with AIGateClient("proj_demo", base_url=url) as client:
        print(client.create_session(voice="marin")["metadata"]["voice"])
        print(asyncio.run(call_async(url)))
        try:
            client.get_turn_credentials()
        except RateLimitError as error:
            print(error.reset_at)


async def call_async(url: str) -> str:
    async with AsyncAIGateClient("proj_demo", base_url=url) as client:
        return str((await client.create_session())["metadata"]["voice"])


if __name__ == "__main__":
    main()
