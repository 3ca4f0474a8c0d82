"""An SDP answer: why it can't be used, and how it is written so that aiortc reads it right."""

import re
from collections.abc import Collection

_SECTION = re.compile(r"^(?=m=)", re.MULTILINE)
_REFUSED = re.compile(r"^m=(\w+) 0 ", re.MULTILINE)
_FINGERPRINT = re.compile(r"^a=fingerprint:", re.MULTILINE)
_CANDIDATE = re.compile(r"^a=candidate:\S+ \S+ (?P<protocol>\S+) .*\n?", re.MULTILINE)
_ADDRESS = re.compile(r"^a=candidate:(?:\S+ ){4}(?P<address>\S+)(?<!\.local) ", re.MULTILINE)
_DIRECTION = re.compile(r"^a=(?:sendrecv|sendonly|recvonly|inactive)\b", re.MULTILINE)


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
    if _CANDIDATE.search(answer) is not None and not _candidates(answer, protocols):
        return "the peer has TCP candidates alone, which needs ice_tcp=True"
    return None


def for_aiortc(answer: str, protocols: Collection[str] = ("udp",)) -> str:
    """Write an SDP answer so that each media section says what holds for it.

    All sections share one transport, and the standard has its candidates in the first of them;
    aiortc keeps those of the last. It reads no direction of the session, and without one it doesn't
    let audio through.

    No candidates come later: so aioice can know when it has tried all. But a peer that names none,
    or hides them behind mDNS, can still be the first to send a check.
    """
    session, *sections = _SECTION.split(answer)
    direction = _DIRECTION.search(session)
    default = direction[0] if direction else "a=sendrecv"
    candidates = _candidates(answer, protocols)
    if any(_ADDRESS.match(one) for one in candidates):
        candidates.append("a=end-of-candidates")
    written = [session]
    for section in sections:
        lines = [_CANDIDATE.sub("", section).rstrip(), *candidates]
        if _DIRECTION.search(section) is None:
            lines.append(default)
        written.append("\r\n".join(lines) + "\r\n")
    return "".join(written)


def addresses(answer: str) -> set[str]:
    """Return the addresses of the peer that an SDP answer tells."""
    found = (_ADDRESS.match(one) for one in _candidates(answer, ("udp",)))
    return {one["address"] for one in found if one}


def _candidates(answer: str, protocols: Collection[str]) -> list[str]:
    """The lines of the candidates of these protocols."""
    found = _CANDIDATE.finditer(answer)
    return [one[0].rstrip() for one in found if one["protocol"].lower() in protocols]
