"""An app that an agent traces: `python -m tests.ecosystem.agent NAME WHEN`.

It is a program of its own because agents change a whole process, and can't be taken out again. It
makes the same calls with each client, and prints what the agent recorded and the gate received.

WHEN is `before` (the import of the SDK) or `after` (a client was made and used), for Sentry also
`masked`: before, and told to leave the project ID out.
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable
from contextlib import AbstractContextManager, suppress
from importlib import import_module
from typing import Any


class Agent:
    """What the tests ask of an agent.

    Args:
        transaction: Begins something that is traced, whose parts the calls are.
        capture: Reports an exception.
    """

    def __init__(
        self,
        transaction: Callable[[], AbstractContextManager[Any]],
        capture: Callable[[Exception], object] = repr,
    ) -> None:
        self.transaction = transaction
        self.capture = capture
        self.spans: list[dict[str, Any]] = []
        """The spans of requests."""
        self.recorded: list[Any] = []
        """All that would leave the process."""


def sentry(when: str) -> Agent:
    """Sentry replaces `send` of httpx's clients."""
    sdk: Any = import_module("sentry_sdk")
    scrubber: Any = import_module("sentry_sdk.scrubber")
    agent = Agent(lambda: sdk.start_transaction(name="app"), sdk.capture_exception)

    class Transport(import_module("sentry_sdk.transport").Transport):  # type: ignore[misc]
        def capture_envelope(self, envelope: Any) -> None:
            for item in envelope.items:
                payload = json.loads(item.get_bytes())
                agent.recorded.append(payload)
                agent.spans += [
                    {"trace": span["trace_id"], "span": span["span_id"]}
                    for span in payload.get("spans", ())
                    if span["op"] == "http.client"
                ]

    names = ["http.query", "request", "project_id"] if when == "masked" else []
    sdk.init(
        dsn="http://key@127.0.0.1:9/1",
        transport=Transport,
        traces_sample_rate=1.0,
        event_scrubber=scrubber.EventScrubber(denylist=[*scrubber.DEFAULT_DENYLIST, *names]),
    )
    return agent


def datadog(when: str) -> Agent:
    """Datadog replaces `send` of httpx's clients."""
    ddtrace: Any = import_module("ddtrace")
    agent = Agent(lambda: ddtrace.tracer.trace("app"))

    class Keep(import_module("ddtrace.trace").TraceFilter):  # type: ignore[misc]
        def process_trace(self, trace: list[Any]) -> None:
            for span in trace:
                agent.recorded.append(repr(span.get_tags()))
                if span.name == "http.request":
                    agent.spans.append({"span": f"{span.span_id:016x}"})

    ddtrace.tracer.configure(trace_processors=[Keep()])
    ddtrace.patch(httpx=True)
    return agent


def newrelic(when: str) -> Agent:
    """New Relic replaces `send` and the event hooks of httpx's clients."""
    os.environ |= {"NEW_RELIC_DEVELOPER_MODE": "true", "NEW_RELIC_LICENSE_KEY": "0" * 40}
    api: Any = import_module("newrelic.agent")
    api.initialize()
    app = api.register_application(timeout=10.0)
    return Agent(lambda: api.BackgroundTask(app, name="app"))


AGENTS = {"sentry": sentry, "datadog": datadog, "newrelic": newrelic}


def main(name: str, when: str) -> None:
    """Make the calls."""
    agent = AGENTS[name](when) if when != "after" else None
    calling: Any = import_module("tests.ecosystem.calling")
    testing: Any = import_module("ai_gate.testing")
    errors: Any = import_module("ai_gate.errors")
    untraced = 0
    with testing.MockGate() as gate, testing.MockGate() as closed:
        closed.close()

        async def work(client: Any) -> None:
            nonlocal agent, untraced
            if agent is None:
                await client.get_turn_credentials()
                untraced += 1
                agent = AGENTS[name](when)
            with agent.transaction():
                await client.get_turn_credentials()
                gate.respond_next(503)
                with suppress(errors.AIGateError):
                    await client.create_session()

        async def lose(client: Any) -> None:
            assert agent
            try:
                await client.get_turn_credentials()
            except errors.APIConnectionError as error:
                agent.capture(error)

        for mode in calling.MODES:
            calling.with_client(mode, gate.url, work)
            calling.with_client(mode, closed.url, lose, max_retries=0)
        assert gate.violations == []
        headers = [dict(request.headers) for request in gate.received[untraced:]]
    assert agent
    print(json.dumps({"headers": headers, "spans": agent.spans, "recorded": agent.recorded}))


if __name__ == "__main__":
    main(*sys.argv[1:])
