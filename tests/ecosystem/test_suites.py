"""A user's test suite, run by pytest: one client for all its tests, mocked in some of them."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from ai_gate.testing import MockGate

SUITE = """
import anyio, httpx, os, pytest, respx, vcr
from ai_gate import AIGateClient, AsyncAIGateClient

URL = os.environ["GATE"]
MOCKED = {"id": "sess_mocked"}
client = AIGateClient("proj_demo", base_url=URL)

async def call():
    async with AsyncAIGateClient("proj_demo", base_url=URL) as client:
        return await client.create_session()

def both():
    return [client.create_session(), anyio.run(call)]

def test_real_1():
    assert MOCKED not in both()

def test_pytest_httpx(httpx_mock):
    httpx_mock.add_response(url=URL + "/session", json=MOCKED, is_reusable=True)
    assert both() == [MOCKED, MOCKED]

def test_real_2():
    assert MOCKED not in both()

def test_pytest_httpx_again(httpx_mock):
    httpx_mock.add_response(json=MOCKED, is_reusable=True)
    assert both() == [MOCKED, MOCKED]

@pytest.mark.httpx_mock(should_mock=lambda request: request.url.host == "elsewhere")
def test_pytest_httpx_lets_through(httpx_mock):
    assert MOCKED not in both()

def test_respx(respx_mock):
    respx_mock.post(URL + "/session").respond(json=MOCKED)
    assert both() == [MOCKED, MOCKED]

@respx.mock(using="httpx")
def test_respx_as_a_decorator(respx_mock):
    respx_mock.post(URL + "/session").respond(json=MOCKED)
    assert both() == [MOCKED, MOCKED]

@pytest.mark.parametrize("time", [1, 2])
def test_vcrpy(time):
    with vcr.use_cassette("gate.yaml"):
        assert MOCKED not in both()

@pytest.mark.xfail(raises=httpx.TimeoutException, strict=True)
@pytest.mark.httpx_mock(assert_all_requests_were_expected=False)
def test_unexpected(httpx_mock):
    client.create_session()

def test_the_end():
    assert MOCKED not in both()
    client.close()
"""
REAL = 2 * 5
"""Three times real, once let through, once recorded."""


def test_a_suite(tmp_path: Path) -> None:
    path = tmp_path / "test_app.py"
    path.write_text(SUITE, "utf-8")
    command = [sys.executable, "-W", "error", "-m", "pytest", "-q", "-p", "no:cacheprovider"]
    command += ["-p", "no:asyncio"]
    with MockGate(concurrent=None) as gate:
        result = subprocess.run(
            [*command, str(path)],
            cwd=tmp_path,
            env={"GATE": gate.url},
            capture_output=True,
            text=True,
            check=False,
        )
        assert result.returncode == 0, result.stdout + result.stderr
        assert "10 passed, 1 xfailed" in result.stdout
        assert len(gate.received) == REAL
