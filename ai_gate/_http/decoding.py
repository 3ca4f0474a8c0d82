"""The content encoding of a body, undone within bounds.

The SDK asks for `identity`. A body that comes compressed all the same could unfold to any size, and
the decoders of httpx know no bound and read one gzip member only.
"""

import zlib

import httpx

from ai_gate._call.exchange import MAX_BODY, Deadline

PIECE = 65_536
"""The bytes that are decoded at once, between two looks at the time."""
GZIP_OR_ZLIB = zlib.MAX_WBITS | 32
"""zlib's window bits for a stream whose header says which of the two it is."""


def decoded(body: bytes, encodings: str, deadline: Deadline) -> bytes:
    """Return a body without its content encoding.

    Args:
        body: The body as it came.
        encodings: The Content-Encoding header.
        deadline: When it must be done.

    Raises:
        httpx.DecodingError: It isn't what the header says, is too large, or takes too long.
    """
    for encoding in reversed(encodings.lower().split(",")):
        match encoding.strip():
            case "gzip" | "x-gzip" | "deflate":
                body = _inflated(body, deadline)
            case "" | "identity":
                pass
            case other:
                raise httpx.DecodingError(f"the content encoding {other[:20]!r} wasn't asked for")
    return body


def _inflated(body: bytes, deadline: Deadline) -> bytes:
    result, rest = bytearray(), body
    while rest:
        # Some servers mean a bare stream by deflate.
        bits = GZIP_OR_ZLIB if _has_header(rest) else -zlib.MAX_WBITS
        decoder = zlib.decompressobj(bits)
        while not decoder.eof:
            try:
                result += decoder.decompress(rest, PIECE)
            except zlib.error as error:
                raise httpx.DecodingError(str(error)) from error
            if len(result) > MAX_BODY:
                raise httpx.DecodingError(f"it unfolds to more than {MAX_BODY:,} bytes")
            if deadline.left() <= 0:
                raise httpx.DecodingError("it took too long")
            if not decoder.unconsumed_tail and not decoder.eof:
                raise httpx.DecodingError("it is cut short")
            rest = decoder.unconsumed_tail
        # A gzip body can have several members.
        rest = decoder.unused_data
    return bytes(result)


def _has_header(data: bytes) -> bool:
    """Return True if data begins as a gzip member (RFC 1952) or a zlib stream (RFC 1950) does."""
    is_zlib = len(data) > 1 and data[0] & 0x0F == 8 and (data[0] << 8 | data[1]) % 31 == 0
    return data[:2] == b"\x1f\x8b" or is_zlib
