"""Bad requests: each gets a documented response, is kept, and quotes no secret."""

from collections.abc import Callable
from typing import Any

import httpx
import pytest

from ai_gate.testing import MockGate, Violation
from ai_gate.testing._request import MAX_BODY

Exchange = Callable[..., httpx.Response]

JSON = {"content-type": "application/json"}


def post(client: httpx.Client, body: bytes, **headers: str) -> httpx.Response:
    return client.post("/session", content=body, headers={**JSON, **headers})


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ({}, "the body lacks project_id"),
        ({"project_id": ""}, "project_id does not satisfy minLength: 1"),
        ({"project_id": None}, 'project_id does not satisfy type: "string"'),
        ({"project_id": "p", "voice": 1}, 'voice does not satisfy type: "string"'),
        ({"project_id": "p", "temperature": 1.01}, "temperature does not satisfy maximum: 1"),
        ({"project_id": "p", "temperature": -1}, "temperature does not satisfy minimum: 0"),
        ({"project_id": "p", "temperature": True}, 'temperature does not satisfy type: "number"'),
        ({"project_id": "p", "temperature": 10**400}, "temperature does not satisfy maximum: 1"),
        ([], 'the body does not satisfy type: "object"'),
        (
            {"model": 1, "voice": 2},
            'the body lacks project_id; model does not satisfy type: "string"; '
            'voice does not satisfy type: "string"',
        ),
    ],
)
def test_body_against_the_schema(
    gate: MockGate, client: httpx.Client, body: Any, message: str
) -> None:
    answer = client.post("/session", json=body)
    assert answer.status_code == 400
    assert answer.json() == {"error": "invalid_request", "message": message}
    assert gate.violations == [Violation("request", "POST", "/session", message)]


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        (b'{"project_id": "proj_secret"', "Expecting"),
        (b'{"project_id": "proj_secret", "temperature": NaN}', "NaN is no JSON"),
        (b'{"project_id": "proj_secret", "x": [-Infinity]}', "-Infinity is no JSON"),
        (b'{"project_id": "proj_secret\xff"}', "can't decode byte 0xff"),
        ('{"project_id": "proj_secret"}'.encode("utf-16"), "can't decode byte"),
        (b'\xef\xbb\xbf{"project_id": "proj_secret"}', "BOM"),
        (b'{"project_id": "proj_secret", "x": ' + b"9" * 5000 + b"}", "5000 digits"),
        (b"project_id=proj_secret", "Expecting value"),
    ],
)
def test_body_is_no_json(gate: MockGate, client: httpx.Client, body: bytes, reason: str) -> None:
    answer = post(client, body)
    assert answer.status_code == 400
    assert reason in answer.json()["message"]
    assert answer.json()["message"].startswith("the body is no valid JSON: ")
    assert "secret" not in answer.text + repr(gate.violations)


@pytest.mark.parametrize("depth", [100, 900, 960, 970, 980, 100_000])
@pytest.mark.parametrize(
    "prefix", ["", '{"project_id": "p", "x": ', '{"project_id": "p", "voice": ']
)
def test_nested_body(gate: MockGate, client: httpx.Client, prefix: str, depth: int) -> None:
    # Depending on the depth, the JSON parser gives up, or the validator, or neither does.
    end = "}" if prefix else ""
    answer = post(client, f"{prefix}{'[' * depth}{']' * depth}{end}".encode())
    if answer.status_code == 400:
        assert answer.json()["message"] in {
            "the body is nested too deeply",
            'the body does not satisfy type: "object"',
            'voice does not satisfy type: "string"',
        }
    else:
        assert (prefix[-4:], answer.status_code) == ('x": ', 200)
    assert all(violation.kind == "request" for violation in gate.violations)


def test_large_numbers_of_unknown_fields_go_through(client: httpx.Client) -> None:
    body = b'{"project_id": "p", "x": 1e999, "y": ' + b"9" * 4000 + b"}"
    answer = post(client, body)
    assert answer.status_code == 200
    # As JavaScript writes what it read as infinite.
    assert answer.json()["x"] is None


@pytest.mark.parametrize(
    "content_type",
    ["", "text/plain", "application/jsonp", "application/x-www-form-urlencoded", "é", "json; ="],
)
def test_content_type_must_be_json(client: httpx.Client, content_type: str) -> None:
    answer = client.post(
        "/session",
        content=b'{"project_id": "p"}',
        headers=[(b"content-type", content_type.encode())],
    )
    assert answer.status_code == 400
    assert answer.json()["message"] == "the content type must be application/json"


def test_content_type_is_missing(exchange: Exchange) -> None:
    body = b'{"project_id": "p"}'
    answer = exchange(b"POST /session HTTP/1.1\r\nContent-Length: %d\r\n\r\n%s" % (len(body), body))
    assert answer.status_code == 400
    assert answer.json()["message"] == "the content type must be application/json"


@pytest.mark.parametrize(
    "content_type",
    [
        "application/json; charset=utf-8",
        "Application/JSON",
        "application/json;x",
        "application/json ; x=1",
    ],
)
def test_spellings_of_json(client: httpx.Client, content_type: str) -> None:
    assert post(client, b'{"project_id": "p"}', **{"content-type": content_type}).is_success


@pytest.mark.parametrize("boundary", ["", "; boundary=x"])
def test_multipart_is_no_malformed_header(client: httpx.Client, boundary: str) -> None:
    answer = post(client, b"--x--", **{"content-type": f"multipart/form-data{boundary}"})
    assert answer.json()["message"] == "the content type must be application/json"


def test_body_is_missing(client: httpx.Client) -> None:
    answer = client.post("/session", headers=JSON)
    assert answer.status_code == 400
    assert answer.json()["message"] == "Missing required request body"


@pytest.mark.parametrize(
    ("query", "message"),
    [
        ("", "Missing required query parameter: identifier"),
        ("?", "Missing required query parameter: identifier"),
        ("?Identifier=p", "Missing required query parameter: identifier"),
        ("?identifier", "identifier must not be empty"),
        ("?identifier=", "identifier must not be empty"),
        ("?identifier=p&identifier=q", 'identifier does not satisfy type: "string"'),
        ("?identifier=%ff", "The request target is no URL in UTF-8"),
    ],
)
def test_query(gate: MockGate, client: httpx.Client, query: str, message: str) -> None:
    answer = client.get(f"/turn-credentials{query}")
    assert answer.status_code == 400
    assert answer.json() == {"error": "invalid_request", "message": message}
    assert [violation.message for violation in gate.violations] == [message]


@pytest.mark.parametrize("query", ["identifier=a%zz", "&&identifier=p&", "x=1&identifier=%00"])
def test_query_that_can_be_read(client: httpx.Client, query: str) -> None:
    assert client.get(f"/turn-credentials?{query}").status_code == 200


@pytest.mark.parametrize(
    ("head", "status", "message"),
    [
        (b"GET\r\n", 400, "The request can't be parsed: Bad Request"),
        (b"GET /health?identifier=secret x HTTP/1.1\r\n", 400, "Bad Request"),
        (b"GET /health HTTP/x\r\n", 400, "Bad Request"),
        (b"PRI * HTTP/2.0\r\n", 400, "HTTP Version Not Supported"),
        (b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n", 400, "Bad Request"),
        (b"GET /" + b"x" * 70_000 + b" HTTP/1.1\r\n", 414, "Too Long"),
        (b"GET /health HTTP/1.1\r\nX: " + b"x" * 70_000 + b"\r\n", 431, "Too Large"),
        (b"GET /health HTTP/1.1\r\n" + b"X: x\r\n" * 200, 431, "Too Large"),
        (b"GET /health HTTP/1.1\r\nsecret\r\n", 400, "A header line is malformed"),
        (b"GET /health HTTP/1.1\r\n: x\r\n", 400, "A header line is malformed"),
        (b"GET /health HTTP/1.1\r\n x: y\r\n", 400, "A header line is malformed"),
        (b"GET /h\xc3\xa9alth HTTP/1.1\r\n", 400, "The request target must be ASCII"),
        (b"GET http://[/ HTTP/1.1\r\n", 400, "The request target is no URL in UTF-8"),
        (b"POST /session HTTP/1.1\r\nContent-Length: x\r\n", 400, "is malformed"),
        (b"POST /session HTTP/1.1\r\nContent-Length: +5\r\n", 400, "is malformed"),
        (b"POST /session HTTP/1.1\r\nContent-Length: -5\r\n", 400, "is malformed"),
        (b"POST /session HTTP/1.1\r\nContent-Length:\r\n", 400, "is malformed"),
        (b"POST /session HTTP/1.1\r\nContent-Length: 5, 5\r\n", 400, "is malformed"),
        (b"POST /session HTTP/1.1\r\nContent-Length: " + b"9" * 5000 + b"\r\n", 400, "malformed"),
        (b"POST /session HTTP/1.1\r\nContent-Length: 99999999999\r\n", 413, "larger than"),
        (
            b"POST /session HTTP/1.1\r\nContent-Length: 2\r\nContent-Length: 2\r\n",
            400,
            "more than once",
        ),
        (
            b"POST /session HTTP/1.1\r\nContent-Length: 2\r\nTransfer-Encoding: chunked\r\n",
            400,
            "more than once",
        ),
        (b"POST /session HTTP/1.1\r\nTransfer-Encoding: gzip\r\n", 400, "must be chunked"),
    ],
)
def test_unreadable_requests(
    gate: MockGate, exchange: Exchange, head: bytes, status: int, message: str
) -> None:
    answer = exchange(head + b"Host: localhost\r\n\r\n")
    assert answer.status_code == status
    assert answer.json()["error"] == "invalid_request"
    assert message in answer.json()["message"]
    assert answer.headers["connection"] == "close"
    assert "cf-ray" in answer.headers
    (violation,) = gate.violations
    assert violation.kind == "request"
    assert "secret" not in answer.text + repr(violation)


@pytest.mark.parametrize(
    ("chunks", "message"),
    [
        (b"x\r\n", "The length of the body is malformed"),
        (b"-1\r\n", "The length of the body is malformed"),
        (b"\r\n", "The length of the body is malformed"),
        (b"2\r\n{}}\r\n0\r\n\r\n", "A chunk of the body is longer than it says"),
        (b"ffffffffffffffff\r\n", f"The body is larger than {MAX_BODY} bytes"),
        (b"2\r\n{}\r\n%x\r\n" % (MAX_BODY - 1), f"The body is larger than {MAX_BODY} bytes"),
        (b"9\r\n{}", "The body ends early"),
    ],
)
def test_bad_chunks(exchange: Exchange, chunks: bytes, message: str) -> None:
    head = b"POST /session HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n"
    answer = exchange(head + chunks, half_close=True)
    assert answer.status_code in (400, 413)
    assert answer.json()["message"] == message


def test_body_that_ends_early(gate: MockGate, exchange: Exchange) -> None:
    answer = exchange(
        b'POST /session HTTP/1.1\r\nContent-Length: 50\r\n\r\n{"project_id":', half_close=True
    )
    assert (answer.status_code, answer.json()["message"]) == (400, "The body ends early")
    assert gate.violations == [Violation("request", "POST", "/session", "The body ends early")]


@pytest.mark.parametrize("end", [b"", b"\r\n", b"\r\nHost: local", b"\r\nHost: localhost\r\n"])
def test_head_that_ends_early(gate: MockGate, exchange: Exchange, end: bytes) -> None:
    answer = exchange(b"GET /turn-credentials?identifier=p HTTP/1.1" + end, half_close=True)
    assert (answer.status_code, answer.json()["message"]) == (400, "The head ends early")
    assert gate.violations == [
        Violation("request", "GET", "/turn-credentials", "The head ends early")
    ]
    assert gate.received == []


def test_body_that_is_too_large_can_be_sent_to_its_end(exchange: Exchange) -> None:
    head = b"POST /session HTTP/1.1\r\nContent-Length: %d\r\n\r\n" % (MAX_BODY + 1)
    answer = exchange(head + b"x" * (MAX_BODY + 1))
    assert answer.status_code == 413


@pytest.mark.parametrize("trailers", [b"", b"X-Checksum: 1\r\n"])
def test_chunked_body(exchange: Exchange, trailers: bytes) -> None:
    chunks = b'E;x=y\r\n{"project_id":\r\n4\r\n"p"}\r\n0\r\n' + trailers + b"\r\n"
    head = b"POST /session HTTP/1.1\r\nContent-Type: application/json\r\n"
    answer = exchange(head + b"Transfer-Encoding: Chunked\r\n\r\n" + chunks)
    assert answer.status_code == 200


def test_header_values_beyond_ascii(client: httpx.Client, gate: MockGate) -> None:
    headers = [(b"x-name", "é\N{SNOWMAN}".encode()), (b"prefer", b"\xff\xfe")]
    assert client.get("/health", headers=headers).status_code == 200
    assert gate.received[0].headers["x-name"].encode("latin-1").decode() == "é\N{SNOWMAN}"


def test_absolute_target(exchange: Exchange) -> None:
    answer = exchange(b"GET http://api.ai-gate.dev/health HTTP/1.1\r\n\r\n")
    assert answer.json() == {"status": "healthy"}
