"""The pytest plugin: a mock gate for each test, and clients of it. Loaded by its entry point."""

import functools
import inspect
from collections.abc import Generator, Iterator
from importlib import import_module
from typing import Any

import pytest

import ai_gate
import ai_gate.testing

PROJECT = "proj_test"
_CHECKED: "pytest.StashKey[ai_gate.testing.MockGate]" = pytest.StashKey()


def pytest_configure(config: pytest.Config) -> None:
    """Describe the marker."""
    config.addinivalue_line(
        "markers",
        "mock_gate(**settings): arguments of MockGate for the fixture mock_gate, and "
        "allow_violations=True for a test that sends bad requests on purpose",
    )


@pytest.hookimpl(wrapper=True)
def pytest_runtest_call(item: pytest.Item) -> Generator[None, Any, Any]:
    """Fail a test in which a request departed from `openapi.yaml`."""
    result = yield
    gate = item.stash.get(_CHECKED, None)
    # The gate's own bugs are told when it is closed.
    if gate is not None and any(it.kind == "request" for it in gate.violations):
        gate.assert_no_violations()
    return result


@pytest.fixture(scope="session")
def _mock_gate_server() -> Iterator[Any]:
    """A server for the gates of the tests, one after another."""
    server = import_module("ai_gate.testing._server").Server("127.0.0.1", 0)
    server.start()
    yield server
    server.stop()


@pytest.fixture(scope="session")
def mock_gate_url(_mock_gate_server: Any) -> str:
    """The base URL of the mock gates of all tests, for a client or an app that is made once.

    A fixture of a class or a session is made before `mock_gate`, and before the environment leads
    there.
    """
    return f"http://127.0.0.1:{_mock_gate_server.server_port}"


@pytest.fixture
def mock_gate(
    request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch, _mock_gate_server: Any
) -> "Iterator[ai_gate.testing.MockGate]":
    """A fresh mock gate with the limits of the free plan, or the marker's: `mock_gate(quota=1)`.

    The environment leads to it: `AIGateClient.from_env()` of the code under test does, and no proxy
    comes between. The test fails if a request departed from `openapi.yaml`, unless its marker is
    `mock_gate(allow_violations=True)`, or if a response did.
    """
    marker = request.node.get_closest_marker("mock_gate")
    if marker and marker.args:
        raise TypeError(f"the marker mock_gate takes no arguments without a name: {marker.args}")
    settings = dict(marker.kwargs) if marker else {}
    is_checked = not settings.pop("allow_violations", False)
    gate = ai_gate.testing.MockGate(**settings)
    if not settings.keys() & {"host", "port", "ssl_context"}:
        gate._lent = _mock_gate_server
    # With another MonkeyPatch, a test that sets these too would put ours back at its end.
    proxies = import_module("ai_gate.testing._proxies")
    monkeypatch.setenv(*proxies.without_proxy(gate._reached_at))
    with gate:
        monkeypatch.setenv("AI_GATE_BASE_URL", gate.url)
        monkeypatch.setenv("AI_GATE_PROJECT_ID", next(iter(settings.get("projects") or [PROJECT])))
        if is_checked:
            request.node.stash[_CHECKED] = gate
        yield gate


@pytest.fixture(autouse=True)
def _mock_gate_of_marker(request: pytest.FixtureRequest) -> None:
    """Bring the gate to a test that has the marker alone, whose calls would leave the machine."""
    if request.node.get_closest_marker("mock_gate") is not None:
        request.getfixturevalue("mock_gate")


@pytest.fixture
def ai_gate_client(mock_gate: "ai_gate.testing.MockGate") -> "Iterator[ai_gate.AIGateClient]":
    """A client of `mock_gate`."""
    with ai_gate.AIGateClient.from_env() as client:
        yield client


@pytest.fixture
def async_ai_gate_client(
    request: pytest.FixtureRequest, mock_gate: "ai_gate.testing.MockGate"
) -> "Iterator[ai_gate.AsyncAIGateClient]":
    """An async client of `mock_gate`, closed at the end of the test, in its event loop.

    For pytest-asyncio, anyio's plugin and pytest-trio alike, and for tests that call `asyncio.run`.
    """
    client, test = ai_gate.AsyncAIGateClient.from_env(), request.node.obj
    if not inspect.iscoroutinefunction(test):
        yield client
        # The event loop that the test made has ended, and another may run here.
        client._clients.drop()
        return

    @functools.wraps(test)
    async def closing(*args: Any, **kwargs: Any) -> Any:
        async with client:
            return await test(*args, **kwargs)

    # A fixture has no event loop that all these plugins would share with the test.
    request.node.obj = closing
    yield client
    request.node.obj = test
