"""SDP answers of many kinds: a call is open after them, or it is told at once why it can't be."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest

from ai_gate import AIGateError, InvalidResponseError
from ai_gate.testing import MockGate
from ai_gate.testing._openai import peer as mock_peer
from ai_gate.webrtc import ConnectionLostError
from tests.voice.calling import answered, has_ipv6, run, say

Change = Callable[[str], str]

TCP = "a=candidate:7 1 tcp 1671430143 127.0.0.1 443 typ host tcptype passive ufrag X"


def lines(answer: str, pattern: str) -> list[str]:
    return re.findall(rf"^(?:{pattern}).*\r\n", answer, re.MULTILINE)


def without(answer: str, pattern: str) -> str:
    return re.sub(rf"^(?:{pattern}).*\r\n", "", answer, flags=re.MULTILINE)


def added(to: str, *new: str) -> Change:
    """Add lines to the section of this kind."""

    def change(answer: str) -> str:
        head, section, rest = re.split(rf"^(?=m={to})|(?<=\n)(?=m=(?!{to}))", answer, flags=re.M)
        parts = [head, section, rest]
        place = next(n for n, part in enumerate(parts) if part.startswith(f"m={to}"))
        parts[place] += "".join(f"{line}\r\n" for line in new)
        return "".join(parts)

    return change


def replaced(pattern: str, new: str) -> Change:
    """Replace what fits a pattern."""

    def change(answer: str) -> str:
        changed, count = re.subn(pattern, new, answer, flags=re.MULTILINE)
        assert count
        return changed

    return change


def in_the_session(answer: str) -> str:
    """Say in the session's part what holds for all sections."""
    attributes = "a=ice-ufrag|a=ice-pwd|a=setup|a=sendrecv"
    said = dict.fromkeys(lines(answer, attributes))
    return without(answer, attributes).replace("m=audio", "".join(said) + "m=audio")


def in_the_last_section(answer: str) -> str:
    candidates = lines(answer, "a=candidate")
    return without(answer, "a=candidate") + "".join(candidates) + "a=end-of-candidates\r\n"


def in_the_first_section(answer: str) -> str:
    """Say what holds for the transport where the standard has it (RFC 9143, section 7.1.3)."""
    first, last = re.split("(?=m=application)", answer)
    return first + without(last, "a=ice-ufrag|a=ice-pwd|a=fingerprint|a=setup|a=rtcp-mux")


def with_more_codecs(answer: str) -> str:
    answer = replaced(r"^(m=audio.*)(?=\r)", r"\1 63 110 126 115")(answer)
    return added(
        "audio",
        "a=rtpmap:63 red/48000/2",
        "a=fmtp:63 96/96",
        "a=rtpmap:110 telephone-event/48000",
        "a=fmtp:110 0-16",
        "a=rtpmap:126 rtx/48000",
        "a=fmtp:126 apt=96",
        "a=rtpmap:115 ulpfec/90000",
    )(answer)


OPENS: dict[str, Change] = {
    "as it is": str,
    "attributes of the session": in_the_session,
    "candidates in the last section": in_the_last_section,
    "attributes of the transport in the first section": in_the_first_section,
    "candidates that are cut short besides": added(
        "audio", "a=candidate:1 1 udp", "a=candidate:2 1 udp 99 127.0.0.1 port typ host"
    ),
    "no port of SCTP": lambda answer: without(answer, "a=sctp-port"),
    "no direction": lambda answer: without(answer, "a=sendrecv"),
    "TCP candidates besides": added("audio", TCP),
    "TCP active besides": added("audio", TCP.replace(" 443 ", " 9 ").replace("passive", "active")),
    "mDNS besides": added("audio", "a=candidate:8 1 udp 99 0a-b.local 9 typ host generation 0"),
    "IPv6 besides": added("audio", "a=candidate:9 1 udp 99 2001:db8::1 9 typ host"),
    "RTCP's component besides": added("audio", "a=candidate:9 2 udp 98 127.0.0.1 9 typ host"),
    "a foreign type besides": added("audio", "a=candidate:9 1 udp 98 127.0.0.1 9 typ odd"),
    "RED, telephone-event, RTX, FEC": with_more_codecs,
    "no audio from the peer": replaced("a=sendrecv", "a=recvonly"),
    "no audio at all": replaced("a=sendrecv", "a=inactive"),
    "no largest message": lambda answer: without(answer, "a=max-message-size"),
    "any message": replaced("(a=max-message-size:).*(?=\r)", r"\g<1>0"),
    "a huge largest message": replaced("(a=max-message-size:).*(?=\r)", r"\g<1>" + str(2**64)),
    "bare line feeds": lambda answer: answer.replace("\r\n", "\n"),
    "no last line end": lambda answer: answer.removesuffix("\r\n"),
    "a byte order mark": lambda answer: "\ufeff" + answer,
    "a blank line before": lambda answer: "\r\n" + answer,
    "a fingerprint in small letters": lambda answer: re.sub(
        r"(?<=sha-256 )\S+", lambda found: found[0].lower(), answer
    ),
}


@pytest.mark.parametrize("change", OPENS.values(), ids=OPENS)
def test_it_opens(gate: MockGate, change: Change) -> None:
    async def main() -> None:
        async with answered(gate, change) as call:
            assert await say(call, "hello") == "You said: hello"

    run(main())


@pytest.mark.parametrize("is_lite", [True, False])
@pytest.mark.parametrize("setup", ["active", "passive"])
def test_it_opens_to_every_role(gate: MockGate, setup: str, is_lite: bool) -> None:
    offered = {"active": "actpass", "passive": "active"}[setup]
    gate.voice.ice_lite(is_lite)

    async def main() -> None:
        seen: list[str] = []

        def look(answer: str) -> str:
            seen.append(answer)
            return answer

        async with answered(gate, look, replaced("a=setup:actpass", f"a=setup:{offered}")) as call:
            assert await say(call, "hello") == "You said: hello"
        assert set(lines(seen[0], "a=setup")) == {f"a=setup:{setup}\r\n"}

    run(main())


@pytest.mark.parametrize("algorithm", ["sha-384", "sha-512"])
def test_it_opens_with_a_fingerprint_of(
    gate: MockGate, monkeypatch: pytest.MonkeyPatch, algorithm: str
) -> None:
    def only(answer: str, *, is_ice_lite: bool) -> str:
        return without(answer, f"a=fingerprint:(?!{algorithm})")

    monkeypatch.setattr(mock_peer, "as_openai_writes_it", only)

    async def main() -> None:
        async with answered(gate, str) as call:
            assert await say(call, "hello") == "You said: hello"

    run(main())


def test_it_opens_over_ipv6(gate: MockGate, monkeypatch: pytest.MonkeyPatch) -> None:
    if not has_ipv6():
        pytest.skip("this machine has no IPv6")
    monkeypatch.setattr("aioice.ice.get_host_addresses", lambda use_ipv4, use_ipv6: ["::1"])

    async def main() -> None:
        async with answered(gate, str) as call:
            assert await say(call, "hello") == "You said: hello"
            pair = call.selected_candidate_pair
            assert pair is not None
            assert pair.remote.address == "::1"

    run(main())


FAILS: dict[str, tuple[Change, type[AIGateError], str]] = {
    "TCP candidates alone": (
        replaced("^a=candidate.* udp .*$", TCP),
        InvalidResponseError,
        "the peer has TCP candidates alone, which needs ice_tcp=True",
    ),
    "no audio accepted": (
        replaced("^m=audio [0-9]+ ", "m=audio 0 "),
        InvalidResponseError,
        "it refuses the section 'audio'",
    ),
    "no channel accepted": (
        replaced("^m=application [0-9]+ ", "m=application 0 "),
        InvalidResponseError,
        "it refuses the section 'application'",
    ),
    "no certificate": (
        lambda answer: without(answer, "a=fingerprint"),
        InvalidResponseError,
        "it names no certificate",
    ),
    "another certificate": (
        replaced("^(a=fingerprint:sha-256) ..:..", r"\1 00:00"),
        ConnectionLostError,
        "its certificate isn't the one that the SDP answer names",
    ),
    "no role": (
        lambda answer: without(answer, "a=setup"),
        InvalidResponseError,
        "it doesn't say which side begins DTLS",
    ),
    "a role that is none": (
        replaced("a=setup:active", "a=setup:actpass"),
        InvalidResponseError,
        "it doesn't say which side begins DTLS",
    ),
    "no key of ICE": (
        lambda answer: without(answer, "a=ice-pwd"),
        InvalidResponseError,
        "ICE username fragment or password is missing",
    ),
    "a candidate alone that is cut short": (
        replaced("^(a=candidate.* udp).*$", r"\1\r"),
        InvalidResponseError,
        "it has no candidate that can be read",
    ),
}


@pytest.mark.parametrize(("change", "kind", "reason"), FAILS.values(), ids=FAILS)
def test_it_is_told_why_it_does_not_open(
    gate: MockGate, change: Change, kind: type[AIGateError], reason: str
) -> None:
    async def main() -> None:
        with pytest.raises(kind, match=re.escape(reason)):
            async with answered(gate, change):
                pass

    run(main())
