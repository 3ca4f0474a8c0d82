"""Where an answer ends on the wire."""

from collections.abc import Iterable

LAST_CHUNK = b"\r\n0\r\n\r\n"


def nothing_follows(received: bytes, headers: Iterable[tuple[bytes, bytes]]) -> bool:
    """Whether it is certain that an answer was all that came.

    Bytes that came behind it stay in the connection's buffer and would be read as the next answer,
    which is somebody else's session. So a connection is kept only where none can be there.

    Args:
        received: All that came since the request was sent.
        headers: The headers of the answer.
    """
    _, _, body = received.partition(b"\r\n\r\n")
    fields = {name.lower(): value for name, value in headers}
    if b"transfer-encoding" in fields:
        framed = b"\r\n" + body
        return framed.find(LAST_CHUNK) == len(framed) - len(LAST_CHUNK) >= 0
    length = fields.get(b"content-length", b"0")
    return length.isdigit() and len(body) == int(length)
