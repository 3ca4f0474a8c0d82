"""The content encoding of a body, undone within bounds.

The SDK asks for `identity`. A body that comes compressed all the same could unfold to any size, and
the decoders of httpx know no bound and read one gzip member only.
"""

import zlib

import httpx

from ai_gate._call.exchange import MAX_BODY, Deadline

PIECE = 65_536
"""The bytes that are decoded at once, between two looks at the time."""
LAYERS = 3
"""The content encodings, one over another, that are undone: each costs the loop a moment."""
MEMBERS = 16
"""The gzip members that are read: empty ones cost time and unfold to nothing."""
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
    layers = encodings.lower().split(",")
    if len(layers) > LAYERS:
        raise httpx.DecodingError(f"it has more than {LAYERS} content encodings")
    for encoding in reversed(layers):
        match encoding.strip():
            case "gzip" | "x-gzip" | "deflate":
                body = _inflated(body, deadline)
            case "" | "identity":
                pass
            case _:
                # Which one the headers tell: quoted here it would get to logs, whatever it is.
                raise httpx.DecodingError("it has a content encoding that wasn't asked for")
    return body


def _inflated(body: bytes, deadline: Deadline) -> bytes:
    result, rest = bytearray(), body
    for _ in range(MEMBERS):
        if not rest:
            break
        # A gzip body can have several members, and zeros behind them.
        rest = _inflate_one(rest, result, deadline).lstrip(b"\x00")
    if rest:
        raise httpx.DecodingError(f"it has more than {MEMBERS} gzip members")
    return bytes(result)


def _inflate_one(data: bytes, result: bytearray, deadline: Deadline) -> bytes:
    """Add what one stream unfolds to, and return what is behind it."""
    # Some servers mean a bare stream by deflate.
    decoder = zlib.decompressobj(GZIP_OR_ZLIB if _has_header(data) else -zlib.MAX_WBITS)
    while not decoder.eof:
        try:
            piece = decoder.decompress(data, PIECE)
        except zlib.error as error:
            raise httpx.DecodingError(str(error)) from error
        result += piece
        data = decoder.unconsumed_tail
        if len(result) > MAX_BODY:
            raise httpx.DecodingError(f"it unfolds to more than {MAX_BODY:,} bytes")
        if deadline.left() <= 0:
            raise httpx.DecodingError("it took too long")
        # zlib can have taken all and still hold some of what it unfolds to.
        if not data and not decoder.eof and len(piece) < PIECE:
            raise httpx.DecodingError("it is cut short")
    return decoder.unused_data


def _has_header(data: bytes) -> bool:
    """Return True if data begins as a gzip member (RFC 1952) or a zlib stream (RFC 1950) does."""
    is_zlib = len(data) > 1 and data[0] & 0x0F == 8 and (data[0] << 8 | data[1]) % 31 == 0
    return data[:2] == b"\x1f\x8b" or is_zlib
