"""OpenTelemetry sees each attempt, passes its trace on, and leaves the project ID out if told so.

Its instrumentation replaces `handle_request` of httpx's transports.
"""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest
from opentelemetry.instrumentation.httpx import HTTPXClientInstrumentor
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.trace import SpanKind, StatusCode

from ai_gate import AIGateError, APIConnectionError
from ai_gate.testing import MockGate

from .calling import MODES, PROJECT, SESSION, TURN, Client, Mode, call, with_client

GUIDE = Path(__file__).resolve().parents[2] / "docs" / "guides" / "observability.md"

MASKED = """
from opentelemetry.instrumentation.httpx import HTTPXClientInstrumentor
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

exporter = InMemorySpanExporter()
provider.add_span_processor(SimpleSpanProcessor(exporter))
HTTPXClientInstrumentor().instrument(tracer_provider=provider)

# Imported when httpx is instrumented already.
import anyio

from ai_gate import AIGateClient, AsyncAIGateClient
from ai_gate.testing import MockGate

async def main(url):
    async with AsyncAIGateClient.from_env(base_url=url) as client:
        await client.get_turn_credentials()

with MockGate() as gate:
    with AIGateClient.from_env(base_url=gate.url) as client:
        client.get_turn_credentials()
    for backend in ("asyncio", "trio"):
        anyio.run(main, gate.url, backend=backend)
    assert all("traceparent" in request.headers for request in gate.received)
    assert gate.violations == []
spans = exporter.get_finished_spans()
assert len(spans) == len(gate.received)
print(*[span.to_json() for span in spans])
"""


class Trace:
    """What was traced."""

    def __init__(self) -> None:
        self.provider = TracerProvider()
        self._exporter = InMemorySpanExporter()
        self.provider.add_span_processor(SimpleSpanProcessor(self._exporter))

    @property
    def spans(self) -> list[ReadableSpan]:
        """The spans that have ended."""
        return list(self._exporter.get_finished_spans())

    @contextmanager
    def instrumented(self) -> Iterator[None]:
        """Trace httpx for a while."""
        HTTPXClientInstrumentor().instrument(tracer_provider=self.provider)
        try:
            yield
        finally:
            HTTPXClientInstrumentor().uninstrument()


@pytest.fixture
def trace() -> Trace:
    return Trace()


def sent_span(headers: Any) -> int:
    """The span's ID that a request brought to the gate."""
    _, _, span_id, _ = headers["traceparent"].split("-")
    return int(span_id, 16)


@pytest.mark.parametrize("operation", [SESSION, TURN])
def test_a_call_is_a_span_that_the_gate_hears_of(
    operation: str, gate: MockGate, mode: Mode, trace: Trace
) -> None:
    with trace.instrumented(), trace.provider.get_tracer("app").start_as_current_span("app") as app:
        call(mode, gate.url, operation)
    span, _ = trace.spans
    assert span.kind is SpanKind.CLIENT
    assert span.attributes
    assert span.attributes["http.status_code"] == 200
    assert span.context
    assert span.context.trace_id == app.get_span_context().trace_id
    assert [sent_span(request.headers) for request in gate.received] == [span.context.span_id]


def test_with_an_http_client(gate: MockGate, mode: Mode, trace: Trace) -> None:
    transport = httpx.HTTPTransport() if mode == "sync" else httpx.AsyncHTTPTransport()
    with trace.instrumented():
        call(mode, gate.url, transport=transport)
    assert len(trace.spans) == 1
    assert "traceparent" in gate.received[0].headers


def test_switched_on_and_off_while_a_client_lives(gate: MockGate, mode: Mode, trace: Trace) -> None:
    async def work(client: Client) -> None:
        for _ in range(2):
            await client.get_turn_credentials()
            with trace.instrumented():
                await client.get_turn_credentials()
        await client.get_turn_credentials()

    with_client(mode, gate.url, work)
    traced = ["traceparent" in request.headers for request in gate.received]
    assert traced == [False, True, False, True, False]
    assert len(trace.spans) == 2


@pytest.mark.usefixtures("no_waits")
@pytest.mark.parametrize(("operation", "attempts"), [(SESSION, 1), (TURN, 3)])
def test_each_attempt_is_a_span_of_its_own(
    operation: str, attempts: int, gate: MockGate, mode: Mode, trace: Trace
) -> None:
    for _ in range(3):
        gate.respond_next(522)
    with trace.instrumented(), pytest.raises(AIGateError) as caught:
        call(mode, gate.url, operation)
    assert caught.value.status_code == 522
    assert [span.attributes and span.attributes["http.status_code"] for span in trace.spans] == [
        522
    ] * attempts
    heard_of = {sent_span(request.headers) for request in gate.received}
    assert heard_of == {span.context.span_id for span in trace.spans if span.context}
    assert len(heard_of) == attempts


def test_a_lost_call_is_a_failed_span(mode: Mode, trace: Trace) -> None:
    with MockGate() as closed:
        url = closed.url
    with trace.instrumented(), pytest.raises(APIConnectionError, match="could not be reached"):
        call(mode, url, max_retries=0)
    (span,) = trace.spans
    assert span.status.status_code is StatusCode.ERROR
    assert [event.attributes and event.attributes["exception.type"] for event in span.events] == [
        "httpx.ConnectError"
    ]


@pytest.mark.parametrize("stability", ["", "http", "http/dup"])
def test_the_project_id_is_left_out_as_the_guide_says(stability: str, tmp_path: Path) -> None:
    # The names of attributes are chosen once in a process, so this has one of its own.
    (block,) = re.findall(r"```python\n(from opentelemetry.*?)```", GUIDE.read_text("utf-8"), re.S)
    program = tmp_path / "app.py"
    program.write_text(block + MASKED, "utf-8")
    result = subprocess.run(
        [sys.executable, "-W", "error", str(program)],
        env={"OTEL_SEMCONV_STABILITY_OPT_IN": stability, "AI_GATE_PROJECT_ID": PROJECT},
        capture_output=True,
        text=True,
        check=False,
    )
    assert result.returncode == 0, result.stderr
    assert result.stdout.count("/turn-credentials") >= len(MODES)
    assert PROJECT not in result.stdout
