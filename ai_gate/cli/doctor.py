"""`ai-gate doctor`: the way to the gate from the outside in, and what to do where it ends.

`--json` prints an object with `schema` (1), `ai_gate` (the version), `at` (ISO 8601, UTC), `status`
(the worst one), `exit_status` and `steps`. A step has `step`, `status` (`ok`, `warning`, `failed` or
`skipped`), `about` (an address or URL), `detail`, `advice`, `seconds` and `request_id`; all but the
first two can be null. Fields and steps may be added; what is there keeps its meaning.
"""

import asyncio
import inspect
import os
import re
import socket
import time
from argparse import Namespace
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any

import httpx

from ai_gate import AIGateError
from ai_gate._config import from_environment, parsed_url, port_of
from ai_gate._http.tls import shared_context
from ai_gate._version import __version__
from ai_gate.cli._console import Console
from ai_gate.cli._failures import FAILED, UNREACHABLE, exit_status, reason_of, run, told
from ai_gate.cli._gate import (
    client_of,
    describe,
    given,
    get_turn_credentials,
    ice_servers,
    probe,
    relays_work,
)
from ai_gate.cli._network import ask_health, proxy_for, read_certificate, told_certificate
from ai_gate.cli._parser import missing_extras
from ai_gate.cli.version import versions
from ai_gate.webrtc.errors import MissingDependencyError
from ai_gate.webrtc.turn._stun import probe_stun

SECONDS = {"dns": 2.5, "tcp": 2.5, "gate": 3.0, "project": 2.5, "ice": 3.5}
"""The time for each step: 14 s in all."""
PROBE_SECONDS = 1.5
CLOCK_SECONDS = 20.0
"""How far off a clock may be: a client secret is good for a minute."""
SETTINGS = ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "NO_PROXY", "SSL_CERT_FILE", "SSL_CERT_DIR")
LOGIN = re.compile(r"//[^/]*@")
SENDERS = (
    httpx.Client.send,
    httpx.AsyncClient.send,
    httpx.HTTPTransport.handle_request,
    httpx.AsyncHTTPTransport.handle_async_request,
)
"""What mocks, recorders and tracers replace, as it is when this is run."""
ADVICE = {
    "dns": "Check the name in the base URL, and that this machine can look up names.",
    "tcp": "A firewall stands in between, or a proxy is needed: set HTTPS_PROXY.",
    "gate": "Check the base URL, and the proxy if there is one; else try again later.",
    "tls": "If your network reads TLS with an authority of its own, name it in SSL_CERT_FILE.",
    "httpx": "A tracer does no harm; a mock answers in place of the gate.",
    "project": "Try again later.",
    "clock": "Set the clock: a client secret is good for a minute, and seems over or not begun.",
    "ice": "Allow UDP to port 3478, or TCP to port 443, of these servers: calls need a relay.",
    "udp": "Calls go over TCP or TLS then, with more delay: allow UDP to port 3478.",
}
STATUSES = ("skipped", "ok", "warning", "failed")


@dataclass
class Step:
    """One thing that was tried."""

    step: str
    status: str
    detail: str = ""
    advice: str | None = None
    about: str | None = None
    seconds: float | None = None
    request_id: str | None = None


class Doctor:
    """Tries one thing after the other, and keeps what later ones need."""

    def __init__(self, options: Namespace, console: Console) -> None:
        self.steps: list[Step] = []
        self.exit_status = 0
        self._options = options
        self._console = console
        self._blocked = ""
        self._url = parsed_url("base_url", from_environment(given(options))["base_url"])
        self._server = self._url
        self._addresses: list[str] = []
        self._credentials: dict[str, Any] = {}

    async def examine(self) -> None:
        """Try everything, from the outside in."""
        self._process()
        await self._try("dns", self._names)
        await self._try("tcp", self._connections)
        await self._try("gate", self._gate)
        await self._try("project", self._project)
        await self._try("ice", self._servers)

    async def _try(self, name: str, work: Callable[[], Awaitable[None]]) -> None:
        if self._blocked:
            self._note(Step(name, "skipped", f"not tried, because of {self._blocked}"))
            return
        start = time.monotonic()
        try:
            async with asyncio.timeout(SECONDS[name]):
                await self._console.waiting(f"Trying {name}", work())
        except AIGateError as error:
            step = Step(name, "failed", told(error), request_id=error.request_id)
            self._note(step, exit_status(error), start=start, blocks=True)
        except (OSError, ValueError, httpx.HTTPError) as error:
            # A TimeoutError is an OSError too.
            detail = reason_of(error) or "no answer in time"
            is_tls = "CERTIFICATE" in detail
            step = Step("tls" if is_tls else name, "failed", detail, ADVICE[name])
            if is_tls:
                step.advice = f"{await self._untrusted()} {ADVICE['tls']}"
            self._note(step, UNREACHABLE, start=start, blocks=True)

    def _note(
        self, step: Step, status: int = 0, *, start: float | None = None, blocks: bool = False
    ) -> None:
        """Keep a step, and print it."""
        if start is not None:
            step.seconds = round(time.monotonic() - start, 3)
        self.steps.append(step)
        self.exit_status = max(self.exit_status, status)
        self._blocked = step.step if blocks else self._blocked
        if not self._options.json:
            took = "" if step.seconds is None else f"({step.seconds * 1000:.0f} ms)"
            request = f"(request {step.request_id})" if step.request_id else ""
            text = " ".join(filter(None, (step.about, step.detail, took, request)))
            self._console.row(step.step, text, status=step.status)
            if step.advice:
                self._console.row("", step.advice, status=" ")

    def _process(self) -> None:
        found = versions()
        about = ", ".join(f"{name} {found[name]}" for name in ("ai-gate", "Python", "httpx"))
        self._note(Step("process", "ok", f"{about}, {found['system']}", missing_extras()))
        if wrapped := {
            where for sender in SENDERS if not (where := _home(sender)).startswith("httpx.")
        }:
            detail = f"httpx is wrapped by {', '.join(sorted(wrapped))}"
            self._note(Step("httpx", "warning", detail, ADVICE["httpx"]))
        values = {name: os.environ.get(name, os.environ.get(name.lower())) for name in SETTINGS}
        shown = [f"{name} {LOGIN.sub('//***@', value)}" for name, value in values.items() if value]
        self._note(Step("settings", "ok", ", ".join([f"base URL {self._url}", *shown])))

    async def _names(self) -> None:
        start = time.monotonic()
        proxy = proxy_for(self._url)
        self._server = proxy.url if proxy else self._url
        host, port = self._server.host, port_of(self._server)
        step = Step("dns", "ok", about=f"{'proxy ' if proxy else ''}{host}")
        found = await asyncio.get_running_loop().getaddrinfo(host, port, type=socket.SOCK_STREAM)
        self._addresses = list(dict.fromkeys(str(one[4][0]) for one in found))
        step.detail = ", ".join(self._addresses)
        self._note(step, start=start)

    async def _connections(self) -> None:
        if not any(await asyncio.gather(*map(self._connects, self._addresses))):
            raise OSError("no address can be connected to")

    async def _connects(self, address: str) -> bool:
        start, port = time.monotonic(), port_of(self._server)
        step = Step("tcp", "ok", about=f"{address} port {port}")
        try:
            async with asyncio.timeout(SECONDS["tcp"] - 0.2):
                _, writer = await asyncio.open_connection(address, port)
            writer.transport.abort()
        except OSError as error:
            step.status, step.detail = "warning", reason_of(error) or "no answer in time"
        self._note(step, start=start)
        return step.status == "ok"

    async def _gate(self) -> None:
        start = time.monotonic()
        health = await ask_health(self._url, SECONDS["gate"] - 0.2, shared_context())
        if health.tls:
            self._note(Step("tls", "ok", f"{health.tls}, {told_certificate(health.certificate)}"))
        response = health.response
        step = Step("health", "ok", "healthy", request_id=response.headers.get("cf-ray"))
        if response.is_success and b'"healthy"' in response.content:
            self._note(step, start=start)
        else:
            step.status, step.advice = "failed", ADVICE["gate"]
            step.detail = f"HTTP {response.status_code} and no sign of the gate's health"
            self._note(step, FAILED, start=start)
        self._clock(response.headers.get("date", ""))

    async def _untrusted(self) -> str:
        """Return whose certificate it is that isn't trusted."""
        with suppress(OSError, ValueError, KeyError, httpx.HTTPError):
            return f"It is a {told_certificate(await read_certificate(self._url, 1.0))}."
        return ""

    def _clock(self, date: str) -> None:
        with suppress(ValueError, TypeError):
            offset = (datetime.now(UTC) - parsedate_to_datetime(date)).total_seconds()
            step = Step("clock", "ok", f"{offset:+.0f} s against the gate's")
            if abs(offset) > CLOCK_SECONDS:
                step.status, step.advice = "warning", ADVICE["clock"]
            self._note(step)

    async def _project(self) -> None:
        start = time.monotonic()
        client = client_of(self._options, self._console, max_retries=0, timeout=SECONDS["project"])
        async with client:
            self._credentials = await get_turn_credentials(client, self._console)
        limit = client.rate_limit
        left = f", {limit.remaining} of {limit.limit} requests left" if limit else ""
        self._note(Step("project", "ok", f"TURN credentials came{left}"), start=start)

    async def _servers(self) -> None:
        try:
            results = await probe(self._credentials, PROBE_SECONDS)
        except MissingDependencyError as error:
            self._note(Step("ice", "skipped", f"no TURN server is tried. {error}"))
            results = await probe_stun(ice_servers(self._credentials), timeout=PROBE_SECONDS)
        for one in results:
            status = "ok" if one.works else "warning"
            self._note(Step("ice", status, describe(one), about=one.url, seconds=one.seconds))
        udp = [one.works for one in results if one.transport == "udp"]
        if udp and not any(udp):
            self._note(Step("udp", "warning", "no server answers over UDP", ADVICE["udp"]))
        if results and not relays_work(results):
            raise OSError("no server can be used")


def main(options: Namespace) -> int:
    """Try everything, and print what came of it."""
    return run(_doctor, options)


async def _doctor(options: Namespace, console: Console) -> int:
    at = datetime.now(UTC)
    doctor = Doctor(options, console)
    await doctor.examine()
    worst = max((step.status for step in doctor.steps), key=STATUSES.index)
    if options.json:
        about = {"schema": 1, "ai_gate": __version__, "at": at.isoformat(), "status": worst}
        steps = [asdict(step) for step in doctor.steps]
        console.json(about | {"exit_status": doctor.exit_status, "steps": steps})
    return doctor.exit_status


def _home(sender: Any) -> str:
    """Return the module of the function that is called, whatever it says of itself."""
    code = sender.__globals__["__name__"] if inspect.isfunction(sender) else type(sender).__module__
    return f"{code}."
