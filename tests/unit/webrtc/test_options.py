"""The options of a call, checked when they are given."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from ai_gate import AIGateError
from ai_gate.webrtc import PCMSource, connect

SESSION: Any = {}


@pytest.mark.parametrize(
    "options",
    [
        {"audio": b"pcm"},
        {"open_timeout": 0},
        {"open_timeout": True},
        {"open_timeout": "15"},
        {"open_timeout": float("nan")},
        {"open_timeout": 4000},
        {"close_timeout": -1},
        {"close_timeout": float("inf")},
        {"max_queue": 0},
        {"max_queue": 1.5},
        {"max_queue": True},
        {"api": "live"},
        {"api": None},
        {"api": ["calls"]},
        {"event_names": "old"},
        {"realtime_url": ""},
        {"realtime_url": "api.openai.com"},
        {"realtime_url": "ftp://api.openai.com"},
        {"realtime_url": "https://user:password@api.openai.com"},
        {"realtime_url": "https://api.openai.com/#x"},
        {"realtime_url": "http://" + "x" * 64},
        {"realtime_url": "http://[fe80::1%25eth0]"},
        {"realtime_url": 7},
        {"http_client": httpx.Client},
    ],
    ids=str,
)
def test_a_wrong_one_is_named(options: dict[str, Any]) -> None:
    (name,) = options
    with pytest.raises(AIGateError, match=name) as caught:
        connect(SESSION, **options)
    assert "password" not in str(caught.value)


@pytest.mark.parametrize(
    "options",
    [
        {},
        {"audio": PCMSource()},
        {"open_timeout": 0.5, "close_timeout": 0},
        {"max_queue": 1},
        {"ice_tcp": True},
        {"api": "beta", "event_names": "current"},
        {"realtime_url": "http://127.0.0.1:8787/v1/realtime/"},
    ],
    ids=",".join,
)
def test_good_ones_pass(options: dict[str, Any]) -> None:
    connect(SESSION, **options)


def test_options_hide_the_http_client() -> None:
    http_client = httpx.AsyncClient(headers={"X-Secret": "s3cret"})
    assert "s3cret" not in repr(vars(connect(SESSION, http_client=http_client)))
