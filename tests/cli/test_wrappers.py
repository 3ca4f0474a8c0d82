"""What the doctor tells of the tools that wrap or mock httpx, each in a process of its own."""

from __future__ import annotations

import subprocess
import sys

import pytest

TOOLS = {
    "pass": "",
    "from opentelemetry.instrumentation.httpx import HTTPXClientInstrumentor as Instrumentor\n"
    "Instrumentor().instrument()": "opentelemetry.instrumentation.httpx",
    "import sentry_sdk\nsentry_sdk.init('http://key@localhost/1')": "sentry_sdk.integrations.httpx",
    "import respx\nrespx.start()": "respx.mocks",
    "import respx\nrespx.mock(using='httpx').start()": "respx.mocks",
    "import pook\npook.on()": "pook.interceptors._httpx",
    "import vcr\nheld = vcr.use_cassette('none.yaml'); held.__enter__()": "vcr.stubs.httpx_stubs",
    "from unittest import mock\n"
    "mock.patch('httpx.AsyncClient.send', autospec=True).start()": "unittest.mock",
    "from unittest import mock\nmock.patch('httpx.Client.send').start()": "unittest.mock",
}
SHOW = "\nfrom ai_gate._http.inspection import wrappers\nprint(*wrappers())"


@pytest.mark.parametrize("tool", TOOLS)
def test_a_tool_is_named(tool: str) -> None:
    command = [sys.executable, "-W", "ignore", "-c", tool + SHOW]
    result = subprocess.run(command, capture_output=True, text=True, check=True)
    found = set(result.stdout.split())
    assert found - {"sentry_sdk.utils"} == set(TOOLS[tool].split())


def test_pytest_httpx_is_named(httpx_mock: object) -> None:
    from ai_gate._http.inspection import wrappers  # noqa: PLC0415

    assert wrappers() == {"pytest_httpx"}
