"""What an answer may cost: memory, and the time for which an event loop stands still.

Both are measured in a process of their own, in ways that other work of the machine doesn't change.
"""

from __future__ import annotations

import gzip
import json
import os
import ssl
from pathlib import Path

import certifi
import pytest

from ai_gate.testing._faults.steps import Send
from tests.support.callers import PROJECT
from tests.support.fixtures import Serve
from tests.support.responses import GOOD, JSON, chunk, head, response
from tests.support.running import run
from tests.support.server import Script
from tests.support.steps import Handshake, ReadRequest, Repeat, replay

MB = 1024 * 1024
LIMIT = 64 * MB
"""What a call may add to the memory of its process at its highest."""
LONGEST_HOLD = 0.05
"""The seconds of its own thread's CPU time that an event loop may go without a turn of others."""

TRIES = 3
"""How often the loop's first call is tried: a busy machine makes the same work take longer."""


def packed(body: bytes, *encodings: str) -> Script:
    """Send a body with a content encoding."""
    return (ReadRequest(), Send(response(200, body, f"Content-Encoding: {', '.join(encodings)}")))


def endless(beginning: bytes, more: bytes) -> Script:
    """Begin a response, and send more of it without end."""
    return (ReadRequest(), Send(beginning), Repeat(more))


CHUNKED = head(200, "Transfer-Encoding: chunked")


def bombs() -> dict[str, Script]:
    """Return what is small on the wire or has no end, made here and not at each collection."""
    endless_text = gzip.compress(b"0" * (100 * MB))
    random_text = b'{"a":"' + os.urandom(3 * MB).hex().encode() + b'"}'
    return {
        "gzip": packed(endless_text, "gzip"),
        "gzip thrice": packed(gzip.compress(gzip.compress(endless_text)), "gzip", "gzip", "gzip"),
        "gzip thrice of random text": packed(
            gzip.compress(gzip.compress(gzip.compress(random_text, 1), 1), 1),
            "gzip",
            "gzip",
            "gzip",
        ),
        "16 gzip members": packed(16 * gzip.compress(b"0" * (8 * MB)), "gzip"),
        "400,000 gzip members": packed((8 * MB // 20) * gzip.compress(b"", mtime=0), "gzip"),
        "8 MiB": (ReadRequest(), Send(response(200, b'{"a":"' + b"0" * (8 * MB - 8) + b'"}'))),
        "8 MiB and a byte": (
            ReadRequest(),
            Send(response(200, b'{"a":"' + b"0" * (8 * MB - 7) + b'"}')),
        ),
        "8 MiB of empty lists": (
            ReadRequest(),
            Send(response(200, b'{"a":[%b[]]}' % (2_796_000 * b"[],"))),
        ),
        "8 MiB of empty objects, refused": (
            ReadRequest(),
            Send(response(400, b'{"a":[%b{}]}' % (2_796_000 * b"{},"))),
        ),
        "a body without end": endless(head(200), b" " * 65_536),
        "a chunked body without end": endless(CHUNKED, chunk(b" " * 65_536)),
        "a chunk without end": endless(CHUNKED + b"fffffffff\r\n", b" " * 65_536),
        "a head without end": endless(b"HTTP/1.1 200 OK\r\n", b"X-A: %b\r\n" % (b"a" * 1_000)),
        "a header without end": endless(b"HTTP/1.1 200 OK\r\nX-A: ", b"a" * 65_536),
        "a trailer without end": endless(CHUNKED + chunk(JSON) + b"0\r\n", b"X-A: b\r\n" * 5_000),
    }


MEMORY = """
    import asyncio, json, os, sys, time
    from pathlib import Path
    from ai_gate import AIGateClient, AIGateError, AsyncAIGateClient

    async def call_async(url):
        async with AsyncAIGateClient("proj_costs", url, timeout=30.0) as client:
            await client.create_session()

    def call(flavour, url):
        try:
            if flavour == "asyncio":
                asyncio.run(call_async(url))
            else:
                with AIGateClient("proj_costs", url, timeout=30.0) as client:
                    client.create_session()
        except AIGateError as error:
            return type(error).__name__
        return "a result"

    def size(name):
        status = Path("/proc/self/status").read_text()
        return int(status.partition(name + ":")[2].split()[0]) * 1024

    good, *bombs = sys.argv[1:]
    for flavour in ("sync", "asyncio"):
        call(flavour, good)
    for flavour in ("sync", "asyncio"):
        for bomb in bombs:
            # In a copy of this process, which has no memory of the one before.
            if (child := os.fork()) == 0:
                before, began = size("VmRSS"), time.monotonic()
                result = call(flavour, bomb)
                seconds = time.monotonic() - began
                print(json.dumps((flavour, result, size("VmHWM") - before, seconds)), flush=True)
                os._exit(0)
            os.waitpid(child, 0)
"""


@pytest.mark.skipif(
    not Path("/proc/self/status").exists(), reason="this system doesn't tell a process's peak"
)
def test_memory(serve: Serve) -> None:
    responses = bombs()
    urls = [serve(script).url for script in ((ReadRequest(), Send(GOOD)), *responses.values())]
    done = run(MEMORY, *urls)
    assert done.returncode == 0, done.stderr
    costs = [json.loads(line) for line in done.stdout.splitlines()]
    for name, (flavour, result, grown, seconds) in zip(
        [*responses, *responses], costs, strict=True
    ):
        print(f"{name}, {flavour}: {grown / MB:.0f} MB, {seconds:.2f} s, {result}")
    assert [cost for cost in costs if cost[2] > LIMIT] == []


HELD = """
    import asyncio, sys, time
    from ai_gate import AsyncAIGateClient

    async def main():
        longest = 0.0

        async def beat():
            nonlocal longest
            while True:
                # Of this thread alone: what else the machine does, doesn't count.
                before = time.thread_time()
                await asyncio.sleep(0.001)
                longest = max(longest, time.thread_time() - before)

        beating = asyncio.create_task(beat())
        await asyncio.sleep(0.01)
        longest = 0.0
        async with AsyncAIGateClient(*sys.argv[1:]) as client:
            await client.create_session()
        beating.cancel()
        print(longest)

    asyncio.run(main())
"""


def test_the_first_call_does_not_hold_the_loop(
    serve: Serve, tls: ssl.SSLContext, authority_file: Path, tmp_path: Path
) -> None:
    server = serve((Handshake(tls), *replay(GOOD)), scheme="https")
    # As many certificates as there are elsewhere.
    bundle = tmp_path / "bundle.pem"
    bundle.write_bytes(Path(certifi.where()).read_bytes() + authority_file.read_bytes())
    held = []
    for _ in range(TRIES):
        done = run(HELD, PROJECT, server.url, SSL_CERT_FILE=str(bundle))
        assert done.returncode == 0, done.stderr
        held.append(float(done.stdout))
        if held[-1] < LONGEST_HOLD:
            break
    print("The loop was held for", *(f"{1000 * seconds:.0f} ms" for seconds in held))
    assert min(held) < LONGEST_HOLD
