"""`ai-gate doctor`: the way to the gate from the outside in, and what to do where it ends.

`--json` prints an object with `schema` (1), `ai_gate` (the version), `at` (ISO 8601), `status` (the
worst one), `exit_status` and `steps`. A step has `step`, `status` (`ok`, `warning`, `failed` or
`skipped`), `about` (a name, address or URL), `detail`, `advice` and `seconds`; the last four can be
null. Fields and steps may be added; what is there keeps its meaning.
"""

import asyncio
import sys
import time
from argparse import Namespace
from collections.abc import Awaitable, Callable
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from typing import Any

import httpx

from ai_gate import AIGateError, __version__
from ai_gate._config import checked_base_url, port_of
from ai_gate._http import inspection
from ai_gate._http.tls import shared_context
from ai_gate.cli._console import Console
from ai_gate.cli._failures import FAILED, UNREACHABLE, USAGE, exit_status, run, told
from ai_gate.cli._gate import client_of, create_session, get_turn_credentials, opened, settings
from ai_gate.cli._parser import missing_extras
from ai_gate.cli.version import versions
from ai_gate.webrtc._requirement import require_aiortc
from ai_gate.webrtc.errors import MissingDependencyError, NoPathError
from ai_gate.webrtc.turn._stun import probe_all, probe_stun, relays_work

SECONDS = {"dns": 2.5, "tcp": 2.5, "health": 3.0, "project": 2.5, "ice": 3.5}
"""The time for each step: 14 s in all, without what is billed."""
SECONDS |= {"session": 10.0, "call": 17.0}
PROBE_SECONDS = 1.5
CLOCK_SECONDS = 20.0
ADVICE = {
    "dns": "Check the name in the base URL, and that this machine can look up names.",
    "tcp": "A firewall stands in between, or a proxy is needed: set HTTPS_PROXY.",
    "health": "Check the base URL, and the proxy if there is one; else try again later.",
    "tls": "If your network reads TLS with an authority of its own, name it in SSL_CERT_FILE.",
    "project": "Look at the project in the dashboard: its ID, its vault, its limits.",
    "renew": "Let the certificate be renewed, and set the clock if it is wrong.",
    "clock": "Set the clock: a client secret is good for a minute, and seems over or not begun.",
    "ice": "Allow UDP to port 3478, or TCP to port 443, of these servers: calls may need a relay.",
    "udp": "Calls go over TCP or TLS then, with more delay: allow UDP to port 3478.",
    "httpx": "A tracer does no harm; a mock answers in place of the gate.",
}


@dataclass
class Step:
    """One thing that was tried."""

    step: str
    status: str = "ok"
    about: str | None = None
    detail: str | None = None
    advice: str | None = None
    seconds: float | None = None


class Doctor:
    """Tries one thing after the other, and keeps what later ones need."""

    def __init__(self, options: Namespace, console: Console) -> None:
        self.steps: list[Step] = []
        self.exit_status = 0
        self._options = options
        self._console = console
        self._blocked = ""
        self._url = checked_base_url(settings(options, console)["base_url"])
        self._server = self._url
        self._addresses: list[str] = []
        self._response: dict[str, Any] = {}

    async def examine(self) -> None:
        """Try everything, from the outside in."""
        self._process()
        stages = [self._dns, self._tcp, self._health, self._project, self._ice]
        stages += [self._session] if self._options.session or self._options.call else []
        stages += [self._call] if self._options.call else []
        for stage in stages:
            await self._try(stage.__name__.strip("_"), stage)

    async def _try(self, name: str, stage: Callable[[Step], Awaitable[None]]) -> None:
        step, start = Step(name), time.monotonic()
        if self._blocked:
            step.status, step.detail = "skipped", f"not tried, because of {self._blocked}"
            self._note(step)
            return
        try:
            async with asyncio.timeout(SECONDS[name]):
                await self._console.waiting(f"Trying {name}", stage(step))
        except (AIGateError, OSError, ValueError, httpx.HTTPError) as error:
            step.status, step.detail = "failed", told(error)
            step.advice = step.advice or ADVICE.get(name)
            status = exit_status(error) if isinstance(error, AIGateError) else UNREACHABLE
            self.exit_status = max(self.exit_status, status)
            # Without a relay, a call can still find a way.
            self._blocked = "" if name == "ice" else step.step
        self._note(step, start)

    def _note(self, step: Step, start: float | None = None) -> None:
        if start is not None:
            step.seconds = time.monotonic() - start
        if step.status == "failed":
            self.exit_status = max(self.exit_status, FAILED)
        self.steps.append(step)
        if not self._options.json:
            text = ": ".join(filter(None, (step.about, step.detail)))
            self._console.row(step.step, text, status=step.status, seconds=step.seconds)
            if step.advice:
                self._console.row("", step.advice, status=" ")

    def _process(self) -> None:
        found = versions()
        about = ", ".join(f"{name} {found[name]}" for name in ("ai-gate", "Python", "httpx"))
        extras = missing_extras() or "all extras are installed"
        self._note(Step("process", "ok", detail=f"{about}, {found['system']}; {extras}"))
        if wrappers := inspection.wrappers():
            detail = f"wrapped by {', '.join(sorted(wrappers))}"
            self._note(Step("httpx", "warning", detail=detail, advice=ADVICE["httpx"]))
        shown = ", ".join([f"base URL {self._url}", *inspection.settings()])
        self._note(Step("settings", detail=shown))

    async def _dns(self, step: Step) -> None:
        proxy = inspection.proxy_for(self._url)
        self._server = proxy.url if proxy else self._url
        host = self._server.host
        step.about = f"proxy {host}" if proxy else host
        self._addresses = await inspection.addresses(self._server)
        step.detail = ", ".join(self._addresses)

    async def _tcp(self, step: Step) -> None:
        work = await asyncio.gather(*map(self._connects, self._addresses))
        step.detail = f"{sum(work)} of {len(work)} addresses can be connected to"
        if not any(work):
            raise OSError("no address can be connected to")

    async def _connects(self, address: str) -> bool:
        start, port = time.monotonic(), port_of(self._server)
        step = Step("address", about=f"{address} port {port}")
        try:
            async with asyncio.timeout(SECONDS["tcp"] - 0.2):
                await inspection.connect(address, port)
        except OSError as error:
            step.status, step.detail = "warning", told(error)
        self._note(step, start)
        return step.status == "ok"

    async def _health(self, step: Step) -> None:
        try:
            health = await inspection.ask_health(self._url, shared_context())
        except httpx.ConnectError as error:
            if "SSL" in str(error):
                step.step = "tls"
                step.about = await inspection.untrusted_certificate(self._url, seconds=1.0)
                step.advice = ADVICE["renew" if "expired" in str(error) else "tls"]
            raise
        if health.tls:
            detail = f"{health.tls}, {inspection.told_certificate(health.certificate)}"
            self._note(Step("tls", detail=detail))
        if health.offset is not None:
            clock = Step("clock", detail=f"{health.offset:+.0f} s from the gate's")
            if abs(health.offset) > CLOCK_SECONDS:
                clock.status, clock.advice = "warning", ADVICE["clock"]
            self._note(clock)
        step.detail = "healthy"
        if not health.is_healthy:
            step.status, step.advice = "failed", ADVICE["health"]
            step.detail = f"HTTP {health.response.status_code}, and nothing of the gate's health"
        if request_id := health.response.headers.get("cf-ray"):
            step.detail += f" (request {request_id})"

    async def _project(self, step: Step) -> None:
        # Cut off by the step, it would say less of what went wrong.
        seconds = SECONDS["project"] - 0.2
        client = client_of(self._options, self._console, max_retries=0, timeout=seconds)
        async with client:
            self._response = await get_turn_credentials(client, self._console)
        limit = client.rate_limit
        left = f", {limit.remaining} of {limit.limit} requests left" if limit else ""
        step.detail = f"TURN credentials came{left}"

    async def _ice(self, step: Step) -> None:
        try:
            results = await probe_all(self._response, timeout=PROBE_SECONDS)
        except MissingDependencyError as error:
            self._note(Step("server", "skipped", "TURN", told(error)))
            results = await probe_stun(self._response, timeout=PROBE_SECONDS)
        for one in results:
            detail = " ".join(filter(None, (one.transport and f"over {one.transport}", one.reason)))
            status = "ok" if one.works else "warning"
            self._note(Step("server", status, one.url, detail, seconds=one.seconds))
        udp = [one.reason or "" for one in results if one.transport == "udp"]
        if "" in udp:
            self._note(Step("udp", detail="leaves this network, and answers come"))
        elif udp and all("timed out" in reason for reason in udp):
            self._note(Step("udp", "warning", detail="no answer over UDP", advice=ADVICE["udp"]))
        step.detail = f"{sum(one.works for one in results)} of {len(results)} servers work"
        if not results:
            step.status, step.detail = "warning", "no servers came, so calls have no relay"
        elif not relays_work(results):
            raise OSError("no relay can be used")

    async def _session(self, step: Step) -> None:
        if self._options.call:
            # Nobody pays for a session that no call can be made with.
            require_aiortc()
        client = client_of(self._options, self._console, timeout=SECONDS["session"] - 0.2)
        async with client:
            self._response = await create_session(client, self._options, self._console)
        step.about, step.detail = self._response.get("session_id"), "was created"

    async def _call(self, step: Step) -> None:
        try:
            async with opened(self._response, self._options, self._console) as call:
                async for _ in call.audio():
                    break
                pair, timings = call.selected_candidate_pair, call.timings
        except NoPathError as error:
            step.about = ", ".join(f"{one.type} {one.address}" for one in error.candidates)
            raise
        if pair:
            ends = (pair.local, pair.remote)
            step.about = " to ".join(f"{one.type} {one.protocol} {one.address}" for one in ends)
        first = timings.first_audio
        audio = f"audio after {first:.2f} s" if first else "no audio came"
        step.detail = f"open after {timings.opened:.2f} s, {audio}"


def main(options: Namespace) -> int:
    """Try everything, and print what came of it."""
    if (options.session or options.call) and not options.yes:
        sys.stderr.write("A session will be created, which is billed. Go on? [y/N] ")
        sys.stderr.flush()
        if sys.stdin.readline().strip().lower() not in ("y", "yes"):
            sys.stderr.write("ai-gate doctor: nothing was done (--yes doesn't ask)\n")
            return USAGE
    return run(_doctor, options)


async def _doctor(options: Namespace, console: Console) -> int:
    at, doctor = datetime.now(UTC).isoformat(), Doctor(options, console)
    await doctor.examine()
    found = {step.status for step in doctor.steps}
    worst = next(status for status in ("failed", "warning", "ok") if status in found)
    if options.json:
        about = {"schema": 1, "ai_gate": __version__, "at": at, "status": worst}
        steps = [asdict(step) for step in doctor.steps]
        console.json(about | {"exit_status": doctor.exit_status, "steps": steps})
    return doctor.exit_status
