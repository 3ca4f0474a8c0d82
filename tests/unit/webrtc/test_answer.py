"""What is read of an SDP answer, and how it is written for aiortc."""

from __future__ import annotations

import pytest
from aiortc.sdp import SessionDescription

from ai_gate.webrtc._answer import for_aiortc, reason_of, unusable

UDP = "a=candidate:1 1 udp 2130706431 192.0.2.1 3478 typ host ufrag X"
TCP = "a=candidate:2 1 tcp 1671430143 192.0.2.1 443 typ host tcptype passive ufrag X"
TRANSPORT = ["a=setup:active", "a=ice-ufrag:a/b+", "a=ice-pwd:0123456789012345678901"]
SESSION = ["v=0", "o=- 1 1 IN IP4 0.0.0.0", "s=-", "t=0 0", "a=fingerprint:sha-256 00:11"]
AUDIO = ["m=audio 9 UDP/TLS/RTP/SAVPF 111", "a=mid:0", "a=rtpmap:111 opus/48000/2", *TRANSPORT]
CHANNEL = ["m=application 9 UDP/DTLS/SCTP webrtc-datachannel", "a=mid:1", *TRANSPORT]


def answer(*parts: list[str], end: str = "\r\n") -> str:
    """An SDP answer of these lines."""
    return "".join(line + end for part in parts for line in part)


@pytest.mark.parametrize("end", ["\r\n", "\n"])
@pytest.mark.parametrize("last", [True, False], ids=["ended", "not ended"])
def test_each_section_has_the_candidates_of_all(end: str, last: bool) -> None:
    second = UDP.replace("3478", "3479")
    text = answer(SESSION, AUDIO, [UDP, TCP], CHANNEL, [second], end=end)
    read = SessionDescription.parse(for_aiortc(text if last else text.rstrip()))
    assert [[one.port for one in media.ice_candidates] for media in read.media] == [
        [3478, 3479]
    ] * 2
    assert [media.ice_candidates_complete for media in read.media] == [True, True]


@pytest.mark.parametrize("candidates", [[], [UDP.replace("192.0.2.1", "0a-1b.local")]])
def test_a_peer_of_no_known_address_may_yet_send_a_check(candidates: list[str]) -> None:
    read = SessionDescription.parse(for_aiortc(answer(SESSION, AUDIO, candidates, CHANNEL)))
    assert [media.ice_candidates_complete for media in read.media] == [False, False]


@pytest.mark.parametrize(
    ("session", "audio", "direction"),
    [
        ([], [], "sendrecv"),
        ([], ["a=recvonly"], "recvonly"),
        (["a=inactive"], [], "inactive"),
        (["a=inactive"], ["a=sendonly"], "sendonly"),
    ],
)
def test_the_direction_of_the_audio(session: list[str], audio: list[str], direction: str) -> None:
    text = answer(SESSION, session, AUDIO, audio, CHANNEL)
    assert SessionDescription.parse(for_aiortc(text)).media[0].direction == direction


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        (answer(SESSION, AUDIO, CHANNEL), None),
        (answer(SESSION, AUDIO, [UDP, TCP], CHANNEL), None),
        (answer(SESSION, AUDIO, [UDP.replace("udp", "UDP")], CHANNEL), None),
        (
            answer(SESSION, AUDIO, [TCP], CHANNEL),
            "the peer has TCP candidates alone, which needs ice_tcp=True",
        ),
        (answer(SESSION[:-1], AUDIO, CHANNEL), "it names no certificate"),
        (
            answer(SESSION, ["m=audio 0 UDP/TLS/RTP/SAVPF 0"], CHANNEL, [UDP]),
            "it refuses the section 'audio'",
        ),
    ],
)
def test_what_makes_an_answer_unusable(text: str, reason: str | None) -> None:
    assert unusable(text, ("udp",)) == reason


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("RTCP mux is not enabled", "RTCP mux is not enabled"),
        ("invalid literal for int() with base 10: 'lots'", "ValueError"),
        ("abcdefghijklmnopqrstuv is no password", "ValueError"),
        ("", "ValueError"),
    ],
)
def test_a_reason_that_can_quote_the_answer_is_not_told(text: str, reason: str) -> None:
    assert reason_of(ValueError(text)) == reason


def test_a_peer_over_tcp() -> None:
    text = answer(SESSION, AUDIO, [UDP, TCP], CHANNEL)
    assert unusable(answer(SESSION, AUDIO, [TCP], CHANNEL), ("udp", "tcp")) is None
    for protocols in (["udp"], ["udp", "tcp"]):
        sections = SessionDescription.parse(for_aiortc(text, protocols)).media
        for section in sections:
            assert [one.protocol for one in section.ice_candidates] == protocols
