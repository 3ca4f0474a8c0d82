"""A mock gate with a voice in a process of its own, so that its sockets aren't the tests'."""

from __future__ import annotations

import subprocess
import sys
from types import TracebackType
from typing import Self

CODE = """
import sys
import aioice.ice
from ai_gate.testing import MockGate
# aioice leaves the addresses of loopback out, and a machine may have no other.
aioice.ice.get_host_addresses = lambda use_ipv4, use_ipv6: ["127.0.0.1"]
with MockGate(realtime=True, requests=None, concurrent=None, quota=None) as gate:
    print(gate.url, flush=True)
    sys.stdin.read()
"""


class GateProcess:
    """A mock gate that ends with the `with` block."""

    def __init__(self) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-c", CODE], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        output = self._process.stdout
        self.url = output.readline().strip() if output else ""

    @property
    def realtime_url(self) -> str:
        """Where calls begin."""
        return f"{self.url}/v1/realtime"

    def kill(self) -> None:
        """Let it be gone at once, and its peers with it."""
        self._process.kill()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        exc_type: type[BaseException] | None,
        exc_value: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._process.kill()
        self._process.communicate(timeout=10.0)
