"""The SDP answer as OpenAI's peer writes it."""

import re

_MAX_MESSAGE_SIZE = 1_073_741_823
_SECTION = re.compile(r"^(?=m=)", re.MULTILINE)
_CANDIDATE = re.compile(r"^a=candidate:.*(?=\r)", re.MULTILINE)
_FINGERPRINT = re.compile(r"^a=fingerprint:sha-256 .*\n", re.MULTILINE)
_UFRAG = re.compile(r"^a=ice-ufrag:(.*)(?=\r)", re.MULTILINE)
_ELSEWHERE = re.compile(r"^a=(?:candidate|end-of-candidates|fingerprint)\b.*\n", re.MULTILINE)
_SIZE = re.compile(r"^(a=max-message-size:).*(?=\r)", re.MULTILINE)


def as_openai_writes_it(sdp: str, *, is_ice_lite: bool) -> str:
    """Rewrite aiortc's answer.

    The fingerprint stands in the session's part, the candidates in the first section alone, and no
    line says that they are all.
    """
    session, *sections = _SECTION.split(sdp)
    first = sections[0]
    extension = "".join(f" ufrag {ufrag}" for ufrag in _UFRAG.findall(first))
    candidates = [f"{line}{extension}\r\n" for line in _CANDIDATE.findall(first)]
    lite = ["a=ice-lite\r\n"] if is_ice_lite else []
    written = [_SIZE.sub(rf"\g<1>{_MAX_MESSAGE_SIZE}", _ELSEWHERE.sub("", one)) for one in sections]
    written.insert(1, "".join(candidates))
    return "".join([session, *_FINGERPRINT.findall(first)[:1], *lite, *written])
