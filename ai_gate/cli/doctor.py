"""`ai-gate doctor`: the way to the gate from the outside in, and what to do where it ends.

`--json` prints an object with `schema` (1), `ai_gate` (the version), `at` (ISO 8601), `status` (the
worst one), `exit_status` and `steps`. A step has `step`, `status` (`ok`, `warning`, `failed` or
`skipped`), `about` (a name, address or URL), `detail`, `advice` and `seconds`; the last four can be
null. Fields and steps may be added; what is there keeps its meaning.
"""

import asyncio
import ssl
import sys
import time
from argparse import Namespace
from collections.abc import Awaitable, Callable
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from typing import Any

import httpx

from ai_gate import AIGateError, __version__
from ai_gate._advice import advice_on, causes, told
from ai_gate._config import checked_base_url
from ai_gate._http import inspection
from ai_gate._process import INTERRUPTED
from ai_gate.cli import _gate
from ai_gate.cli._console import Console
from ai_gate.cli._failures import UNREACHABLE, USAGE, WORST, exit_status
from ai_gate.cli._parser import missing_extras
from ai_gate.cli.version import versions
from ai_gate.webrtc.errors import NoPathError
from ai_gate.webrtc.turn import _stun as stun

SECONDS = {"dns": 2.5, "tcp": 2.5, "health": 3.0, "project": 2.5, "ice": 3.5}
"""The time for each step: 14 s in all, without what is billed."""
SECONDS |= {"session": 10.0, "call": 17.0}
MARGIN = 0.2
"""How long before the end of a step its parts end, in seconds: cut off, they would say less."""
CLOCK = "Set the clock: a client secret is good for a minute, and seems over or not begun."
WRAPPED = "A tracer does no harm; a mock answers in place of the gate."


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
        self._url = checked_base_url(_gate.settings(options, console)["base_url"])
        self._way = inspection.Way("", 0, "")
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
            self._note(Step(name, "skipped", detail=f"not tried, because of {self._blocked}"))
            return
        try:
            async with asyncio.timeout(SECONDS[name]):
                await self._console.waiting(f"Trying {name}", stage(step))
        except asyncio.CancelledError:
            step.status, step.detail = "failed", "interrupted"
            self.exit_status = INTERRUPTED
            raise
        except (AIGateError, OSError, httpx.HTTPError) as error:
            self._fail(step, error)
            # Without a relay, a call can still find a way.
            self._blocked = "" if name == "ice" else step.step
        finally:
            self._note(step, start)

    def _fail(self, step: Step, error: Exception) -> None:
        step.status, step.detail = "failed", told(error)
        step.advice = step.advice or advice_on(error, proxy=self._way.proxy)
        if isinstance(error, AIGateError) and error.request_id:
            step.detail += f" (request {error.request_id})"
        status = exit_status(error) if isinstance(error, AIGateError) else UNREACHABLE
        self.exit_status = min(self.exit_status, status, key=WORST.index)

    def _note(self, step: Step, start: float | None = None) -> None:
        if start is not None:
            step.seconds = time.monotonic() - start
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
            self._note(Step("httpx", "warning", detail=detail, advice=WRAPPED))
        shown = ", ".join([f"base URL {self._url}", *inspection.settings()])
        self._note(Step("settings", detail=shown))

    async def _dns(self, step: Step) -> None:
        step.step = "proxy"
        self._way = inspection.way_to(self._url)
        step.step, step.about = "dns", self._way.proxy or self._way.host
        self._addresses = await inspection.addresses(self._way, seconds=SECONDS["dns"] - MARGIN)
        step.detail = ", ".join(self._addresses)

    async def _tcp(self, step: Step) -> None:
        results = await asyncio.gather(*map(self._connect, self._addresses))
        works = results.count(None)
        step.detail = f"{works} of {len(results)} addresses can be connected to"
        if not works:
            raise OSError("no address can be connected to") from results[0]

    async def _connect(self, address: str) -> OSError | None:
        start, (_, port, _) = time.monotonic(), self._way
        failure = await inspection.connect(address, port, seconds=SECONDS["tcp"] - MARGIN)
        status, detail = ("warning", told(failure)) if failure else ("ok", None)
        self._note(Step("address", status, f"{address} port {port}", detail), start)
        return failure

    async def _health(self, step: Step) -> None:
        try:
            health = await inspection.ask_health(self._url, seconds=SECONDS["health"] - MARGIN)
        except (AIGateError, httpx.HTTPError) as error:
            await self._blame_tls(step, error)
            raise
        if health.tls:
            detail = f"{health.tls}, {inspection.told_certificate(health.certificate)}"
            self._note(Step("tls", detail=detail))
        if health.offset is not None:
            clock = Step("clock", detail=f"{health.offset:+.0f} s from the gate's")
            if abs(health.offset) > 20:
                clock.status, clock.advice = "warning", CLOCK
            self._note(clock)
        if failure := health.failure:
            self._fail(step, failure)
        else:
            request_id = health.headers.get("cf-ray")
            step.detail = f"healthy (request {request_id})" if request_id else "healthy"

    async def _blame_tls(self, step: Step, error: Exception) -> None:
        # The proxy's setting was read before, and TCP connected to: what is left is TLS.
        is_direct = self._url.scheme == "https" and not self._way.proxy
        if isinstance(error, httpx.ConnectTimeout) and is_direct:
            step.step = "tls"
        elif any(isinstance(cause, ssl.SSLError | AIGateError) for cause in causes(error)):
            step.step = "tls"
            step.about = await inspection.untrusted_certificate(self._url, seconds=1.0)

    async def _project(self, step: Step) -> None:
        seconds = SECONDS["project"] - MARGIN
        client = _gate.client_of(self._options, self._console, max_retries=0, timeout=seconds)
        async with client:
            self._response = await _gate.get_turn_credentials(client, self._console)
        limit = client.rate_limit
        left = f", {limit.remaining} of {limit.limit} requests left" if limit else ""
        step.detail = f"TURN credentials came{left}"

    async def _ice(self, step: Step) -> None:
        results = await stun.probe_all(self._response, timeout=1.5)
        for one in results:
            detail = " ".join(filter(None, (one.transport and f"over {one.transport}", one.reason)))
            status = "ok" if one.works else "skipped" if stun.is_untried(one) else "warning"
            self._note(Step("server", status, one.url, detail, seconds=one.seconds))
        status, detail, advice = stun.udp_verdict(results)
        self._note(Step("udp", status, detail=detail, advice=advice))
        untried = sum(map(stun.is_untried, results))
        works = sum(one.works for one in results)
        step.detail = f"{works} of {len(results) - untried} servers work"
        if untried:
            step.detail += f", {untried} not tried"
            step.status, step.advice = "skipped", stun.advice_on(results)
        elif not results:
            step.status, step.detail = "warning", "no servers came, so calls have no relay"
        elif not stun.relays_work(results):
            step.advice = stun.advice_on(results)
            raise OSError("no relay can be used")

    async def _session(self, step: Step) -> None:
        if self._options.call:
            # Nobody pays for a session that no call can be made with.
            _gate.connector({}, self._options)
        client = _gate.client_of(self._options, self._console, timeout=SECONDS["session"] - MARGIN)
        async with client:
            self._response = await _gate.create_session(client, self._options, self._console)
        step.about, step.detail = self._response.get("session_id"), "was created"

    async def _call(self, step: Step) -> None:
        try:
            async with _gate.opened(self._response, self._options, self._console) as call:
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


async def command(options: Namespace, console: Console) -> int:
    """Try everything, and print what came of it."""
    if (options.session or options.call) and not options.yes:
        sys.stderr.write("A session will be created, which is billed. Go on? [y/N] ")
        sys.stderr.flush()
        # Beside the event loop, in which Ctrl-C wouldn't end the wait.
        if (await asyncio.to_thread(sys.stdin.readline)).strip().lower() not in ("y", "yes"):
            console.error("Nothing was done (--yes doesn't ask).")
            return USAGE
    at, doctor = datetime.now(UTC).isoformat(), Doctor(options, console)
    try:
        await doctor.examine()
    finally:
        # What was found until Ctrl-C too.
        found = {step.status for step in doctor.steps}
        worst = next((status for status in ("failed", "warning") if status in found), "ok")
        about = {"schema": 1, "ai_gate": __version__, "at": at, "status": worst}
        steps = [asdict(step) for step in doctor.steps]
        if options.json:
            console.json(about | {"exit_status": doctor.exit_status, "steps": steps})
    return doctor.exit_status
