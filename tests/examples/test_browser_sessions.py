"""The apps that give sessions to browsers, each by its documented commands and real requests."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest

from ai_gate.testing import MockGate
from tests.examples.programs import (
    EXAMPLES,
    PATIENCE,
    PROJECT,
    SECRETS,
    Program,
    documented,
    free_port,
    started,
)

ORIGIN = "https://app.example"
NETWORK = Path("/proc/net/tcp")
"""Linux's table of connections."""
UVICORN = r"Uvicorn running on (http://\S+)"


@dataclass(frozen=True)
class App:
    """An example, how it is started, and where it gives sessions."""

    name: str
    program: str
    ready: str
    path: str = "/session"

    def arguments(self) -> list[str]:
        """Return its documented command, with a port of the test's own."""
        commands = documented(EXAMPLES / self.name / "app.py")
        (found,) = [words for _, words in commands if words[0] == self.program]
        if self.program == "python":
            return [*found, f"127.0.0.1:{free_port()}"]
        return [*found, "--port", "0"]

    @property
    def has_one_loop(self) -> bool:
        """Whether all requests are in one event loop, or in none."""
        return self.path == "/session" or self.program == "uvicorn"


APPS = [
    App("fastapi", "uvicorn", UVICORN),
    App("flask", "flask", r"Running on (http://\S+)"),
    App("django", "python", r"Starting .*development server at (http://[\d.:]+)"),
    # A WSGI server gives each async view an event loop of its own.
    App("django", "python", r"Starting .*development server at (http://[\d.:]+)", "/async/session"),
    App("django", "uvicorn", UVICORN, "/async/session"),
]

# What the gate answers, and the app then; and whether that says when to come again.
ERRORS = {
    (401, "unknown_project"): (503, True),
    (402, "quota_exceeded"): (402, False),
    (429, "rate_limit"): (429, True),
    (429, "concurrent_limit"): (429, True),
    (500, "internal_error"): (503, True),
    (503, "service_unavailable"): (503, True),
    (522, "cloudflare_522"): (503, True),
}


OUT_OF_ORDER = (503, "Calls don't work at the moment.")


@pytest.fixture(params=APPS, ids=lambda app: f"{app.name}-{app.program}-{app.path.strip('/')}")
def app(request: pytest.FixtureRequest) -> App:
    """Each app in turn."""
    chosen: App = request.param
    return chosen


@contextmanager
def visiting(app: App, gate: MockGate) -> Iterator[tuple[httpx.Client, Program]]:
    """Start an app and visit it; see that it has logged no secret."""
    environment = {
        "AI_GATE_PROJECT_ID": PROJECT,
        "AI_GATE_BASE_URL": gate.url,
        "ALLOWED_ORIGINS": ORIGIN,
        "REALTIME_URL": "https://voice.example/v1/realtime",
    }
    with started(app.arguments(), environment) as program:
        url = program.wait_for(app.ready)[1]
        with httpx.Client(base_url=url, timeout=PATIENCE, trust_env=False) as browser:
            yield browser, program
        program.stop()
    assert not [one for one in SECRETS if one in program.output], program.output


def post(browser: httpx.Client, app: App, user: str, origin: str = ORIGIN) -> httpx.Response:
    """Ask for a session as a page's `fetch` does."""
    headers = {"Cookie": f"user={user}", "Origin": origin}
    return browser.post(app.path, headers=headers)


def connections(port: int) -> set[str]:
    """Return where connections to a port come from, those that have just been closed too.

    It can have been some client's, before a gate listens there.
    """
    rows = [line.split() for line in NETWORK.read_text().splitlines()[1:]]
    return {row[1] for row in rows if row[2].endswith(f":{port:04X}")}


def message(response: httpx.Response) -> str:
    """What a page shows of a failure."""
    body: dict[str, Any] = response.json()
    (text,) = body.values()
    assert isinstance(text, str)
    return text


def test_a_session_is_for_the_apps_own_users(app: App, gate: MockGate) -> None:
    before = connections(gate.port) if NETWORK.exists() else set()
    with visiting(app, gate) as (browser, _):
        # Nobody is signed in, then another site asks, and some program.
        assert browser.post(app.path, headers={"Origin": ORIGIN}).status_code == 401
        assert post(browser, app, "mallory").status_code == 401
        assert post(browser, app, "ada", "https://other.example").status_code == 403
        assert browser.post(app.path, headers={"Cookie": "user=ada"}).status_code == 403
        if app.name == "django":
            assert browser.post(app.path, headers={"Host": "other.example"}).status_code == 400
        assert gate.received == []

        response = post(browser, app, "ada")
        assert response.status_code == 200
        session = response.json()
        assert session.keys() == {"model", "client_secret", "ice_servers", "realtime_url"}
        assert session["client_secret"].startswith("ek_")
        assert session["realtime_url"] == "https://voice.example/v1/realtime"
        assert response.headers["cache-control"] == "no-store"
        assert PROJECT not in response.text + str(response.headers)

        # What was refused hasn't been counted: there are four more. Others have theirs.
        assert [post(browser, app, "ada").status_code for _ in range(5)] == [200] * 4 + [429]
        refused = post(browser, app, "ada")
        assert 0 < int(refused.headers["retry-after"]) <= 3600
        assert message(refused) == "No calls are left for now."
        assert post(browser, app, "alan").status_code == 200
        assert gate.sessions_created(PROJECT) == 6
        assert json.loads(gate.received[0].body)["model"] == "gpt-realtime"
        if app.has_one_loop and NETWORK.exists():
            assert len(connections(gate.port) - before) == 1


# One after the other in one process, since an app takes a second of CPU to start.
def test_the_gates_errors_become_the_apps(app: App, gate: MockGate) -> None:
    with visiting(app, gate) as (browser, program):
        for number, (refusal, (status, is_temporary)) in enumerate(ERRORS.items()):
            gate.respond_next(*refusal)
            response = post(browser, app, "ada" if number % 2 else "alan")
            assert response.status_code == status
            assert ("retry-after" in response.headers) == is_temporary
            assert PROJECT not in response.text
            assert message(response)
        assert len(gate.received) == len(ERRORS)
        # Whoever runs the app reads what the gate said.
        program.wait_for("No session: ", count=len(ERRORS))
        gate.answer_with({"client_secret": None}, validate=False)
        without_secret = post(browser, app, "ada")
        assert (without_secret.status_code, message(without_secret)) == OUT_OF_ORDER
        program.wait_for("The session came without")
        assert program.output.count("No session: ") == len(ERRORS) + 1

        gate.close()
        unreachable = post(browser, app, "alan")
        assert (unreachable.status_code, message(unreachable)) == OUT_OF_ORDER


SUITE = """
from app import app
from fastapi.testclient import TestClient


def test_a_session(mock_gate):
    headers = {"Origin": "http://127.0.0.1:8000", "Cookie": "user=ada"}
    with TestClient(app) as client:
        assert client.post("/session", headers=headers).status_code == 200
    assert mock_gate.sessions_created() == 1
"""


def test_in_a_suite_of_the_apps_own(tmp_path: Path) -> None:
    (tmp_path / "test_app.py").write_text(SUITE)
    command = [sys.executable, "-m", "pytest", "-q", "-pai_gate.testing.plugin"]
    # What else is installed here takes more than a second of CPU to load.
    environment = {
        "PYTHONPATH": str(EXAMPLES / "fastapi"),
        "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1",
    }
    with started(command, environment, tmp_path) as suite:
        assert suite.end() == 0, suite.output
        assert "1 passed" in suite.output
