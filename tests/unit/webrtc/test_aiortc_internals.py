"""Reaching behind aiortc and aioice where they have moved what is looked for."""

from __future__ import annotations

import asyncio
from types import SimpleNamespace
from typing import Any

import pytest

from ai_gate.webrtc import _aiortc_internals as internals
from ai_gate.webrtc._audio.receive_buffer import ReceiveBuffer

MOVED: Any = SimpleNamespace(sctp=None, getTransceivers=list)


def test_what_is_not_known_of_a_turn_client_may_be_so() -> None:
    # So that an allocation is rather given back once too often.
    assert internals.has_signed(object())
    assert internals.is_allocated(object())
    assert internals.refreshing_task(object()) is None


@pytest.mark.parametrize("known", [False, True])
def test_what_is_known_of_a_turn_client(known: bool) -> None:
    client = SimpleNamespace(
        integrity_key=b"key" if known else None, relayed_address=("", 1) if known else None
    )
    assert internals.has_signed(client) is known
    assert internals.is_allocated(client) is known


def test_a_peer_connection_without_what_is_looked_for() -> None:
    internals.cut(MOVED)
    internals.stop_consent(MOVED)
    internals.on_answer(MOVED, lambda: None)
    assert internals.own_close(MOVED) is None
    assert internals.selected_pair(MOVED) is None
    assert not internals.said_goodbye(MOVED)
    assert not internals.is_someone_else(MOVED)
    assert asyncio.run(internals.give_turn_back(MOVED, 1.0))


def test_a_receiver_with_another_buffer_keeps_it() -> None:
    receiver: Any = SimpleNamespace(_RTCRtpReceiver__jitter_buffer=object())
    assert not internals.use_receive_buffer(receiver, ReceiveBuffer())
