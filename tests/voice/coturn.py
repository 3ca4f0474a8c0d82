"""A real TURN server on loopback: coturn, as its Debian package installs it."""

from __future__ import annotations

import base64
import hashlib
import hmac
import itertools
import os
import re
import shutil
import signal
import socket
import subprocess
import threading
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from types import TracebackType
from typing import Literal, Self, get_args

import trustme

from ai_gate.types import IceServer

HOST = "127.0.0.1"
REALM = "ai-gate.test"
USERNAME = "alice"
CREDENTIAL = "s3cret-of-alice"
REST_SECRET = "north-of-the-gate"
READY_SECONDS = 10.0
STOP_SECONDS = 5.0
# Below the ports that systems give to outgoing connections.
RELAY_PORTS = range(20_000, 30_000, 100)

Transport = Literal["udp", "tcp", "tls"]
TRANSPORTS: tuple[Transport, ...] = get_args(Transport)
Authentication = Literal["long-term", "rest", "none"]

AUTHENTICATION: dict[Authentication, list[str]] = {
    "long-term": ["lt-cred-mech", f"user={USERNAME}:{CREDENTIAL}"],
    "rest": ["use-auth-secret", f"static-auth-secret={REST_SECRET}"],
    "none": ["no-auth"],
}

ALLOCATED = re.compile(r"session (\d+): .*ALLOCATE processed, success")
GIVEN_BACK = re.compile(r"session (\d+): (?:refreshed, .*lifetime=0\b|delete: )")
ENDED = "(coturn has ended)\n"
PEER_USAGE = re.compile(r"peer usage: .*\brp=(\d+), rb=\d+, sp=(\d+)")

_files = itertools.count()


def installed() -> bool:
    """Whether coturn is there."""
    return shutil.which("turnserver") is not None


def free_port() -> int:
    """A port that is free for UDP and TCP."""
    while True:
        with socket.socket() as stream, socket.socket(type=socket.SOCK_DGRAM) as datagram:
            stream.bind((HOST, 0))
            port: int = stream.getsockname()[1]
            try:
                datagram.bind((HOST, port))
            except OSError:
                continue
            return port


class PortTakenError(Exception):
    """Somebody else got the port in the meantime."""


class Coturn:
    """A TURN server with UDP, TCP and, where it has a certificate, TLS.

    Args:
        folder: Where its files go.
        authentication: `long-term` for credentials that stay good, `rest` for time-limited ones, or
            `none`.
        certificate: The certificate for TLS. Default None: no TLS.
        options: Further lines of its configuration.
    """

    def __init__(
        self,
        folder: Path,
        *,
        authentication: Authentication = "long-term",
        certificate: trustme.LeafCert | None = None,
        options: Sequence[str] = (),
    ) -> None:
        self._folder = folder / f"coturn-{next(_files)}"
        self._folder.mkdir()
        self._authentication: Authentication = authentication
        self._certificate = certificate
        self._options = options
        self._lines: list[str] = []
        self._changed = threading.Condition()
        self._process: subprocess.Popen[str] | None = None
        self._reader: threading.Thread | None = None
        self.port = 0
        self.tls_port = 0

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.kill()

    def start(self) -> Self:
        """Start it, and wait until it listens."""
        for attempt in range(5):
            try:
                self._start()
            except PortTakenError:
                self.kill()
                if attempt == 4:
                    raise
            else:
                break
        return self

    def kill(self) -> None:
        """End it without a goodbye to anybody. One that doesn't run stays as it is."""
        if self._process is None or self._reader is None:
            return
        self._process.kill()
        self._process.wait(STOP_SECONDS)
        self._reader.join(STOP_SECONDS)
        self._process = None

    def freeze(self) -> None:
        """Leave every packet unanswered from now on: unlike after `kill()`, no port refuses one."""
        assert self._process is not None
        self._process.send_signal(signal.SIGSTOP)
        # Its threads go on for a moment; it is stopped when all of them are.
        os.waitpid(self._process.pid, os.WUNTRACED)

    def thaw(self) -> None:
        """Answer again."""
        assert self._process is not None
        self._process.send_signal(signal.SIGCONT)

    def url(self, transport: Transport) -> str:
        """Its URL."""
        if transport == "tls":
            return f"turns:{HOST}:{self.tls_port}?transport=tcp"
        return f"turn:{HOST}:{self.port}?transport={transport}"

    def credentials(self, *, seconds: float = 600.0) -> tuple[str, str]:
        """A username and its credential.

        Args:
            seconds: How long they are good for, where they are time-limited; negative for some that
                have expired.
        """
        if self._authentication != "rest":
            return USERNAME, CREDENTIAL
        username = f"{int(time.time() + seconds)}:{USERNAME}"
        digest = hmac.new(REST_SECRET.encode(), username.encode(), hashlib.sha1).digest()
        return username, base64.b64encode(digest).decode()

    def ice_server(self, *transports: Transport, seconds: float = 600.0) -> IceServer:
        """The server as the gate sends one, with a URL for each transport."""
        username, credential = self.credentials(seconds=seconds)
        urls = [self.url(transport) for transport in transports]
        return {"urls": urls, "username": username, "credential": credential}

    @property
    def log(self) -> str:
        """What it has written so far."""
        with self._changed:
            return "".join(self._lines)

    def allocations(self) -> int:
        """How many allocations it has made since it was first started."""
        return len(ALLOCATED.findall(self.log))

    def open_allocations(self) -> int:
        """How many of them neither were given back nor have ended."""
        text = self.log
        return len(set(ALLOCATED.findall(text)) - set(GIVEN_BACK.findall(text)))

    def relayed_packets(self) -> int:
        """How many packets it has relayed, both ways; counted when an allocation has ended."""
        return sum(int(a) + int(b) for a, b in PEER_USAGE.findall(self.log))

    def wait_for(self, condition: Callable[[], bool], limit: float = 5.0) -> bool:
        """Wait until its log says something.

        Args:
            condition: What is to become true; looked at after each line.
            limit: The longest wait, in seconds.

        Returns:
            Whether it became true.
        """
        with self._changed:
            return self._changed.wait_for(condition, limit)

    def all_given_back(self, limit: float = 5.0) -> bool:
        """Wait until no allocation is left.

        Args:
            limit: The longest wait, in seconds.

        Returns:
            Whether none is.
        """
        return self.wait_for(lambda: self.open_allocations() == 0, limit)

    def _start(self) -> None:
        self.port = self.port or free_port()
        self.tls_port = self.tls_port or free_port()
        config = self._folder / "turnserver.conf"
        config.write_text("\n".join([*self._config(), *self._options, ""]), "utf-8")
        started = len(self._lines)
        program = shutil.which("turnserver")
        assert program is not None
        self._process = subprocess.Popen(
            [program, "-c", str(config)],
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        self._reader = threading.Thread(target=self._read, args=(self._process,), daemon=True)
        self._reader.start()
        self._wait_until_ready(started)

    def _wait_until_ready(self, started: int) -> None:
        process = self._process
        assert process is not None
        # The database comes last: until it is there, no credentials are looked at.
        signs = ["UDP listener opened", "TCP listener opened", "SQLite DB connection success"]
        signs += ["TLS/TCP listener opened"] if self._certificate else []

        def decided() -> bool:
            text = "".join(self._lines[started:])
            return ENDED in text or "Cannot bind" in text or all(sign in text for sign in signs)

        is_decided = self.wait_for(decided, READY_SECONDS)
        text = "".join(self._lines[started:])
        if "Cannot bind" in text:
            self.port = self.tls_port = 0
            raise PortTakenError
        if not is_decided or ENDED in text:
            self.kill()
            raise RuntimeError(f"coturn didn't get ready:\n{text}")

    def _read(self, process: subprocess.Popen[str]) -> None:
        assert process.stdout is not None
        with process.stdout:
            for line in process.stdout:
                with self._changed:
                    self._lines.append(line)
                    self._changed.notify_all()
        with self._changed:
            self._lines.append(ENDED)
            self._changed.notify_all()

    def _config(self) -> list[str]:
        first = RELAY_PORTS[self.port % len(RELAY_PORTS)]
        return [
            f"listening-ip={HOST}",
            f"relay-ip={HOST}",
            f"listening-port={self.port}",
            f"tls-listening-port={self.tls_port}",
            f"min-port={first}",
            f"max-port={first + RELAY_PORTS.step - 1}",
            f"realm={REALM}",
            f"userdb={self._folder / 'db'}",
            f"pidfile={self._folder / 'pid'}",
            "log-file=stdout",
            *("simple-log", "verbose", "fingerprint", "no-cli", "no-dtls"),
            # Without it coturn relays nothing to 127.0.0.1.
            "allow-loopback-peers",
            *AUTHENTICATION[self._authentication],
            *self._tls(),
        ]

    def _tls(self) -> list[str]:
        if self._certificate is None:
            return ["no-tls"]
        chain, key = self._folder / "cert.pem", self._folder / "key.pem"
        chain.write_bytes(b"".join(blob.bytes() for blob in self._certificate.cert_chain_pems))
        self._certificate.private_key_pem.write_to_path(str(key))
        return [f"cert={chain}", f"pkey={key}"]
