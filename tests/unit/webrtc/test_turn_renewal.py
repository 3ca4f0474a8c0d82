"""How requests to a TURN server are repeated, and how often an allocation is renewed."""

from __future__ import annotations

import asyncio
import contextlib
from typing import Any

import pytest
from aioice import stun, turn

from ai_gate.webrtc._types import TurnServer
from ai_gate.webrtc.turn._allocation import DatagramClient

SERVER = TurnServer("turn:127.0.0.1:9", "127.0.0.1", 9, "udp", "u", "p")


@pytest.mark.parametrize(("granted", "counts"), [(0, 10), (9, 10), (10, 10), (600, 600)])
def test_a_renewal_is_not_followed_by_the_next_at_once(
    monkeypatch: pytest.MonkeyPatch, granted: int, counts: int
) -> None:
    async def answered(client: Any, request: stun.Message) -> tuple[stun.Message, Any]:
        answer = stun.Message(request.message_method, stun.Class.RESPONSE, request.transaction_id)
        answer.attributes["LIFETIME"] = granted
        return answer, client.server

    async def main() -> None:
        monkeypatch.setattr(turn.TurnClientMixin, "request_with_retry", answered)
        client = DatagramClient(SERVER, ("127.0.0.1", 9), lambda failure: None)
        request = stun.Message(stun.Method.REFRESH, stun.Class.REQUEST)
        answer, _ = await client.request_with_retry(request)
        assert answer.attributes["LIFETIME"] == counts

    asyncio.run(main())


@pytest.mark.parametrize(("has_signed", "asked"), [(True, 2), (False, 1)])
def test_a_nonce_that_is_stale_at_once_is_replaced_by_the_one_after(
    monkeypatch: pytest.MonkeyPatch, has_signed: bool, asked: int
) -> None:
    seen: list[bytes] = []

    async def answered(client: Any, request: stun.Message) -> tuple[stun.Message, Any]:
        seen.append(request.transaction_id)
        kind = stun.Class.RESPONSE if len(seen) > 1 else stun.Class.ERROR
        answer = stun.Message(request.message_method, kind, request.transaction_id)
        if kind == stun.Class.ERROR:
            answer.attributes["ERROR-CODE"] = (438, "Stale Nonce")
            raise stun.TransactionFailed(answer)
        return answer, client.server

    async def main() -> None:
        monkeypatch.setattr(turn.TurnClientMixin, "request_with_retry", answered)
        client = DatagramClient(SERVER, ("127.0.0.1", 9), lambda failure: None)
        client.integrity_key = b"key" if has_signed else None
        with contextlib.nullcontext() if has_signed else pytest.raises(stun.TransactionFailed):
            await client.request_with_retry(stun.Message(stun.Method.REFRESH, stun.Class.REQUEST))
        assert len(set(seen)) == asked

    asyncio.run(main())
