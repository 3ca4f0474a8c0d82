"""What the constructor refuses, and what it makes of the rest."""

from __future__ import annotations

import math
import traceback
from decimal import Decimal
from typing import Any

import httpx
import pytest

from ai_gate import AIGateClient, AIGateError, AsyncAIGateClient
from ai_gate._config import Config

DEFAULTS: dict[str, Any] = {
    "project_id": "proj_abc123xyz",
    "base_url": "https://api.ai-gate.dev",
    "timeout": 30.0,
    "max_retries": 2,
    "debug": False,
}


def checked(**settings: Any) -> Config:
    return Config.checked(**{**DEFAULTS, **settings})


def refusal(**settings: Any) -> str:
    """The message for a wrong setting, which both constructors must raise alike."""
    messages: list[str] = []
    for kind in (AIGateClient, AsyncAIGateClient):
        with pytest.raises(AIGateError) as caught:
            kind(**{**DEFAULTS, **settings})
        assert type(caught.value) is AIGateError
        assert (caught.value.status_code, caught.value.response) == (None, {})
        messages.append(str(caught.value))
    assert messages[0] == messages[1]
    return messages[0]


@pytest.mark.parametrize("project_id", [None, ""])
def test_without_a_project_id(project_id: str | None) -> None:
    assert refusal(project_id=project_id).startswith("Project ID is required. ")


@pytest.mark.parametrize(
    "project_id",
    [
        " ",
        "\t",
        "\n",
        "proj_abc\n",
        "proj\x00abc",
        "proj\x7fabc",
        "proj\u0085abc",
        "proj\u2028abc",
        "proj\ud800abc",
        "\u00a0",
    ],
)
def test_a_project_id_that_cannot_be_one(project_id: str) -> None:
    message = refusal(project_id=project_id)
    assert message.startswith("project_id ")
    assert "proj" not in message.removeprefix("project_id")


@pytest.mark.parametrize("project_id", [b"proj", 7, 0, False, ["proj"], object()])
def test_a_project_id_that_is_no_string(project_id: object) -> None:
    message = refusal(project_id=project_id)
    assert type(project_id).__name__ in message
    assert message.startswith("project_id must be a string")


@pytest.mark.parametrize(
    "project_id", ["proj_abc123xyz", "größe", "a b", "a/b?c&d=e#f", "%41", "0"]
)
def test_a_project_id_is_kept_as_it_is(project_id: str) -> None:
    assert checked(project_id=project_id).project_id == project_id


@pytest.mark.parametrize(
    ("base_url", "session"),
    [
        ("https://api.ai-gate.dev", "https://api.ai-gate.dev/session"),
        ("https://api.ai-gate.dev/", "https://api.ai-gate.dev/session"),
        ("https://api.ai-gate.dev///", "https://api.ai-gate.dev/session"),
        ("https://gate.test/eu/v1", "https://gate.test/eu/v1/session"),
        ("https://gate.test/eu/v1/", "https://gate.test/eu/v1/session"),
        ("https://gate.test/a%20b", "https://gate.test/a%20b/session"),
        ("https://gate.test/größe", "https://gate.test/gr%C3%B6%C3%9Fe/session"),
        ("HTTPS://GATE.Test", "https://gate.test/session"),
        ("http://127.0.0.1:8787", "http://127.0.0.1:8787/session"),
        ("http://[::1]:8787/", "http://[::1]:8787/session"),
        ("http://localhost", "http://localhost/session"),
        ("https://gate.test:443", "https://gate.test/session"),
        ("https://gate.test:65535", "https://gate.test:65535/session"),
        ("https://bücher.test", "https://xn--bcher-kva.test/session"),
        (f"https://{'a' * 63}.test", f"https://{'a' * 63}.test/session"),
        ("https://gate.test.", "https://gate.test./session"),
    ],
)
def test_base_url(base_url: str, session: str) -> None:
    url = checked(base_url=base_url).url("/session")
    expected = httpx.URL(session)
    assert (url.scheme, url.raw_host, url.port) == (
        expected.scheme,
        expected.raw_host,
        expected.port,
    )
    assert url.raw_path == expected.raw_path


@pytest.mark.parametrize("prefix", ["a%2Fb", "a%3Fb", "a%2541", "a%23b"])
def test_an_escaped_path_prefix_is_kept(prefix: str) -> None:
    url = checked(base_url=f"https://gate.test/{prefix}/").url("/session")
    assert url.raw_path == f"/{prefix}/session".encode()


@pytest.mark.parametrize(
    "base_url", ["https://gate.test/?", "https://gate.test?", "https://gate.test/#"]
)
def test_an_empty_query_or_fragment_leaves_nothing_behind(base_url: str) -> None:
    url = checked(base_url=base_url).url("/session")
    assert url.raw_path == b"/session"


@pytest.mark.parametrize(
    "base_url",
    [
        "",
        " ",
        "api.ai-gate.dev",
        "//api.ai-gate.dev",
        "/session",
        "https://",
        "https:///session",
        "ftp://api.ai-gate.dev",
        "ws://api.ai-gate.dev",
        "file:///etc/hosts",
        "mailto:support@ai-gate.dev",
        "https://gate.test:0",
        "https://gate.test:65536",
        "https://gate.test:-1",
        "https://gate.test:http",
        "https://user@gate.test",
        "https://:password@gate.test",
        "https://gate.test?key=1",
        "https://gate.test/#top",
        "https://gate.test/\n",
        "https://gate.test\x00",
        "https://gate\x7f.test",
        "https://gate.test/\ud800",
        "https://\ud800.test",
        f"https://{'a' * 64}.test",
        "https://a..b",
        "https://.test",
        "https://[::1",
        "https://[gate]",
        "https://gate.test/" + "a" * 70_000,
        "http://[fe80::1%25eth0]",
        "http://[fe80::1%eth0]:8787/eu",
        "http://xn--a",
        "http://xn--zzzzzzzzzzzzz99999",
    ],
)
def test_a_base_url_that_cannot_be_one(base_url: str) -> None:
    assert refusal(base_url=base_url).startswith("base_url ")


@pytest.mark.parametrize(
    "base_url", [None, b"https://gate.test", 7, httpx.URL("https://gate.test")]
)
def test_a_base_url_that_is_no_string(base_url: object) -> None:
    assert refusal(base_url=base_url).startswith("base_url must be a string")


@pytest.mark.parametrize(
    "base_url",
    [
        "ftp://u:hunter2@gate.test",
        "https://u:hunter2@gate.test",
        "https://u:hunter2/3@gate.test",
        "https://u:hunter2#3@gate.test",
        "https://u:hunter2?3@gate.test",
        "https://u:hunter2@gate.test:http",
        "https://u:hunter2@gate.test:99999",
        "https://u:hunter2@a..b",
        "https://u:hunter2@xn--a",
        "https://u:hunter2[@gate.test",
    ],
)
def test_a_password_is_not_repeated(base_url: str) -> None:
    assert "hunter2" not in refusal(base_url=base_url)
    with pytest.raises(AIGateError) as caught:
        AIGateClient("proj_abc123xyz", base_url)
    assert "hunter2" not in "".join(traceback.format_exception(caught.value))


@pytest.mark.parametrize("timeout", [30, 30.0, 1e-9, 86_400, 86_400.0])
def test_timeout(timeout: float) -> None:
    assert checked(timeout=timeout).timeout == timeout


@pytest.mark.parametrize(
    "timeout",
    [
        0,
        0.0,
        -1,
        -0.1,
        math.nan,
        math.inf,
        -math.inf,
        86_400.1,
        1e300,
        10**400,
        10**5_000,
        "30",
        None,
        True,
        False,
        Decimal(30),
        httpx.Timeout(30.0),
        [30],
    ],
    ids=lambda timeout: type(timeout).__name__,
)
def test_a_timeout_that_cannot_be_one(timeout: object) -> None:
    assert refusal(timeout=timeout).startswith("timeout must be ")


@pytest.mark.parametrize("max_retries", [0, 1, 2, 10**9])
def test_max_retries(max_retries: int) -> None:
    assert checked(max_retries=max_retries).max_retries == max_retries


@pytest.mark.parametrize(
    "max_retries",
    [-1, -(10**5_000), True, False, 2.0, math.inf, "2", None],
    ids=lambda max_retries: type(max_retries).__name__,
)
def test_max_retries_that_cannot_be_one(max_retries: object) -> None:
    assert refusal(max_retries=max_retries).startswith("max_retries must be ")
