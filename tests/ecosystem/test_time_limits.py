"""The time limits of task queues and of gevent end a call, as what they are and at once."""

from __future__ import annotations

import importlib.util
import json
import subprocess
import sys
from pathlib import Path

import pytest

from ai_gate.testing._faults.steps import Drip, Send, Stall
from tests.support.responses import head
from tests.support.server import Script, Server
from tests.support.steps import ReadRequest

ROOT = Path(__file__).resolve().parents[2]
SILENT: Script = (ReadRequest(), Stall())
BODY: Script = (ReadRequest(), Send(head(200, "Content-Length: 100") + b"{"), Stall())
# RQ's timer can't wake up what waits for a socket: it raises once Python goes on.
DRIPPING: Script = (ReadRequest(), Send(head(200, "Content-Length: 9999")), Drip(b" " * 9999))

LIMITS: dict[str, tuple[str, int, tuple[Script, ...]]] = {
    "celery": ("billiard.exceptions.SoftTimeLimitExceeded", 8, (SILENT, BODY)),
    "rq": ("rq.timeouts.JobTimeoutException", 8, (SILENT, BODY)),
    "rq-timer": ("rq.timeouts.JobTimeoutException", 2, (DRIPPING,)),
    "gevent": ("__main__.AppError", 4, (SILENT, BODY)),
}


@pytest.mark.parametrize("name", LIMITS)
def test_a_limit_ends_a_call_as_what_it_is(name: str) -> None:
    library = name.partition("-")[0]
    if importlib.util.find_spec(library) is None:
        pytest.skip(f"{library} isn't installed")
    expected, calls, scripts = LIMITS[name]
    servers = [Server(script) for script in scripts]
    try:
        result = subprocess.run(
            [sys.executable, "-m", "tests.ecosystem.limited", name, *(one.url for one in servers)],
            cwd=ROOT,
            capture_output=True,
            text=True,
            check=False,
        )
        assert result.returncode == 0, result.stderr
        # Celery says a word of its own after it.
        assert json.dumps([expected] * calls) in result.stdout.splitlines(), result
        # Nothing was asked for again. On a busy machine a call can be over before it is sent.
        assert 0 < sum(len(one.requests) for one in servers) <= calls
    finally:
        for one in servers:
            one.close()
