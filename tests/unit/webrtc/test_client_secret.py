"""The client secret of a session, which opens a call."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from ai_gate import AIGateError
from ai_gate.webrtc import WebRTCError, connect
from ai_gate.webrtc._client_secret import ClientSecret, client_secret


def session(expires_at: object) -> Any:
    return {"client_secret": {"value": "ek_secret", "expires_at": expires_at}}


def test_the_secret_does_not_show() -> None:
    secret = client_secret(session(1000))
    assert secret.value == "ek_secret"
    assert "ek_secret" not in repr(secret)


@pytest.mark.parametrize(
    "expires_at",
    [None, "soon", True, [], 10**400, -(10**400), float("nan"), float("inf"), float("-inf")],
    ids=lambda value: str(value)[:10],
)
def test_an_expiry_that_is_none(expires_at: object) -> None:
    secret = client_secret(session(expires_at))
    assert secret.expires_at is None
    assert not secret.may_have_expired(1e12)


@pytest.mark.parametrize(("now", "maybe"), [(900, False), (996, True), (1004, True), (2000, True)])
def test_clocks_differ_by_some_seconds(now: float, maybe: bool) -> None:
    assert ClientSecret("ek_secret", 1000).may_have_expired(now) == maybe


@pytest.mark.parametrize(
    "secret",
    [None, {}, {"value": ""}, {"value": "ek_\n"}, {"value": "ek_ "}, {"value": "ek a"}, "ek_text"],
)
def test_a_session_without_a_secret(secret: object) -> None:
    async def main() -> None:
        broken: Any = {"client_secret": secret}
        with pytest.raises(WebRTCError, match="client secret"):
            async with connect(broken):
                pass

    asyncio.run(main())


@pytest.mark.parametrize("broken", [7, "session", ["session"]])
def test_what_is_no_session(broken: Any) -> None:
    async def main() -> None:
        with pytest.raises(AIGateError, match="A session is a dict, not"):
            async with connect(broken):
                pass

    asyncio.run(main())
