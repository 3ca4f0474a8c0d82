"""An SDP answer: why it can't be used, and how it is written so that aiortc reads it right."""

import re
from collections.abc import Collection, Iterable

_SECTION = re.compile(r"^(?=m=)", re.MULTILINE)
_REFUSED = re.compile(r"^m=(\w+) 0 ", re.MULTILINE)
_FINGERPRINT = re.compile(r"^a=fingerprint:", re.MULTILINE)
_ROLE = re.compile(r"^a=setup:(?:active|passive)\s*$", re.MULTILINE)
_CANDIDATE_LINE = re.compile(r"^a=candidate:.*\n?", re.MULTILINE)
_CANDIDATE = re.compile(
    r"^a=candidate:\S+ +\d+ +(?P<protocol>\S+) +\d+ +(?P<address>\S+) +\d+ +typ +\S.*$",
    re.MULTILINE,
)
_DIRECTION = re.compile(r"^a=(?:sendrecv|sendonly|recvonly|inactive)\b", re.MULTILINE)

_OF_THE_TRANSPORT = ("ice-ufrag", "ice-pwd", "fingerprint", "setup")
"""Attributes that hold for all sections which share a transport, and that the standard has in the
first of them alone (RFC 9143, section 7.1.3)."""
_OVER_DTLS = re.compile(r"^m=application \S+ (?:UDP|TCP)/DTLS/SCTP ", re.MULTILINE)
_SCTP_PORT = "a=sctp-port:5000"
"""The port of each peer of WebRTC, also of one that doesn't say so."""

_PLAIN = re.compile(r"[A-Za-z]{1,14}(?: [A-Za-z]{1,14})+")
"""A text of words alone. It quotes no key of an answer, which has 22 characters or more."""


def unusable(answer: str, protocols: Collection[str]) -> str | None:
    """Return why no call can be made of an SDP answer, or None if nothing is known against it.

    Args:
        answer: The answer.
        protocols: The protocols of the candidates that can be reached: `udp`, and perhaps `tcp`.
    """
    if _FINGERPRINT.search(answer) is None:
        # aiortc would wait for it without limit.
        return "it names no certificate"
    if (refused := _REFUSED.search(answer)) is not None:
        return f"it refuses the section {refused[1]!r}"
    if _ROLE.search(answer) is None:
        return "it doesn't say which side begins DTLS"
    if _CANDIDATE_LINE.search(answer) is not None and not _candidates(answer, protocols):
        if _candidates(answer, ("tcp",)):
            return "the peer has TCP candidates alone, which needs ice_tcp=True"
        return "it has no candidate that can be read"
    return None


def reason_of(failure: Exception) -> str:
    """Return why aiortc can't use an SDP answer: its words, unless they can quote the answer."""
    text = str(failure)
    return text if _PLAIN.fullmatch(text) else type(failure).__name__


def for_aiortc(answer: str, protocols: Collection[str] = ("udp",)) -> str:
    """Write an SDP answer so that each media section says what holds for it.

    All sections share one transport, and the standard has its attributes and candidates in the
    first of them; aiortc keeps those of the last. It reads no direction of the session, and without
    one it doesn't let audio through. A candidate that it can't read would cost the others.

    No candidates come later: so aioice can know when it has tried all. But a peer that names none,
    or hides them behind mDNS, can still be the first to send a check.
    """
    session, *sections = _SECTION.split(answer)
    direction = _DIRECTION.search(session)
    default = direction[0] if direction else "a=sendrecv"
    found = _candidates(answer, protocols)
    candidates = [one[0].rstrip() for one in found]
    if _addresses(found):
        candidates.append("a=end-of-candidates")
    shared = [_lines(name, [session, *sections]) for name in _OF_THE_TRANSPORT]
    written = [session]
    for section in sections:
        lines = [_CANDIDATE_LINE.sub("", section).rstrip(), *candidates]
        for name, missing in zip(_OF_THE_TRANSPORT, shared, strict=True):
            if not _lines(name, [section]):
                lines += missing
        if _DIRECTION.search(section) is None:
            lines.append(default)
        if _OVER_DTLS.match(section) and not _lines("sctp-port", [section]):
            lines.append(_SCTP_PORT)
        written.append("\r\n".join(lines) + "\r\n")
    return "".join(written)


def addresses(answer: str) -> set[str]:
    """Return the addresses of the peer that an SDP answer tells."""
    return _addresses(_candidates(answer, ("udp",)))


def _addresses(candidates: Iterable[re.Match[str]]) -> set[str]:
    return {one["address"] for one in candidates if not one["address"].endswith(".local")}


def _candidates(answer: str, protocols: Collection[str]) -> list[re.Match[str]]:
    """The lines of the candidates of these protocols."""
    return [one for one in _CANDIDATE.finditer(answer) if one["protocol"].lower() in protocols]


def _lines(name: str, parts: Iterable[str]) -> list[str]:
    """The lines of an attribute in the first part of an answer that has it."""
    line = re.compile(rf"^a={name}\b.*$", re.MULTILINE)
    found = ([one.rstrip() for one in line.findall(part)] for part in parts)
    return next(filter(None, found), [])
