"""The command `python -m ai_gate.testing`."""

import contextlib
import re
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from ai_gate.testing import MockGate
from ai_gate.testing.__main__ import main
from tests.support.callers import BARE


@contextlib.contextmanager
def running(*flags: str) -> Iterator[tuple[subprocess.Popen[str], str]]:
    """Start the command; give it with the URL that it prints."""
    with subprocess.Popen(
        [sys.executable, "-m", "ai_gate.testing", "--port", "0", *flags],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        try:
            assert process.stdout is not None
            yield process, process.stdout.readline().strip()
        finally:
            process.kill()


def test_serves_until_a_signal() -> None:
    with running() as (process, url):
        assert re.fullmatch(r"http://127\.0\.0\.1:\d+", url)
        answer = httpx.post(f"{url}/session", json={"project_id": "proj_secret"}, **BARE)
        assert answer.status_code == 200
        assert answer.headers["x-ratelimit-limit"] == "100"
        httpx.get(f"{url}/turn-credentials?identifier=proj_secret", **BARE)
        with socket.create_connection(("127.0.0.1", httpx.URL(url).port or 0)) as connection:
            connection.sendall(
                b"GET /\x1b[0m/proj HTTP/1.1\r\nConnection: close\r\n\r\n\x1b\r\n\r\n"
            )
            assert connection.makefile("rb").readline() == b"HTTP/1.1 404 Not Found\r\n"
        process.terminate()
        out, err = process.communicate(timeout=20)
    assert process.returncode == 0
    assert out == ""
    assert err.splitlines() == [
        "POST /session 200",
        "GET /turn-credentials 200",
        "GET /%1B%5B0m/proj 404",
    ]


def test_flags() -> None:
    limits = ("--requests", "3", "--window", "60", "--concurrent", "1", "--quota", "none")
    projects = ("--project", "proj_a", "--project", "proj_b")
    names = ("--allow-host", "mock.test", "--allow-origin", "https://app.test")
    with running(*limits, *projects, "--host", "0.0.0.0", *names) as (process, url):
        assert re.fullmatch(r"http://127\.0\.0\.1:\d+", url)
        headers = {"Host": "mock.test", "Origin": "https://app.test"}
        elsewhere = url.replace("127.0.0.1", "127.0.0.2")
        answers = [
            httpx.post(f"{elsewhere}/session", json={"project_id": it}, headers=headers, **BARE)
            for it in ("proj_a", "proj_a", "proj_b", "proj_c")
        ]
        process.terminate()
        _, err = process.communicate(timeout=20)
    assert [answer.status_code for answer in answers] == [200, 429, 200, 401]
    assert answers[0].headers["x-ratelimit-limit"] == "3"
    assert answers[0].headers["access-control-allow-origin"] == "https://app.test"
    warning = "ai_gate.testing: The mock gate is open to everybody who can reach 0.0.0.0"
    assert err.splitlines()[0] == warning


def test_realtime() -> None:
    servers = ("--ice-server", "stun:127.0.0.1", "--ice-server", "turn:127.0.0.1:1,u,c,d")
    with running("--realtime", *servers) as (process, url):
        assert process.stdout is not None
        assert process.stdout.readline() == f"{url}/v1/realtime\n"
        session = httpx.post(f"{url}/session", json={"project_id": "p"}, **BARE).json()
        answer = httpx.post(f"{url}/v1/realtime?model=secret", **BARE)
        assert answer.status_code == 401
        process.terminate()
        _, err = process.communicate(timeout=20)
    assert process.returncode == 0
    assert session["turn_credentials"]["iceServers"] == [
        {"urls": "stun:127.0.0.1"},
        {"urls": "turn:127.0.0.1:1", "username": "u", "credential": "c,d"},
    ]
    assert err.splitlines() == ["POST /session 200", "POST /v1/realtime 401"]


CONFIG = """
requests = "none"
concurrent = 2

[projects.proj_free]
concurrent = 1

[projects.proj_paid]
quota = "none"
name = "growth"

[[faults]]
fault = "cloudflare_524"
operation = "get_turn_credentials"
"""


def test_a_file_says_limits_projects_and_faults_and_a_flag_goes_before_it(tmp_path: Path) -> None:
    (tmp_path / "mock.toml").write_text(CONFIG)
    with running("--config", str(tmp_path / "mock.toml"), "--concurrent", "3") as (process, url):
        answers = [
            httpx.post(f"{url}/session", json={"project_id": project}, **BARE)
            for project in ("proj_free",) * 2 + ("proj_paid",) * 4 + ("proj_other",)
        ]
        turn = httpx.get(f"{url}/turn-credentials?identifier=proj_paid", **BARE)
        health = httpx.get(f"{url}/__mock__/health", **BARE)
        process.terminate()
        _, err = process.communicate(timeout=20)
    # A project has the common limits where it says no other.
    assert [answer.status_code for answer in answers] == [200, 429, 200, 200, 200, 429, 401]
    assert "x-ratelimit-limit" not in answers[0].headers
    assert turn.status_code == 524
    assert health.json() == {"status": "healthy"}
    assert err.splitlines()[-1] == "GET /turn-credentials 524"


@pytest.mark.parametrize(
    ("config", "message"),
    [
        ("quotas = 1", "quotas"),
        ("quota = -1", "quota must be None or not negative"),
        ("[projects.p]\nlive = 1", "live"),
        ("[[faults]]\nfault = 'stal'", "there is no fault 'stal'; there is "),
        ("quota", "Expected '='"),
        ("quota = 'many'", "quota must be int | None, got str"),
        ("requests = true", "requests must be int | None, got bool"),
        ("realtime = 1", "realtime must be bool, got int"),
        ("port = 'x'", "port must be int, got str"),
        ("ssl_context = 1", "there is no setting 'ssl_context'; there is requests, "),
        ("window = 1e300", "window must be more than 0 seconds and at most a year"),
        ("allow_host = [1]", "allow_host must hold strings"),
        ("ice_servers = [1]", "ice_servers must be mappings with urls"),
        ("projects = 3", "projects must be list | dict, got int"),
        ("[projects]\np = 3", "3 must be a table of requests, "),
        ("faults = ['stall']", "'stall' must be a table of fault, "),
        ("[[faults]]\nfault = []", "fault must be str, got list"),
        ("[[faults]]\nfault = 'drip'\nseconds = '1'", "seconds must be int | float, got str"),
        ("[[faults]]\ntimes = 1", "fault"),
    ],
)
@pytest.mark.usefixtures("_signals")
def test_a_bad_file(
    config: str, message: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "mock.toml").write_text(config)
    assert main(["--port", "0", "--config", str(tmp_path / "mock.toml")]) == 1
    error = capsys.readouterr().err
    assert error.count("\n") == 1
    assert error.startswith("ai_gate.testing: ")
    assert message in error


def test_a_stall_does_not_hold_up_the_end() -> None:
    with running() as (process, url):
        port = httpx.URL(url).port or 0
        with socket.create_connection(("127.0.0.1", port)) as connection:
            connection.sendall(b"GET /health HTTP/1.1\r\nPrefer: fault=stall\r\n\r\n")
            assert process.stderr is not None
            assert process.stderr.readline() == "GET /health 200\n"
            process.send_signal(signal.SIGINT)
            assert process.wait(20) == 0


@pytest.mark.parametrize("is_open", [True, False])
def test_nobody_has_to_read_its_lines(*, is_open: bool) -> None:
    with running() as (process, url), httpx.Client(**BARE, timeout=20) as client:
        assert process.stderr is not None
        if not is_open:
            process.stderr.close()
        # More than a pipe holds.
        for _ in range(5):
            assert client.get(f"{url}/{'x' * 60_000}").status_code == 404
        process.terminate()
        assert process.wait(20) == 0


def test_a_process_without_stderr() -> None:
    command = 'exec "$0" -m ai_gate.testing --port 0 2>&-'
    with subprocess.Popen(
        ["/bin/sh", "-c", command, sys.executable], stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        url = process.stdout.readline().strip()
        assert httpx.get(f"{url}/health", **BARE).status_code == 200
        process.terminate()
        assert process.wait(20) == 0


@pytest.mark.parametrize(
    ("flags", "message"),
    [
        (["--ice-server", "turn:a,user"], "must be a URL, or a URL, a user and a password"),
        (["--port", "x"], "must be a number from 0 to 65535"),
        (["--port", "65536"], "must be a number from 0 to 65535"),
        (["--quota", "-1"], "must be a number that is not negative, or none"),
        (["--requests", "many"], "must be a number that is not negative, or none"),
        (["--hosts", "localhost"], "unrecognized arguments"),
    ],
)
def test_bad_flags(flags: list[str], message: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as caught:
        main(flags)
    assert caught.value.code == 2
    assert message in capsys.readouterr().err


@pytest.fixture
def _signals() -> Iterator[None]:
    handlers = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}
    yield
    for number, handler in handlers.items():
        signal.signal(number, handler)


@pytest.mark.usefixtures("_signals")
def test_taken_port(gate: MockGate, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--port", str(gate.port)]) == 1
    error = capsys.readouterr().err
    assert "in use" in error
    assert f"port {gate.port} of 127.0.0.1" in error
