"""The faults: what the server does with a request, and what must come of the call.

A fault is one entry here. Every one is tried with each client, and once more for the question
whether the request is repeated.
"""

from __future__ import annotations

import gzip
import json
import zlib
from collections.abc import Mapping
from dataclasses import dataclass, replace

from ai_gate import (
    AIGateError,
    APIConnectionError,
    APITimeoutError,
    AuthenticationError,
    BadRequestError,
    InvalidResponseError,
    QuotaExceededError,
    RateLimitError,
    ServerError,
)
from ai_gate.testing._faults.steps import Drip, Reset, Send, Stall
from tests.support.callers import PROJECT
from tests.support.responses import GOOD, HTML, JSON, chunk, head, response
from tests.support.server import Script
from tests.support.steps import Repeat


@dataclass(frozen=True)
class Returns:
    """The call returns just this object, which was sent."""

    json: bytes = JSON


@dataclass(frozen=True)
class Raises:
    """The call raises an error of exactly this class."""

    error: type[AIGateError]
    status: int | None = None
    body: bytes | None = b""  # None: the bytes aren't looked at
    cut: bool = False  # `body` is what was sent, of which any part may have come
    chained: bool = False  # an exception must be behind it


@dataclass(frozen=True)
class Fault:
    """What the server does once it has read the request, and the outcome."""

    name: str
    script: Script
    outcome: Returns | Raises
    # Whether the GET, which may, asks again. None: both would be fine.
    repeated: bool | None = False
    # The body that our own connections keep besides: httpx's lose what h11 refuses.
    kept: bytes | None = None

    @property
    def own_outcome(self) -> Returns | Raises:
        """The outcome with a client of ours."""
        if self.kept is None or isinstance(self.outcome, Returns):
            return self.outcome
        return replace(self.outcome, body=self.kept)

    @property
    def slow(self) -> bool:
        """Whether only the end of the call's time ends it."""
        hangs = isinstance(self.script[-1], (Stall, Drip, Repeat))
        return hangs and isinstance(self.outcome, Raises)


def lost(name: str, *script: Send | Reset) -> Fault:
    """No status and headers came whole."""
    return Fault(name, script, Raises(APIConnectionError, chained=True), repeated=True)


def no_http(name: str, data: bytes) -> Fault:
    """What came is no response, but there may be a session in it."""
    outcome = Raises(APIConnectionError, chained=True)
    return Fault(name, (Send(data),), outcome, repeated=True, kept=data[:65_536])


def late(name: str, *script: Send | Stall | Drip | Repeat) -> Fault:
    """Time ran out before there were status and headers."""
    return Fault(name, script, Raises(APITimeoutError, chained=True))


def returned(name: str, data: bytes, body: bytes = JSON) -> Fault:
    """Odd to look at, but a success."""
    return Fault(name, (Send(data),), Returns(body))


def invalid(
    name: str, body: bytes, *headers: str, status: int = 200, chained: bool = True
) -> Fault:
    """A whole 2xx answer that holds no JSON object."""
    outcome = Raises(InvalidResponseError, status, body, chained=chained)
    return Fault(name, (Send(response(status, body, *headers)),), outcome)


def unpacked(name: str, body: bytes, expected: bytes | None) -> Fault:
    """A whole 2xx answer that is no gzip although it says so, which may count as lost."""
    script = (Send(response(200, body, "Content-Encoding: gzip")),)
    return Fault(name, script, Raises(InvalidResponseError, 200, expected), repeated=None)


def unreadable(name: str, *script: Send) -> Fault:
    """A whole answer with a head that h11 refuses."""
    return Fault(name, script, Raises(InvalidResponseError, 200, None, chained=True))


def refused(
    status: int, error: type[AIGateError], name: str, body: bytes = HTML, *headers: str
) -> Fault:
    """A whole answer with an error status."""
    # Said, so that a client that asks again doesn't race with the end of the connection.
    script = (Send(response(status, body, "Connection: close", *headers)),)
    return Fault(f"{status} {name}", script, Raises(error, status, body), status in ASKED_AGAIN)


# The statuses after which a GET is sent again.
ASKED_AGAIN = frozenset({429, 502, 503, 504, *range(520, 531)})
PART = JSON[:40]
CUT_CHUNK = b"%x\r\n%b" % (len(JSON), PART)
# The numbers are those of the issue: past what the standard library reads of an integer and a list.
LONG_INTEGER = b'{"expires_at": ' + b"7" * 5_000 + b"}"
DEEP = b'{"tools": ' + b"[" * 1_000_000 + b"]" * 1_000_000 + b"}"
LARGE = b'{"id": "sess_large", "instructions": "' + b"x" * 8_000_000 + b'"}'
TOO_LARGE = LARGE + b" " * 1_000_000
BOMB = gzip.compress(bytes(64_000_000), 1)
NO_GZIP = b"\x1f\x8b\x08\x00 no gzip at all"
ODD_SIZE = b"zz\r\n" + JSON + b"\r\n0\r\n\r\n"
LF_CHUNKS = b"%x\n%b\n0\n\n" % (len(JSON), JSON)
LENGTH = f"Content-Length: {len(JSON)}"
CHUNKED = "Transfer-Encoding: chunked"

BEFORE_AN_ANSWER = (
    lost("reset before the headers", Reset()),
    lost("closed before the headers", Send(b"")),
    lost("reset in the status line", Send(b"HTTP/1.1 20"), Reset()),
    lost("closed in the status line", Send(b"HTTP/1.1 20")),
    lost("reset in the headers", Send(b"HTTP/1.1 200 OK\r\nContent-Le"), Reset()),
    lost("closed in the headers", Send(b"HTTP/1.1 200 OK\r\nContent-Le")),
    lost("closed between the headers", Send(b"HTTP/1.1 503 Busy\r\nServer: x\r\n")),
    lost("reset after 103", Send(head(103)), Reset()),
    no_http("garbage", b"\x00\x01\xfe\xff no HTTP" * 20),
    no_http("garbage that ends as headers do", b"SSH-2.0-OpenSSH_9.6\r\n\r\n"),
    lost("a body without a head", Send(JSON)),
    no_http("another protocol", GOOD.replace(b"HTTP/1.1", b"ICY")),
    # Nobody asked for another protocol.
    no_http("101", head(101, "Upgrade: odd", "Connection: upgrade")),
    no_http("a status that is no number", response("2OO", JSON)),
    no_http("a status below 100", response("099", JSON)),
    no_http("a status of four digits", response(2000, JSON)),
    no_http("a header of 400 KB", response(200, JSON, "Server: " + "x" * 400_000)),
    no_http("headers of 400 KB", response(200, JSON, *["Server: " + "x" * 1_000] * 400)),
    no_http("the name of HTTP/2", GOOD.replace(b"HTTP/1.1", b"HTTP/2")),
)

TOO_LATE = (
    late("stalled before the headers", Stall()),
    late("stalled in the headers", Send(b"HTTP/1.1 200 OK\r\nContent-Le"), Stall()),
    late("stalled after 103", Send(head(103)), Stall()),
    late("dripping headers", Drip(head(200, "X-Padding: " + "x" * 200))),
    late("103 without end", Repeat(head(103), interval=0.02)),
    late("103 without end or pause", Repeat(head(103) * 20)),
    Fault(
        "stalled in the body",
        (Send(head(200, LENGTH) + PART), Stall()),
        Raises(APITimeoutError, 200, PART, chained=True),
    ),
    Fault(
        "a length too large, and no end",
        (Send(head(200, "Content-Length: 9999") + JSON), Stall()),
        Raises(APITimeoutError, 200, JSON),
    ),
    Fault(
        "no length, and no end",
        (Send(head(200) + JSON), Stall()),
        Raises(APITimeoutError, 200, JSON),
    ),
    Fault(
        "stalled between chunks",
        (Send(head(200, CHUNKED) + chunk(PART)), Stall()),
        Raises(APITimeoutError, 200, PART),
    ),
    Fault(
        "dripping body",
        (Send(head(200, LENGTH)), Drip(JSON)),
        Raises(APITimeoutError, 200, JSON, cut=True),
    ),
    Fault(
        "chunks without end",
        (Send(head(200, CHUNKED)), Repeat(chunk(b" " * 1_000), interval=0.002)),
        Raises(APITimeoutError, 200, body=None),
    ),
    Fault(
        "429 stalled in the body",
        (Send(head(429, LENGTH) + PART), Stall()),
        Raises(RateLimitError, 429, PART),
    ),
    Fault(
        "522 with a dripping body",
        (Send(head(522, f"Content-Length: {len(HTML) * 9}")), Drip(HTML * 9)),
        Raises(ServerError, 522, HTML * 9, cut=True),
    ),
)


def cut_off(name: str, data: bytes, body: bytes, *end: Reset, kept: bytes | None = None) -> Fault:
    """A 2xx answer of which not everything came, or could be read."""
    outcome = Raises(InvalidResponseError, 200, body, chained=True)
    return Fault(name, (Send(data), *end), outcome, repeated=True, kept=kept)


CUT_OFF = (
    cut_off("reset after the headers", head(200, LENGTH), b"", Reset()),
    cut_off("reset in the body", head(200, LENGTH) + PART, PART, Reset()),
    cut_off("closed after the headers", head(200, LENGTH), b""),
    cut_off("truncated", head(200, LENGTH) + PART, PART),
    cut_off("truncated by a byte", head(200, LENGTH) + JSON[:-1], JSON[:-1]),
    cut_off("a length too large", head(200, "Content-Length: 9999") + JSON, JSON),
    cut_off("truncated between chunks", head(200, CHUNKED) + chunk(PART), PART),
    cut_off("truncated in a chunk", head(200, CHUNKED) + CUT_CHUNK, PART),
    cut_off("without the last chunk", head(200, CHUNKED) + chunk(JSON), JSON),
    cut_off("reset between chunks", head(200, CHUNKED) + chunk(PART), PART, Reset()),
    cut_off(
        "garbage for a chunk",
        head(200, CHUNKED) + chunk(PART) + b"zz\r\n",
        PART,
        kept=PART + b"zz\r\n",
    ),
    cut_off("a chunk size that is none", head(200, CHUNKED) + ODD_SIZE, b"", kept=ODD_SIZE),
    cut_off("chunk lines without CR", head(200, CHUNKED) + LF_CHUNKS, b"", kept=LF_CHUNKS),
    cut_off(
        "a chunk that is longer than its size",
        head(200, CHUNKED) + b"28\r\n" + JSON,
        PART,
        kept=JSON,
    ),
    cut_off("truncated in a chunk's line", head(200, CHUNKED) + chunk(PART) + b"3;a=b\r", PART),
    cut_off("truncated behind a chunk", head(200, CHUNKED) + chunk(PART)[:-1], PART),
    cut_off("a bad trailer", head(200, CHUNKED) + chunk(JSON) + b"0\r\nX\r\n\r\n", JSON),
)

NO_JSON_OBJECT = (
    invalid("empty", b""),
    invalid("201 and empty", b"", status=201),
    invalid("white space", b" \r\n\t "),
    invalid("HTML", HTML, "Content-Type: text/html"),
    invalid("text", b"upstream connect error", "Content-Type: text/plain"),
    invalid("half an object", PART),
    invalid("two objects", b"{}{}"),
    invalid("a list", b'[{"id": "sess_01"}]', chained=False),
    invalid("a string", b'"sess_01"', chained=False),
    invalid("a number", b"42", chained=False),
    invalid("null", b"null", chained=False),
    invalid("true", b"true", chained=False),
    invalid("not a number", b"NaN", chained=False),
    invalid("Latin-1", '{"name": "Jos\u00e9"}'.encode("latin-1")),
    invalid(
        "Latin-1, and said so",
        '{"name": "Jos\u00e9"}'.encode("latin-1"),
        "Content-Type: application/json; charset=iso-8859-1",
    ),
    invalid("zero bytes", b"\x00" * 100),
    invalid("an integer of 5,000 digits", LONG_INTEGER),
    invalid("nested a million deep", DEEP),
    unpacked("broken gzip", NO_GZIP, NO_GZIP),
    unpacked("gzip cut short in a whole answer", gzip.compress(JSON)[:40], None),
    unpacked("gzip that unfolds to 64 MB", BOMB, BOMB),
    Fault(
        "9 MB",
        (Send(response(200, TOO_LARGE)),),
        Raises(InvalidResponseError, 200, TOO_LARGE, cut=True),
    ),
    Fault(
        "9 MB in chunks",
        (Send(head(200, CHUNKED) + chunk(b" " * 60_000) * 150),),
        Raises(InvalidResponseError, 200, None),
    ),
    invalid("an encoding that isn't known", b"\x8b\x03\x80", "Content-Encoding: x-odd"),
    Fault(
        "a length too small",
        (Send(head(200, "Content-Length: 40") + JSON),),
        Raises(InvalidResponseError, 200, PART, chained=True),
        repeated=None,
    ),
    Fault(
        "204",
        (Send(head(204)),),
        Raises(InvalidResponseError, 204, b"", chained=True),
    ),
)

SUCCESSES = (
    returned("good", GOOD),
    returned("201", response(201, JSON)),
    returned("299", response(299, JSON)),
    returned("no content type", response(200, JSON)),
    returned("called HTML", response(200, JSON, "Content-Type: text/html")),
    returned("called Latin-1", response(200, JSON, "Content-Type: text/plain; charset=latin-1")),
    returned("empty object", response(200, b"{}"), b"{}"),
    returned("byte order mark", response(200, b"\xef\xbb\xbf" + JSON)),
    # JSON must be UTF-8, but what can be read without a guess isn't kept from who paid for it.
    returned("UTF-16", response(200, JSON.decode().encode("utf-16"))),
    returned("UTF-16 without a mark", response(200, JSON.decode().encode("utf-16-le"))),
    returned("JSON that says it is gzip", response(200, JSON, "Content-Encoding: gzip")),
    returned("status line without a reason", GOOD.replace(b" Said So", b"")),
    returned("status line with an empty reason", GOOD.replace(b"Said So", b"")),
    returned("HTTP/1.0", GOOD.replace(b"HTTP/1.1", b"HTTP/1.0")),
    returned("no length", head(200) + JSON),
    returned("the same length twice", head(200, LENGTH, LENGTH) + JSON),
    returned("100 before 200", head(100) + GOOD),
    returned("103 before 200", head(103, "Link: </a>; rel=preload") + GOOD),
    returned("a header of 60 KB", response(200, JSON, "Server: " + "x" * 60_000)),
    returned("a header in Latin-1", response(200, JSON, "Server: Jos\u00e9")),
    returned("chunked", head(200, CHUNKED) + chunk(PART) + chunk(JSON[40:]) + chunk(b"")),
    returned("gzip", response(200, gzip.compress(JSON), "Content-Encoding: gzip")),
    returned("deflate", response(200, zlib.compress(JSON), "Content-Encoding: deflate")),
    returned(
        "gzip in chunks",
        head(200, CHUNKED, "Content-Encoding: gzip") + chunk(gzip.compress(JSON)) + chunk(b""),
    ),
    returned("JSON under an encoding that isn't known", response(200, JSON, "Content-Encoding: x")),
    returned("8 MB", response(200, LARGE), LARGE),
    returned(
        "gzip of two members",
        response(200, gzip.compress(PART) + gzip.compress(JSON[40:]), "Content-Encoding: gzip"),
    ),
    returned(
        "gzip of gzip",
        response(200, gzip.compress(gzip.compress(JSON)), "Content-Encoding: gzip, gzip"),
    ),
    returned(
        "deflate without a header",
        response(200, zlib.compress(JSON, wbits=-15), "Content-Encoding: deflate"),
    ),
    Fault("dripping, but in time", (Drip(GOOD, interval=0.0005),), Returns()),
    Fault("reset after the whole answer", (Send(GOOD), Reset()), Returns()),
)

CLASSES: Mapping[int, type[AIGateError]] = {
    400: BadRequestError,
    401: AuthenticationError,
    402: QuotaExceededError,
    403: AIGateError,
    404: AIGateError,
    418: AIGateError,
    429: RateLimitError,
    499: AIGateError,
    500: ServerError,
    501: ServerError,
    502: ServerError,
    503: ServerError,
    504: ServerError,
    520: ServerError,
    522: ServerError,
    530: ServerError,
    599: ServerError,
    600: AIGateError,
    999: AIGateError,
}
REDIRECTS = (300, 301, 307)
NAMES_THE_PROJECT = json.dumps({"error": "odd", "message": f"no project {PROJECT}"}).encode()

STATUSES = (
    *(refused(status, error, "with HTML") for status, error in CLASSES.items()),
    *(refused(status, AIGateError, "redirects", b"", "Location: /") for status in REDIRECTS),
    refused(302, AIGateError, "with a location that is none", b"", "Location: http://[::/\x7f"),
    refused(302, AIGateError, "without a location", JSON),
    *(
        refused(status, CLASSES[status], "that names the project", NAMES_THE_PROJECT)
        for status in (400, 401, 500)
    ),
    Fault("304", (Send(head(304)),), Raises(AIGateError, 304)),
)


def cut(status: int) -> tuple[Fault, ...]:
    """Error responses of which not everything came; the status still decides."""
    error = CLASSES[status]

    def fault(name: str, *script: Send | Reset, body: bytes | None) -> Fault:
        # If the status alone is no reason to ask again, a lost body may be one or not.
        repeated = status in ASKED_AGAIN or None
        return Fault(f"{status} {name}", script, Raises(error, status, body), repeated)

    return (
        fault("reset after the headers", Send(head(status, LENGTH)), Reset(), body=b""),
        fault("reset in the body", Send(head(status, LENGTH) + PART), Reset(), body=PART),
        fault("truncated", Send(head(status, LENGTH) + PART), body=PART),
        fault("truncated in a chunk", Send(head(status, CHUNKED) + CUT_CHUNK), body=PART),
        fault("with garbage for a chunk", Send(head(status, CHUNKED) + b"zz\r\n"), body=b""),
        refused(status, error, "with broken gzip", NO_GZIP, "Content-Encoding: gzip"),
    )


# Error responses whose bodies are no better than those above.
SPOILT = tuple(
    refused(402, QuotaExceededError, name, body)
    for name, body in {
        "and empty": b"",
        "with a list": b"[1]",
        "with a string": b'"no"',
        "with null": b"null",
        "with half an object": b'{"error": "quota_excee',
        "with odd values": b'{"error": [1], "message": {"a": null}}',
        "with Latin-1": b'{"message": "Jos\xe9"}',
        "with an integer of 5,000 digits": LONG_INTEGER,
        "nested a million deep": DEEP,
    }.items()
)

# What the connection does to a response, and what a response holds.
LOST = (*BEFORE_AN_ANSWER, *CUT_OFF, *cut(402), *cut(429), *cut(522))
HELD = (*NO_JSON_OBJECT, *SUCCESSES, *STATUSES, *SPOILT)
FAULTS = (*LOST, *TOO_LATE, *HELD)
# With httpx's own pool, and aiohttp's, such a response is lost.
BAD_HEADS = (
    no_http("an empty line before the status line", b"\r\n" + GOOD),
    unreadable("a length that is no number", Send(head(200, "Content-Length: many") + JSON)),
    unreadable("a negative length", Send(head(200, "Content-Length: -1") + JSON)),
    unreadable("two lengths", Send(head(200, LENGTH, "Content-Length: 7") + JSON)),
    unreadable("an unknown transfer encoding", Send(head(200, "Transfer-Encoding: odd") + JSON)),
    returned("a header without a name", response(200, JSON, ": x")),
    returned("a header without a colon", response(200, JSON, "X-Cache")),
    returned("a header with a zero byte", response(200, JSON, "Server: a\x00b")),
    returned("a blank in a header's name", response(200, JSON, "X Cache: HIT")),
    returned("a blank before the colon", response(200, JSON, "X-Cache : HIT")),
    returned("a blank before the length's colon", response(200, JSON).replace(b"th:", b"th :")),
    returned(
        "a bad header after early hints", head(103, "Link : </a>") + response(200, JSON, "X-Cache")
    ),
    returned("a header of 200 KB", response(200, JSON, "Server: " + "x" * 200_000)),
    returned("headers of 200 KB", response(200, JSON, *["Server: " + "x" * 1_000] * 200)),
    refused(402, QuotaExceededError, "with a bad header", HTML, "X-Cache : HIT"),
)
SLOW = tuple(fault for fault in FAULTS if fault.slow)
BY_NAME: Mapping[str, Fault] = {fault.name: fault for fault in FAULTS}
