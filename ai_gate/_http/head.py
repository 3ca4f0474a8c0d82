"""The head of a response, mended if what stands before the gate broke its grammar.

h11 refuses the whole response for one bad line, which curl, requests, aiohttp and browsers read
past; the session in it is billed all the same.
"""

import re
from math import inf

END = re.compile(rb"\n\r?\n")
"""Where a head ends, as h11 reads it."""
LONGEST = 300 * 1024
"""The bytes that a head may have, as curl reads it; after that h11 gets it in parts, and refuses it
once it holds 100 KB."""
SILENCE = 1.0
"""The seconds without a byte after which a response whose length isn't known has ended."""

_TOKEN = rb"[!#$%&'*+\-.^_`|~0-9A-Za-z]+"
_FIELD = _TOKEN + rb":[^\x00\n]*"
_FOLDED = rb"[ \t][^\x00\n]*"
_GOOD = re.compile(rb"[^\n]*\n(?:(?:" + _FIELD + rb"|" + _FOLDED + rb")\n)*\r?\n")
# These are texts, which are compiled when first used: most responses never need them.
_GOOD_LINE = _FIELD + rb"|" + _FOLDED
_BLANK_BEFORE_COLON = rb"\A(" + _TOKEN + rb")[ \t]+:"
_STATUS = rb"HTTP/1\.[01] ([2-5]\d\d)\b"
_LENGTH = rb"(?im)^content-length[ \t]*:[ \t]*(\d{1,9})\b"
_ENCODING = rb"(?im)^transfer-encoding[ \t]*:"
_LAST_CHUNK = b"0\r\n\r\n"
_CHUNK_LINE = rb"([0-9A-Fa-f]{1,20})(?:;[^\r\n]*)?[ \t]*(?:\r\n|\r?\Z)"
"""The line before a chunk, as h11 reads it, or its beginning at the end of what came."""
_INTERIM = re.compile(rb"HTTP/1\.[01] 1\d\d\b")


def status_and_body(received: bytes) -> tuple[int | None, bytes]:
    """Return the status and the body, as far as it came, of a response whose head is refused.

    If no status can be made out, all that came is the body.
    """
    response = _without_interim(received)
    status, end = re.match(_STATUS, response), END.search(response)
    return (int(status[1]), response[end.end() :]) if status and end else (None, received)


def _without_interim(received: bytes) -> bytes:
    while _INTERIM.match(received) and (end := END.search(received)):
        received = received[end.end() :]
    return received


def behind_chunks(received: bytes) -> bytes:
    """Return what is behind the last chunk that can be read of a response, up to what came."""
    status, body = status_and_body(received)
    if status is None:
        return b""
    place = 0
    while line := re.compile(_CHUNK_LINE).match(body, place):
        size = int(line[1], 16)
        end = line.end() + size
        place = end + 2
        if not size or place > len(body):
            return b""
        if body[end:place] != b"\r\n":
            return body[end:]
    return body[place:]


def more_within(received: bytes) -> float:
    """Return the seconds to wait for more of what may be a success, as far as its head tells.

    Nothing if it is whole or no success. Where only its end tells its length, a short silence has
    to do: a server that keeps the connection open says nothing.
    """
    status, body = status_and_body(received)
    if status is None:
        # "HTTP/2 200", say, can have a length all the same.
        end = END.search(received)
        body = received[end.end() :] if end else b""
    elif status >= 300:
        return 0.0
    response = _without_interim(received)
    head = response[: len(response) - len(body)]
    # Where both are stated, the encoding counts (RFC 9112, 6.3).
    length = None if re.search(_ENCODING, head) else re.search(_LENGTH, head)
    if length:
        return inf if len(body) < int(length[1]) else 0.0
    return 0.0 if status is None or body.endswith(_LAST_CHUNK) else SILENCE


class Head:
    """Takes what comes of a response, and gives it on once its head is whole."""

    def __init__(self) -> None:
        self._held: bytearray | None = bytearray()
        self.is_mended = False
        """Whether a line was changed or left out, which can have said where the body ends."""

    def take(self, data: bytes) -> bytes:
        """Return what h11 can read; nothing if more has to come first.

        Args:
            data: What came; nothing is the end of the connection.
        """
        if self._held is None:
            return data
        # What was looked through before isn't once more: a long head can come byte by byte.
        start = max(0, len(self._held) - 2)
        self._held += data
        readable = b""
        while self._held is not None and (end := END.search(self._held, start)):
            head = bytes(self._held[: end.end()])
            del self._held[: end.end()]
            start = 0
            mended = _mended(head)
            self.is_mended = self.is_mended or mended != head
            readable += mended
            # The head of the response itself follows an interim one.
            if not _INTERIM.match(head):
                readable += self._all()
        if self._held is not None and not (data and self._may_become_a_head()):
            readable += self._all()
        return readable

    def _may_become_a_head(self) -> bool:
        held = self._held or b""
        return b"HTTP/".startswith(held[:5]) and len(held) < LONGEST

    def _all(self) -> bytes:
        held, self._held = bytes(self._held or b""), None
        return held


def _mended(head: bytes) -> bytes:
    if _GOOD.fullmatch(head):
        return head
    first, *lines, last = head.removesuffix(b"\n").split(b"\n")
    # RFC 9112, 5.1: a blank before the colon is to be removed. What else can't be read is left out.
    tried = [re.sub(_BLANK_BEFORE_COLON, rb"\1:", line, count=1) for line in lines]
    return b"\n".join([first, *filter(re.compile(_GOOD_LINE).fullmatch, tried), last, b""])
