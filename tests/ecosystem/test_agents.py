"""Sentry, Datadog and New Relic see each call and pass their traces on."""

from __future__ import annotations

import functools
import importlib.util
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from .calling import MODES, PROJECT

ROOT = Path(__file__).resolve().parents[2]
CALLS = 2 * len(MODES)
"""The requests that are traced: a success, and a refused session that isn't repeated."""


@functools.cache
def run(name: str, when: str, package: str, **environment: str) -> dict[str, Any]:
    """Run the app that an agent traces, and return what it prints."""
    if importlib.util.find_spec(package) is None:
        pytest.skip(f"{package} isn't installed")
    # No agent may ask a network for settings, or tell one of itself.
    quiet = {"DD_REMOTE_CONFIGURATION_ENABLED": "0", "DD_INSTRUMENTATION_TELEMETRY_ENABLED": "0"}
    result = subprocess.run(
        [sys.executable, "-m", "tests.ecosystem.agent", name, when],
        cwd=ROOT,
        env={"PATH": os.environ["PATH"], **quiet, **environment},
        capture_output=True,
        text=True,
        check=False,
    )
    assert result.returncode == 0, result.stderr
    printed: dict[str, Any] = json.loads(result.stdout.splitlines()[-1])
    assert len(printed["headers"]) == CALLS
    return printed


@pytest.mark.parametrize("when", ["before", "after"])
def test_sentry(when: str) -> None:
    printed = run("sentry", when, "sentry_sdk")
    heard_of = {tuple(headers["sentry-trace"].split("-")[:2]) for headers in printed["headers"]}
    assert len(heard_of) == CALLS
    assert heard_of == {(span["trace"], span["span"]) for span in printed["spans"]}
    events = [item for item in printed["recorded"] if "exception" in item]
    assert len(events) == len(MODES)
    for event in events:
        kinds = [error["type"] for error in event["exception"]["values"]]
        assert kinds[-3:] == ["ConnectError", "ConnectError", "APIConnectionError"]
        crumbs = event["breadcrumbs"]["values"]
        data = [crumb["data"] for crumb in crumbs if crumb["category"] == "httplib"]
        # Some versions leave a crumb of the lost call too, without a status.
        statuses = [one.get("http.response.status_code") for one in data]
        assert [status for status in statuses if status][-2:] == [200, 503]


def test_sentry_told_to_leave_the_project_id_out() -> None:
    assert PROJECT in json.dumps(run("sentry", "before", "sentry_sdk")["recorded"])
    assert PROJECT not in json.dumps(run("sentry", "masked", "sentry_sdk")["recorded"])


@pytest.mark.parametrize("when", ["before", "after"])
def test_datadog(when: str) -> None:
    printed = run("datadog", when, "ddtrace")
    heard_of = {headers["traceparent"].split("-")[2] for headers in printed["headers"]}
    assert len(heard_of) == CALLS
    assert heard_of <= {span["span"] for span in printed["spans"]}
    assert PROJECT in json.dumps(printed["recorded"])


def test_datadog_told_to_leave_the_project_id_out() -> None:
    setting = {"DD_TRACE_HTTP_CLIENT_TAG_QUERY_STRING": "false"}
    printed = run("datadog", "before", "ddtrace", **setting)
    assert "/turn-credentials" in json.dumps(printed["recorded"])
    assert PROJECT not in json.dumps(printed["recorded"])


@pytest.mark.parametrize("when", ["before", "after"])
def test_new_relic(when: str) -> None:
    printed = run("newrelic", when, "newrelic")
    heard_of = {headers["traceparent"].split("-")[2] for headers in printed["headers"]}
    assert len(heard_of) == CALLS
