"""A Redis of each test's own."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Protocol

import pytest
import redis

from ai_gate._http import look
from tests.support.fixtures import *  # noqa: F403

PATIENCE = 20.0
REQUIRED = "AI_GATE_REQUIRE_REDIS"


class Server:
    """A Redis server that can be stopped, paused and started again."""

    def __init__(self, folder: Path, *options: str, scheme: str = "redis", login: str = "") -> None:
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port: int = probe.getsockname()[1]
        self._folder, self._options = folder, options
        self.url = f"{scheme}://{login}127.0.0.1:{self.port}/0"
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start it, empty, and wait until it answers."""
        # With TLS it would listen at the usual port too, which another Redis can have.
        ports = ["--port", "0", "--tls-port"] if "--tls-port" in self._options else ["--port"]
        options = [one for one in self._options if one != "--tls-port"]
        command = ["redis-server", *ports, f"{self.port}", "--save", "", *options]
        command += ["--dir", str(self._folder)]
        self._process = subprocess.Popen(command, stdout=subprocess.PIPE)
        assert self._process.stdout is not None
        for line in self._process.stdout:
            if b"Ready to accept connections" in line:
                return
        raise AssertionError("Redis didn't start")

    def stop(self) -> None:
        """End it, and forget what it knew."""
        if self._process is not None:
            self._process.kill()
            self._process.communicate()
            self._process = None

    def send(self, number: signal.Signals) -> None:
        """Send it a signal."""
        assert self._process is not None
        self._process.send_signal(number)

    def client(self) -> redis.Redis:
        """Return a client for the test itself."""
        return redis.Redis.from_url(self.url, decode_responses=True)


def eventually(is_so: Callable[[], bool]) -> None:
    """Wait until something is so, which a thread brings about."""
    until = time.monotonic() + 30.0
    while not is_so():
        assert time.monotonic() < until
        time.sleep(0.01)


@contextmanager
def far_away(server: Server, round_trip: float) -> Iterator[str]:
    """Give the URL of a proxy that delays what travels to a server and back."""
    command = [sys.executable, "-m", "benchmarks.delay", f"{server.port}", f"{round_trip}"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as proxy:
        assert proxy.stdout is not None
        try:
            yield server.url.replace(f"{server.port}", proxy.stdout.readline().strip())
        finally:
            proxy.kill()


class StartRedis(Protocol):
    """Starts a server that ends with the test."""

    def __call__(self, *options: str, scheme: str = ..., login: str = ...) -> Server:
        """Start it with options of its own."""
        ...


@pytest.fixture
def start_redis(tmp_path: Path) -> Iterator[StartRedis]:
    """Start servers that end with the test."""
    if shutil.which("redis-server") is None:
        if os.environ.get(REQUIRED) == "1":
            pytest.fail(f"redis-server is not installed, and {REQUIRED}=1 asks for it")
        pytest.skip("redis-server is not installed")
    servers: list[Server] = []

    def start(*options: str, scheme: str = "redis", login: str = "") -> Server:
        server = Server(tmp_path, *options, scheme=scheme, login=login)
        servers.append(server)
        server.start()
        return server

    yield start
    for server in servers:
        with suppress(AssertionError):
            server.send(signal.SIGCONT)
        server.stop()


@pytest.fixture
def patience(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let looks take longer than they may, because a busy machine isn't a store that is away."""
    monkeypatch.setattr(look, "LONGEST_LOOK", PATIENCE)


@pytest.fixture(params=["memory", "redis"])
def store(request: pytest.FixtureRequest, patience: None) -> str | None:
    """Each place where counts can be, as a limiter's first argument."""
    if request.param == "memory":
        return None
    start: StartRedis = request.getfixturevalue("start_redis")
    return start().url
