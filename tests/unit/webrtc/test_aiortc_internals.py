"""Reaching behind aiortc and aioice where they have moved what is looked for."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any, cast

import pytest

from ai_gate.webrtc import _aiortc_internals as internals
from ai_gate.webrtc._audio.receive_buffer import ReceiveBuffer
from ai_gate.webrtc.turn._relay import Relay

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
    internals.stop_consent(MOVED)
    internals.on_sign_of_life(MOVED, lambda: None)
    internals.widen_receive_buffers(MOVED)
    internals.drop_strange(MOVED)
    internals.outlive_messages(MOVED)
    assert internals.own_close(MOVED) is None
    assert internals.note_connecting(MOVED) == set()
    assert internals.selected_pair(MOVED) is None
    assert not internals.said_goodbye(MOVED)
    assert not internals.is_someone_else(MOVED)
    assert not internals.add_way(MOVED, Relay(None))
    internals.put_last(MOVED, lambda address: True)


@pytest.mark.parametrize("connection", [object(), SimpleNamespace(_protocols=[object()])])
def test_an_ice_connection_without_what_is_looked_for(connection: object) -> None:
    ice = SimpleNamespace(_connection=connection)
    sctp = SimpleNamespace(transport=SimpleNamespace(transport=ice))
    pc: Any = SimpleNamespace(sctp=sctp, getTransceivers=list)
    assert not internals.add_way(pc, Relay(None))
    assert internals.selected_pair(pc) is None
    internals.put_last(pc, lambda address: True)
    internals.on_sign_of_life(pc, lambda: None)
    internals.widen_receive_buffers(pc)
    internals.drop_strange(pc)


def test_a_peer_that_has_checked_the_path_before_the_answer_came_may_go_on() -> None:
    came: list[bytes] = []
    protocol = SimpleNamespace(datagram_received=lambda data, addr: came.append(data))
    checked, stranger = ("192.0.2.1", 5), ("192.0.2.2", 5)
    connection = SimpleNamespace(
        _protocols=[protocol], _remote_candidates=[], _early_checks=[(None, checked, protocol)]
    )
    ice = SimpleNamespace(_connection=connection)
    sctp = SimpleNamespace(transport=SimpleNamespace(transport=ice))
    internals.drop_strange(cast(Any, SimpleNamespace(sctp=sctp, getTransceivers=list)))
    # libdatachannel waits a second before it begins DTLS again.
    for number, addr in enumerate([checked, stranger]):
        protocol.datagram_received(b"\x16" + bytes([number]), addr)
    assert came == [b"\x16\x00"]


def test_a_receiver_with_another_buffer_keeps_it() -> None:
    receiver: Any = SimpleNamespace(_RTCRtpReceiver__jitter_buffer=object())
    assert not internals.use_receive_buffer(receiver, ReceiveBuffer())
