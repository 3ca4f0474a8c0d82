"""A proxy that delays each byte by half a round trip each way, and limits nothing.

The kernel opens connections to it at once. A client far away could send its first byte only one
round trip after it began to connect, so that is when its first bytes count as sent.
"""

import asyncio
import sys
from functools import partial

CHUNK = 65_536


async def forward(
    reader: asyncio.StreamReader, writer: asyncio.StreamWriter, not_before: float, delay: float
) -> None:
    """Write what is read, each piece when it is due; reading never waits for that."""
    loop = asyncio.get_running_loop()
    pieces: asyncio.Queue[tuple[float, bytes]] = asyncio.Queue()

    async def read() -> None:
        data = b"?"
        while data:
            data = await reader.read(CHUNK)
            pieces.put_nowait((max(loop.time(), not_before) + delay, data))

    async def write() -> None:
        while True:
            due, data = await pieces.get()
            await asyncio.sleep(due - loop.time())
            if not data:
                return
            writer.write(data)

    try:
        await asyncio.gather(read(), write())
    except OSError:
        pass
    finally:
        writer.close()


async def accept(
    client: asyncio.StreamReader,
    to_client: asyncio.StreamWriter,
    port: int,
    round_trip: float,
) -> None:
    """Connect a client with the server."""
    begun = asyncio.get_running_loop().time()
    server, to_server = await asyncio.open_connection("127.0.0.1", port)
    await asyncio.gather(
        forward(client, to_server, begun + round_trip, round_trip / 2),
        forward(server, to_client, begun, round_trip / 2),
    )


async def serve(port: int, round_trip: float) -> None:
    """Serve until the process ends."""
    handler = partial(accept, port=port, round_trip=round_trip)
    server = await asyncio.start_server(handler, "127.0.0.1", 0)
    print(server.sockets[0].getsockname()[1], flush=True)
    await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(serve(int(sys.argv[1]), float(sys.argv[2])))
