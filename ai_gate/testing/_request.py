"""A request as it arrived, and how target, headers and body are read off the wire."""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from email import errors
from email.message import Message
from io import BufferedIOBase
from typing import Any
from urllib.parse import parse_qs, urlsplit

MAX_BODY = 10 * 2**20
KEPT_BODY = 2**20
_MAX_LINE = 2**16
# After these, the parser of the standard library goes on, but leaves headers out.
_HEADER_DEFECTS = (
    errors.FirstHeaderLineIsContinuationDefect,
    errors.InvalidHeaderDefect,
    errors.MisplacedEnvelopeHeaderDefect,
    errors.MissingHeaderBodySeparatorDefect,
)


@dataclass(frozen=True)
class ReceivedRequest:
    """A request as it arrived at the mock gate.

    `repr` shows only the method and the path, since the rest may carry project IDs.

    Attributes:
        method: The HTTP method, for example `POST`.
        path: The path without the query, for example `/session`.
        query: The query parameters, each with the list of its values.
        headers: The headers by lower-case name; repeated ones are joined with a comma.
        body: The body's bytes, empty if there was none; the first 1 MiB of a larger one.
        is_cut: Whether `body` lacks the rest of a larger body.

    Example:
        >>> ReceivedRequest("POST", "/session", {}, {}, b'{"voice": "nova"}').json()
        {'voice': 'nova'}
    """

    method: str
    path: str
    query: Mapping[str, list[str]] = field(repr=False)
    headers: Mapping[str, str] = field(repr=False)
    body: bytes = field(repr=False)
    is_cut: bool = field(default=False, repr=False)

    def json(self) -> Any:
        """Read the body as JSON.

        Returns:
            The value that the body holds.

        Raises:
            ValueError: The body isn't JSON, or was cut.
        """
        if self.is_cut:
            raise ValueError(f"only the first {KEPT_BODY} bytes of this body were kept")
        return json.loads(self.body)


class UnreadableRequestError(Exception):
    """A request that can't be read to its end, so that its connection can't be used again."""

    def __init__(self, message: str, status: int = 400) -> None:
        super().__init__(message)
        self.status = status


def read_request(
    method: str, target: str, headers: Message, stream: BufferedIOBase
) -> ReceivedRequest:
    """Read the rest of a request whose head http.server has parsed.

    Raises:
        UnreadableRequestError: It can't be read to its end.
    """
    if any(isinstance(defect, _HEADER_DEFECTS) for defect in headers.defects):
        raise UnreadableRequestError("A header line is malformed")
    path, query = _read_target(target)
    return ReceivedRequest(
        method=method,
        path=path,
        query=query,
        headers=read_headers(headers),
        body=_read_body(headers, stream),
    )


def read_headers(headers: Message) -> dict[str, str]:
    """Return the headers by lower-case name."""
    return {name.lower(): ", ".join(headers.get_all(name, [])) for name in headers}


def _read_target(target: str) -> tuple[str, dict[str, list[str]]]:
    if not target.isascii():
        raise UnreadableRequestError("The request target must be ASCII")
    try:
        url = urlsplit(target)
        return url.path, parse_qs(url.query, keep_blank_values=True, errors="strict")
    except ValueError as error:  # the error's text may quote the target
        raise UnreadableRequestError("The request target is no URL in UTF-8") from error


def _read_body(headers: Message, stream: BufferedIOBase) -> bytes:
    codings = headers.get_all("transfer-encoding", [])
    lengths = headers.get_all("content-length", [])
    if len(codings) + len(lengths) > 1:
        raise UnreadableRequestError("The length of the body is given more than once")
    if codings:
        if codings[0].strip().lower() != "chunked":
            raise UnreadableRequestError("The transfer encoding must be chunked")
        return _read_chunks(stream)
    if lengths:
        return _read_exactly(stream, _read_size(lengths[0].strip(), "[0-9]{1,20}", 10))
    return b""


def _read_chunks(stream: BufferedIOBase) -> bytes:
    body = bytearray()
    while size := _read_chunk_size(stream):
        body += _read_exactly(stream, size, already=len(body))
        if stream.readline(2) != b"\r\n":
            raise UnreadableRequestError("A chunk of the body is longer than it says")
    while stream.readline(_MAX_LINE).strip():
        pass  # trailers
    return bytes(body)


def _read_chunk_size(stream: BufferedIOBase) -> int:
    line = stream.readline(_MAX_LINE).decode("latin-1")
    return _read_size(line.split(";")[0].strip(), "[0-9A-Fa-f]{1,16}", 16)


def _read_size(text: str, pattern: str, base: int) -> int:
    if not re.fullmatch(pattern, text):
        raise UnreadableRequestError("The length of the body is malformed")
    return int(text, base)


def _read_exactly(stream: BufferedIOBase, size: int, already: int = 0) -> bytes:
    if already + size > MAX_BODY:
        raise UnreadableRequestError(f"The body is larger than {MAX_BODY} bytes", 413)
    data = stream.read(size)
    if len(data) < size:
        raise UnreadableRequestError("The body ends early")
    return data
