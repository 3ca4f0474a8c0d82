"""A client after a fork: the child opens connections of its own, the parent's go on working."""

from __future__ import annotations

import os
import ssl
import sys
from pathlib import Path

import pytest

from tests.support.callers import PROJECT
from tests.support.fixtures import Serve
from tests.support.responses import TURN
from tests.support.running import run
from tests.support.steps import Handshake, replay

pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="this system can't fork")

# In a process of its own: Python warns of a fork where there are threads, as the servers' here.
SYNC = """
    import os, sys
    from ai_gate import AIGateClient

    client = AIGateClient(*sys.argv[1:3])
    client.get_turn_credentials()
    if (child := os.fork()) == 0:
        client.get_turn_credentials()
    else:
        assert os.waitpid(child, 0)[1] == 0
    client.get_turn_credentials()
    client.close()
"""
ASYNC = """
    import asyncio, os, sys
    from ai_gate import AsyncAIGateClient

    client = AsyncAIGateClient(*sys.argv[1:3])
    loop = asyncio.new_event_loop()
    loop.run_until_complete(client.get_turn_credentials())

    async def in_child():
        await client.get_turn_credentials()
        await client.get_turn_credentials()

    if (child := os.fork()) == 0:
        asyncio.run(in_child())
        os._exit(0)  # the loop is the parent's
    assert os.waitpid(child, 0)[1] == 0
    loop.run_until_complete(client.get_turn_credentials())
    loop.run_until_complete(client.close())
    loop.close()
"""

# A thread makes the first call. As soon as it imports a certain module, the process forks; the
# thread goes on when the fork has begun.
MEANWHILE = """
    import os, signal, sys, threading, time
    project, url, module, setting = sys.argv[1:]
    exec(setting)

    importing, forking = threading.Event(), threading.Event()

    class Finder:
        def find_spec(self, name, *_):
            if name == module and threading.current_thread() is thread:
                importing.set()
                forking.wait()
                # Without the mending, the child has come to be before that.
                time.sleep(0.05)

    sys.meta_path.insert(0, Finder())
    thread = threading.Thread(target=call)
    thread.start()
    assert importing.wait(60), f"{module} isn't imported by the first call"
    os.register_at_fork(before=forking.set)
    if (child := os.fork()) == 0:
        signal.alarm(60)  # else it would hang
        call()
        os._exit(0)
    thread.join()
    assert os.waitpid(child, 0)[1] == 0
"""
ALL_BY_THREAD = """
def call():
    from ai_gate import AIGateClient
    AIGateClient(project, url).get_turn_credentials()
"""
CALL_BY_THREAD = """
from ai_gate import AIGateClient, AsyncAIGateClient
client = AIGateClient(project, url)
def call():
    client.get_turn_credentials()
"""
ASYNC_CALL_BY_THREAD = """
import asyncio
from ai_gate import AsyncAIGateClient
client = AsyncAIGateClient(project, url)
def call():
    asyncio.run(client.get_turn_credentials())
"""
MOMENTS = [
    ("ai_gate.client", ALL_BY_THREAD),
    ("httpcore._sync.http11", ALL_BY_THREAD),
    ("string", ALL_BY_THREAD),  # logging needs it
    ("ai_gate_api.api", CALL_BY_THREAD),
    ("anyio._backends._asyncio", ASYNC_CALL_BY_THREAD),
    ("anyio.streams.tls", ASYNC_CALL_BY_THREAD),
]


@pytest.mark.parametrize(("module", "setting"), MOMENTS, ids=[module for module, _ in MOMENTS])
def test_while_another_thread_makes_the_first_call(module: str, setting: str, serve: Serve) -> None:
    if module == "string" and "coverage" in sys.modules:
        pytest.skip("coverage has imported it in the child too")
    server = serve(replay(TURN))
    done = run(MEANWHILE, PROJECT, server.url, module, setting)
    assert done.returncode == 0, done.stderr
    assert len(server.requests) == 2


LOOKING_UP = """
    import os, socket, sys, threading
    from ai_gate import AIGateClient

    client = AIGateClient(*sys.argv[1:3])
    client.get_turn_credentials()
    asked, forked = threading.Event(), threading.Event()
    look_up = socket.getaddrinfo

    def slow(*arguments, **options):
        asked.set()
        forked.wait()
        return look_up(*arguments, **options)

    socket.getaddrinfo = slow
    other = AIGateClient("p", "http://gate.invalid", max_retries=0)
    threading.Thread(target=lambda: other.get_turn_credentials(), daemon=True).start()
    asked.wait()
    if (child := os.fork()) == 0:
        os._exit(0)
    # The name server hasn't answered, and the fork didn't wait for it.
    os.waitpid(child, 0)
    client.get_turn_credentials()
    os._exit(0)
"""


def test_a_name_server_that_is_silent_holds_no_fork(serve: Serve) -> None:
    server = serve(replay(TURN))
    done = run(LOOKING_UP, PROJECT, server.url)
    # Python warns there of a fork beside threads.
    assert done.returncode == 0, done.stderr


def test_a_child_opens_connections_of_its_own(serve: Serve) -> None:
    server = serve(replay(TURN))
    done = run(SYNC, PROJECT, server.url)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    assert [request.connection for request in server.requests] == [1, 2, 2, 1]


def test_with_tls(serve: Serve, tls: ssl.SSLContext, authority_file: Path) -> None:
    server = serve((Handshake(tls), *replay(TURN)), scheme="https")
    done = run(SYNC, PROJECT, server.url, SSL_CERT_FILE=str(authority_file))
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    assert [request.connection for request in server.requests] == [1, 2, 2, 1]


def test_through_a_proxy(serve: Serve) -> None:
    proxy = serve(replay(TURN))
    done = run(SYNC, PROJECT, "http://gate.test", HTTP_PROXY=proxy.url)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    assert [request.connection for request in proxy.requests] == [1, 2, 2, 1]


def test_an_async_client(serve: Serve) -> None:
    server = serve(replay(TURN))
    done = run(ASYNC, PROJECT, server.url)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    assert [request.connection for request in server.requests] == [1, 2, 2, 1]
