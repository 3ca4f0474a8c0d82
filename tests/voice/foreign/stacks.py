"""WebRTC stacks that aren't aiortc, each as a program that answers one offer."""

from __future__ import annotations

import functools
import os
import shutil
import signal
import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.voice.browser.conftest import program as chromium_program
from tests.voice.conftest import missing
from tests.voice.foreign.broker import FOLDER, Broker

GO_SOURCES = Path("/usr/share/gocode")
FLAGS = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--disable-sync",
    "--disable-background-networking",
    "--disable-component-update",
    "--no-first-run",
    "--autoplay-policy=no-user-gesture-required",
    # With a permission for the microphone it names all its addresses.
    "--use-fake-device-for-media-stream",
    "--use-fake-ui-for-media-stream",
    # Else it finds no candidate on a host without another network.
    "--allow-loopback-in-peer-connection",
]


@dataclass(frozen=True)
class Stack:
    """A WebRTC stack."""

    name: str
    command: Callable[[str, Path], list[str]]
    """Returns what starts it, by the URL of the broker and an empty folder."""
    tone: float | None = None
    """The frequency of the tone that it plays, in Hz, or None if it sends back what it hears."""
    takes: int | None = None
    """The bytes of the largest message that it takes, or None if its answer says so."""

    def __str__(self) -> str:
        return self.name


def _node(script: str, *arguments: str) -> list[str]:
    node = shutil.which("node")
    if node is None:
        missing("node")
    elif not (FOLDER / "node_modules").exists():
        missing("what tests/voice/foreign/package.json names")
    return [str(node), str(FOLDER / script), *arguments]


def _chromium(url: str, folder: Path) -> list[str]:
    page = f"{url}/chromium.html?hertz=660"
    return [str(chromium_program()), *FLAGS, f"--user-data-dir={folder}", page]


@functools.cache
def _pion(build: Path) -> Path:
    """Compile the peer with pion, from the sources of its Debian package."""
    go = shutil.which("go")
    if go is None or not (GO_SOURCES / "src/github.com/pion/webrtc").exists():
        missing("go or pion (golang-github-pion-webrtc.v3-dev)")
    package = build / "src/peer"
    package.mkdir(parents=True)
    shutil.copy(FOLDER / "pion.go", package)
    # Only what is a module itself may import by a path that ends in a version.
    (package / "go.mod").write_text("module peer\n\ngo 1.18\n")
    program = build / "peer"
    environment = {**os.environ, "GO111MODULE": "off", "GOPATH": f"{build}:{GO_SOURCES}"}
    command = [str(go), "build", "-o", str(program), "."]
    subprocess.run(command, cwd=package, env=environment, check=True)
    return program


STACKS = [
    Stack("libwebrtc", lambda url, _: _node("libwebrtc.mjs", url, "660"), 660.0),
    Stack("libdatachannel", lambda url, _: _node("libdatachannel.mjs", url)),
    Stack("chromium", _chromium, 660.0),
    Stack("pion", lambda url, folder: [str(_pion(folder.parent / "pion")), url], takes=65_535),
]
OVER_TCP = Stack(
    "pion over TCP", lambda url, folder: [str(_pion(folder.parent / "pion")), url, "tcp"]
)
"""A peer that takes TCP alone."""


@dataclass(frozen=True)
class Peer:
    """A peer that answers one offer."""

    stack: Stack
    broker: Broker
    process: subprocess.Popen[bytes]

    def kill(self) -> None:
        """End it without a goodbye, with all processes that it started."""
        os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()


@contextmanager
def started(stack: Stack, folder: Path) -> Iterator[Peer]:
    """Start a peer.

    Args:
        stack: What it is made of.
        folder: An empty folder. What is made in the folder above it serves other tests too.
    """
    with Broker() as broker:
        with (folder.parent / f"{folder.name}.log").open("wb") as log:
            command = stack.command(broker.url, folder)
            process = subprocess.Popen(command, stdout=log, stderr=log, start_new_session=True)
        peer = Peer(stack, broker, process)
        try:
            yield peer
        finally:
            if process.poll() is None:
                peer.kill()
