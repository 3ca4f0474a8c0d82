"""The public surface: docstrings, arguments and the environment. Checks look at signatures."""

from __future__ import annotations

import inspect
import re
from typing import Any, cast
from unittest.mock import create_autospec

import httpx
import pytest

import ai_gate
from ai_gate import AIGateClient, AIGateError, AsyncAIGateClient
from tests.support.callers import NOWHERE, PROJECT, Caller

CLIENTS: list[type[AIGateClient] | type[AsyncAIGateClient]] = [AIGateClient, AsyncAIGateClient]
METHODS = ("__init__", "from_env", "create_session", "get_turn_credentials", "close")
both = pytest.mark.parametrize("kind", CLIENTS, ids=lambda kind: kind.__name__)


def documented(docstring: str, section: str) -> set[str]:
    """The names that a section of a docstring explains."""
    found = re.search(rf"^{section}:\n((?:    .*\n|\n)+)", docstring + "\n", re.MULTILINE)
    return set(re.findall(r"^    (\w+): ", found[1], re.MULTILINE)) if found else set()


@both
@pytest.mark.parametrize("name", ["__init__", "from_env", "create_session", "get_turn_credentials"])
def test_docstrings_name_the_errors(kind: type[AIGateClient], name: str) -> None:
    docstring = cast(str, inspect.getdoc(kind if name == "__init__" else getattr(kind, name)))
    raised = documented(docstring, "Raises")
    assert "AIGateError" in raised
    assert all(issubclass(getattr(ai_gate, error), AIGateError) for error in raised)


@both
@pytest.mark.parametrize("name", ["create_session", "get_turn_credentials"])
def test_docstrings_tell_what_is_returned(kind: type[AIGateClient], name: str) -> None:
    assert "\nReturns:\n" in cast(str, inspect.getdoc(getattr(kind, name)))


@both
@pytest.mark.parametrize("name", METHODS)
def test_docstrings_have_an_example(kind: type[AIGateClient], name: str) -> None:
    docstring = inspect.getdoc(kind if name == "__init__" else getattr(kind, name))
    assert "\nExample:\n" in cast(str, docstring)


@both
def test_the_documentation_of_an_injected_client_tells_of_the_time(
    kind: type[AIGateClient],
) -> None:
    docstring = " ".join(cast(str, inspect.getdoc(kind)).split())
    assert re.search(r"http_client: .*\btime\b.*\bleft\b.*\bchunks\b.*Raises:", docstring)


@both
def test_the_four_arguments_work_by_position(kind: type[AIGateClient]) -> None:
    client = kind(PROJECT, "https://gate.test", 5.0, False)
    assert repr(client) == f"{kind.__name__}(base_url='https://gate.test/', timeout=5.0)"


@both
@pytest.mark.parametrize("debug", [True, False])
def test_by_keyword(kind: type[AIGateClient], debug: bool) -> None:
    kind(project_id=PROJECT, base_url=NOWHERE, timeout=5.0, debug=debug, max_retries=0)


WRONG = [httpx, httpx.Client, "client", 0, False, {}, httpx.Timeout(5.0)]


@pytest.mark.parametrize("wrong", WRONG, ids=repr)
def test_an_http_client_of_the_wrong_kind(wrong: Any) -> None:
    with pytest.raises(AIGateError, match=r"^http_client must be an httpx\.Client, not [\w.]+\.$"):
        AIGateClient(PROJECT, NOWHERE, http_client=wrong)
    with pytest.raises(
        AIGateError, match=r"^http_client must be an httpx\.AsyncClient, not [\w.]+\.$"
    ):
        AsyncAIGateClient(PROJECT, NOWHERE, http_client=wrong)


def test_an_http_client_of_the_other_kind() -> None:
    sync: Any = httpx.Client(verify=False)  # noqa: S501 - it connects to nothing
    asynchronous: Any = httpx.AsyncClient(verify=False)  # noqa: S501 - it connects to nothing
    with sync, pytest.raises(AIGateError, match=r"AsyncClient, not httpx\.Client\.$"):
        AsyncAIGateClient(PROJECT, NOWHERE, http_client=sync)
    with pytest.raises(AIGateError, match=r"Client, not httpx\.AsyncClient\.$"):
        AIGateClient(PROJECT, NOWHERE, http_client=asynchronous)


@both
def test_from_env_reads_the_environment(
    kind: type[AIGateClient], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AI_GATE_PROJECT_ID", PROJECT)
    monkeypatch.setenv("AI_GATE_BASE_URL", "https://gate.test/eu")
    client = kind.from_env(timeout=5.0, max_retries=0)
    assert type(client) is kind
    assert repr(client) == f"{kind.__name__}(base_url='https://gate.test/eu', timeout=5.0)"


@both
@pytest.mark.parametrize("base_url", [None, ""])
def test_from_env_without_a_base_url(
    kind: type[AIGateClient], base_url: str | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AI_GATE_PROJECT_ID", PROJECT)
    if base_url is not None:
        monkeypatch.setenv("AI_GATE_BASE_URL", base_url)
    assert "https://api.ai-gate.dev" in repr(kind.from_env())


@both
@pytest.mark.parametrize("project_id", [None, ""])
def test_from_env_without_a_project_id(
    kind: type[AIGateClient], project_id: str | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    if project_id is not None:
        monkeypatch.setenv("AI_GATE_PROJECT_ID", project_id)
    with pytest.raises(AIGateError, match=r"^Project ID is required\. "):
        kind.from_env()


@both
def test_from_env_with_a_bad_base_url(
    kind: type[AIGateClient], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AI_GATE_PROJECT_ID", PROJECT)
    monkeypatch.setenv("AI_GATE_BASE_URL", "ftp://gate.test")
    with pytest.raises(AIGateError, match=r"^base_url "):
        kind.from_env()


@both
def test_what_from_env_is_told_goes_before_the_environment(
    kind: type[AIGateClient], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AI_GATE_PROJECT_ID", PROJECT)
    monkeypatch.setenv("AI_GATE_BASE_URL", "https://gate.test")
    assert "https://other.test" in repr(kind.from_env(base_url="https://other.test"))


@both
def test_the_constructor_does_not_read_the_environment(
    kind: type[AIGateClient], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AI_GATE_PROJECT_ID", PROJECT)
    monkeypatch.setenv("AI_GATE_BASE_URL", "https://gate.test")
    assert "https://api.ai-gate.dev" in repr(kind("p"))
    with pytest.raises(AIGateError):
        kind(None)


@both
def test_from_env_takes_options_where_it_is_mocked(kind: type[AIGateClient]) -> None:
    mocked = create_autospec(kind)
    mocked.from_env(timeout=5.0)
    mocked.from_env.assert_called_once_with(timeout=5.0)


def test_from_env_of_a_subclass(monkeypatch: pytest.MonkeyPatch) -> None:
    class Mine(AIGateClient):
        pass

    monkeypatch.setenv("AI_GATE_PROJECT_ID", PROJECT)
    assert type(Mine.from_env()) is Mine


def test_from_env_passes_an_http_client_on(caller: Caller, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AI_GATE_PROJECT_ID", PROJECT)
    answer = httpx.MockTransport(lambda request: httpx.Response(200, json={"iceServers": []}))
    kind = AIGateClient if caller.flavour == "sync" else AsyncAIGateClient

    async def body() -> None:
        injected = caller.httpx_client(transport=answer)
        options: dict[str, Any] = {"http_client": injected.client}
        made = kind.from_env(**options)
        turn = made.get_turn_credentials()
        result = turn if isinstance(turn, dict) else await turn
        assert result == {"iceServers": []}
        await injected.close()

    caller.run(body)
