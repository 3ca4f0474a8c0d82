"""What an exchange means: a dict as the gate sent it, or the right error with the right message."""

from __future__ import annotations

import json
import pickle
from typing import Any

import httpcore
import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ai_gate import (
    AIGateError,
    APIConnectionError,
    APITimeoutError,
    AuthenticationError,
    BadRequestError,
    ConcurrentLimitError,
    InvalidResponseError,
    QuotaExceededError,
    RateLimitError,
    ServerError,
)
from ai_gate._call.exchange import Exchange
from ai_gate._call.operations import Operation, create_session, get_turn_credentials
from ai_gate._call.response import read
from ai_gate._config import Config
from tests.support.callers import PROJECT
from tests.support.running import modest

POST = create_session(
    PROJECT, model="m", voice="v", temperature=0.7, instructions="i", extra_fields={"tools": []}
)
GET = get_turn_credentials(PROJECT)
HTML = b"<!DOCTYPE html><html><body>Error 522</body></html>"
LOST = httpcore.ReadError("Connection reset by peer")
MAYBE_BILLED = "may have been created and billed"

CONFIG = Config.checked(
    project_id=PROJECT,
    base_url="https://gate.test",
    timeout=1.0,
    max_retries=0,
    debug=False,
)


def answered(status: int, body: bytes = b"", **details: Any) -> Exchange:
    headers = httpx.Headers(details.pop("headers", {}))
    return Exchange(status, headers, bytearray(body), **details)


def error_of(exchange: Exchange, operation: Operation = POST) -> AIGateError:
    with pytest.raises(AIGateError) as caught:
        read(exchange, operation, CONFIG)
    return caught.value


def refused(status: int, response: object) -> AIGateError:
    return error_of(answered(status, json.dumps(response).encode()))


# The numbers are past what a response may hold of values.
@pytest.mark.parametrize(
    "text",
    ["1,2;" * 60_000, '"[{,' * 40_000, "\\," * 110_000 + "\\", "[" * 8_000_000, '\n,"' * 60_000],
    ids=["table", "quotes", "backslashes", "8 MB", "lines"],
)
def test_text_is_one_value_whatever_is_in_it(text: str) -> None:
    sent = {"instructions": text, "id": "sess_01"}
    assert read(answered(200, json.dumps(sent).encode()), POST, CONFIG) == sent


@pytest.mark.parametrize(
    "body",
    [
        b'{"a": [' + b'",",' * 110_000 + b"1]}",
        b"{" + b'"a": {}, ' * 110_000 + b'"b": 1}',
        b'{"a": "\\"", "b": [' + b"[]," * 110_000 + b"1]}",
        # A string without end is looked at once.
        b'{"a": [' + b"1," * 110_000 + b'"' + b'\\"' * 3_000_000,
    ],
    ids=["strings", "names", "behind an escape", "no end"],
)
def test_too_many_values(body: bytes) -> None:
    error = error_of(answered(200, body))
    assert type(error) is InvalidResponseError
    assert "more than 100,000 values" in str(error.__cause__)
    assert error.body == body


@pytest.mark.parametrize("status", [200, 201, 202, 203, 206, 226, 299])
def test_a_success_is_the_object_that_came(status: int) -> None:
    assert read(answered(status, b'{"b": 1, "a": null}'), POST, CONFIG) == {"b": 1, "a": None}


@pytest.mark.parametrize(
    "text",
    [
        '{"z": 1, "a": 2, "m": {"y": 1, "b": 2}}',
        '{"created_at": "2025-10-03T12:00:00.000Z"}',
        '{"big": 123456789012345678901234567890123456789}',
        '{"nothing": null, "metadata": null, "list": [null, {}]}',
        '{"text": "größer als \\u2603 \\ud83d\\ude00"}',
        '{"temperature": 0.7, "whole": 1.0, "tiny": 1e-7}',
        "{}",
    ],
)
def test_it_is_returned_just_as_sent(text: str) -> None:
    answer = read(answered(200, text.encode()), POST, CONFIG)
    assert json.dumps(answer) == json.dumps(json.loads(text))
    assert list(answer) == list(json.loads(text))


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "utf-32"])
def test_encodings_of_json(encoding: str) -> None:
    assert read(answered(200, '{"ö": 1}'.encode(encoding)), POST, CONFIG) == {"ö": 1}


@pytest.mark.parametrize(
    ("status", "code", "kind"),
    [
        (300, "x", AIGateError),
        (302, "x", AIGateError),
        (304, "x", AIGateError),
        (400, "invalid_request", BadRequestError),
        (401, "authentication_required", AuthenticationError),
        (402, "quota_exceeded", QuotaExceededError),
        (402, "x", QuotaExceededError),
        (403, "x", AIGateError),
        (404, "x", AIGateError),
        (418, "x", AIGateError),
        (429, "Rate limit exceeded", RateLimitError),
        (429, "rate_limit_exceeded", RateLimitError),
        (429, "concurrent_limit_exceeded", ConcurrentLimitError),
        (429, "something_new", RateLimitError),
        (499, "x", AIGateError),
        (500, "internal_error", ServerError),
        (501, "x", ServerError),
        (503, "x", ServerError),
        (520, "x", ServerError),
        (527, "x", ServerError),
        (530, "x", ServerError),
        (599, "x", ServerError),
        (600, "x", AIGateError),
        (999, "x", AIGateError),
        (101, "x", AIGateError),
        (403, "quota_exceeded", QuotaExceededError),
        (500, "quota_exceeded", QuotaExceededError),
        (409, "concurrent_limit_exceeded", ConcurrentLimitError),
        (503, "concurrent_limit_exceeded", ConcurrentLimitError),
        (400, "rate_limit_exceeded", BadRequestError),
    ],
)
def test_the_class(status: int, code: str, kind: type[AIGateError]) -> None:
    response = {"error": code, "message": "No"}
    error = refused(status, response)
    assert type(error) is kind
    assert (error.status_code, error.response) == (status, response)


@pytest.mark.parametrize("code", [None, 5, ["quota_exceeded"], {"quota_exceeded": 1}, True])
def test_a_code_of_another_type_decides_nothing(code: object) -> None:
    assert type(refused(429, {"error": code})) is RateLimitError


@pytest.mark.parametrize(
    ("status", "code", "message"),
    [
        (400, "invalid_request", "No voice"),
        (401, "authentication_required", "No voice"),
        (402, "quota_exceeded", "Quota exceeded: No voice"),
        (429, "Rate limit exceeded", "Rate limit exceeded: No voice"),
        (429, "concurrent_limit_exceeded", "Concurrent limit exceeded: No voice"),
        (500, "internal_error", "No voice"),
        (404, "x", "No voice"),
        (302, "x", "No voice"),
        (503, "quota_exceeded", "Quota exceeded: No voice"),
    ],
)
def test_the_message_that_callers_match_on(status: int, code: str, message: str) -> None:
    assert str(refused(status, {"error": code, "message": "No voice"})) == message


@pytest.mark.parametrize("message", [None, "", "  \n", 5, ["No"], {"text": "No"}])
@pytest.mark.parametrize(
    ("status", "code", "beginning", "advice"),
    [
        (400, "x", "The gate ", "parameter"),
        (401, "x", "The gate ", "dashboard"),
        (402, "quota_exceeded", "Quota exceeded: ", "upgrade"),
        (429, "x", "Rate limit exceeded: ", "later"),
        (429, "concurrent_limit_exceeded", "Concurrent limit exceeded: ", "an hour"),
        (500, "x", "The gate ", "later"),
        (522, "x", "Cloudflare ", "later"),
        (302, "x", "The gate ", "base_url"),
        (404, "x", "The gate ", "refused"),
    ],
)
def test_the_message_where_the_body_gives_none(
    status: int, code: str, beginning: str, advice: str, message: object
) -> None:
    text = str(refused(status, {"error": code, "message": message}))
    assert text.startswith(beginning)
    assert advice in text
    assert str(status) in text


@pytest.mark.parametrize(
    "body",
    [
        b"",
        HTML,
        b'{"error": "quota_exceed',
        b"[1]",
        b"null",
        b'"text"',
        b"\xff\xfe",
        b"7" * 5_000,
        b"[" * 1_000_000,
        b'{"a":' * 1_000_000,
    ],
    ids=lambda body: f"{body[:9]!r}...",
)
@pytest.mark.parametrize(
    ("status", "kind"),
    [
        (401, AuthenticationError),
        (402, QuotaExceededError),
        (404, AIGateError),
        (429, RateLimitError),
        (522, ServerError),
    ],
)
def test_the_status_decides_where_the_body_is_no_object(
    status: int, kind: type[AIGateError], body: bytes
) -> None:
    error = error_of(answered(status, body))
    assert type(error) is kind
    assert (error.status_code, error.response, error.body) == (status, {}, body)


def test_the_status_decides_where_the_body_was_cut() -> None:
    error = error_of(answered(402, b'{"error": "quo', failure=LOST))
    assert type(error) is QuotaExceededError
    assert error.body == b'{"error": "quo'
    assert error.__cause__ is LOST


@pytest.mark.parametrize("timed_out", [True, False])
def test_a_whole_object_in_a_refusal_that_was_cut_is_read(timed_out: bool) -> None:
    body = b'{"error": "concurrent_limit_exceeded"}'
    error = error_of(answered(429, body, failure=LOST, timed_out=timed_out))
    assert type(error) is ConcurrentLimitError


def test_what_every_refusal_carries() -> None:
    headers = {"CF-Ray": "8c1-FRA", "Retry-After": "7", "X-Other": "y"}
    error = error_of(answered(503, b'{"a": 1}', headers=headers))
    assert (error.body, error.request_id, error.retry_after) == (b'{"a": 1}', "8c1-FRA", 7.0)
    assert error.headers["X-OTHER"] == "y"
    assert error.response == {"a": 1}


@pytest.mark.parametrize(
    ("body", "what"),
    [
        (b"", "can't be read as JSON"),
        (HTML, "can't be read as JSON"),
        (b'{"id": "se', "can't be read as JSON"),
        (b'{"a": 1} tail', "can't be read as JSON"),
        (b"\xff\xff", "can't be read as JSON"),
        (b'{"a": ' + b"7" * 5_000 + b"}", "can't be read as JSON"),
        (b"[" * 1_000_000, "can't be read as JSON"),
        (b'{"a": [%b0]}' % (b"0," * 100_000), "can't be read as JSON"),
        (b"[]", "is no JSON object"),
        (b"null", "is no JSON object"),
        (b'"text"', "is no JSON object"),
        (b"7", "is no JSON object"),
    ],
    ids=lambda value: str(value[:12]),
)
def test_a_success_that_is_no_object(body: bytes, what: str) -> None:
    error = error_of(answered(200, body, headers={"CF-Ray": "8c1-FRA"}))
    assert type(error) is InvalidResponseError
    assert (error.status_code, error.response, error.body) == (200, {}, body)
    assert error.request_id == "8c1-FRA"
    assert what in str(error)
    assert f"{len(body):,} bytes" in str(error)


def test_a_success_that_was_cut_short() -> None:
    error = error_of(answered(200, b'{"id": 1}', failure=LOST))
    assert type(error) is InvalidResponseError
    assert error.body == b'{"id": 1}'
    assert error.__cause__ is LOST


def test_a_success_that_was_not_whole_in_time() -> None:
    error = error_of(answered(200, b'{"id"', failure=httpcore.ReadTimeout(), timed_out=True))
    assert type(error) is APITimeoutError
    assert (error.status_code, error.body) == (200, b'{"id"')


@pytest.mark.parametrize(
    ("exchange", "kind", "beginning"),
    [
        (Exchange(failure=LOST), APIConnectionError, "The connection was lost"),
        (
            Exchange(failure=LOST, timed_out=True),
            APITimeoutError,
            "The gate gave no whole response",
        ),
        (Exchange(failure=LOST, sent=False), APIConnectionError, "The gate could not be reached: "),
        (
            Exchange(failure=LOST, sent=False, timed_out=True),
            APITimeoutError,
            "The gate could not be reached in time",
        ),
    ],
)
def test_no_answer(exchange: Exchange, kind: type[AIGateError], beginning: str) -> None:
    error = error_of(exchange)
    assert type(error) is kind
    assert str(error).startswith(beginning)
    assert error.__cause__ is exchange.failure
    assert (error.status_code, error.response, error.body) == (None, {}, b"")
    assert (dict(error.headers), error.request_id, error.retry_after) == ({}, None, None)


@pytest.mark.parametrize(("failure", "reason"), [(LOST, "reset by peer"), (EOFError(), "EOFError")])
def test_the_reason_is_told(failure: Exception, reason: str) -> None:
    assert reason in str(error_of(Exchange(failure=failure)))
    assert reason in str(error_of(Exchange(failure=failure, sent=False)))


@pytest.mark.parametrize(
    ("exchange", "billed"),
    [
        (Exchange(failure=LOST), True),
        (Exchange(failure=LOST, timed_out=True), True),
        (Exchange(failure=LOST, sent=False), False),
        (Exchange(failure=LOST, sent=False, timed_out=True), False),
        (answered(200, HTML), True),
        (answered(200, b"{", failure=LOST), True),
        (answered(200, b"{", failure=LOST, timed_out=True), True),
        (answered(402), False),
        (answered(401), False),
        # What is between the gate and the caller can have lost a success.
        *((answered(status, HTML), True) for status in (500, 502, 503, 504, 520, 522, 524)),
        (answered(500, b'{"message": "Internal server error"}'), True),
        (answered(500, b'{"error": "internal_error", "mess', failure=LOST), True),
        (answered(500, b'{"error": "internal_error"}'), False),
        # Cloudflare made no connection to the gate.
        *((answered(status, HTML), False) for status in (521, 523, 525, 526, 530)),
    ],
)
def test_a_session_that_may_have_been_billed_is_told(exchange: Exchange, billed: bool) -> None:
    assert (MAYBE_BILLED in str(error_of(exchange, POST))) == billed
    assert MAYBE_BILLED not in str(error_of(exchange, GET))


@pytest.mark.parametrize("status", [400, 401, 402, 404, 429, 500, 522])
def test_messages_are_masked_and_bodies_are_not(status: int) -> None:
    message = f"No project {PROJECT} for ek_68af296e with sk-proj-9x"
    error = refused(status, {"message": message})
    for text in (str(error), repr(error), error.message, str(error.args)):
        assert PROJECT not in text
        assert "ek_68" not in text
        assert "sk-" not in text
    assert error.response == {"message": message}
    assert message.encode() in error.body


def test_what_a_library_says_is_masked() -> None:
    failure = httpcore.ConnectError(f"no route to ?identifier={PROJECT} with ek_68af296e")
    for sent in (True, False):
        text = str(error_of(Exchange(failure=failure, sent=sent)))
        assert PROJECT not in text
        assert "ek_68" not in text


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=2)
    | st.dictionaries(st.text(max_size=5), inner, max_size=2),
    max_leaves=4,
)
NAMES = ("message", "usage", "upgrade_url", "limit", "window", "resetAt", "current", "max", "hint")
CODES = ("quota_exceeded", "concurrent_limit_exceeded", "Rate limit exceeded", "x")
REFUSALS = st.fixed_dictionaries(
    {}, optional={"error": st.sampled_from(CODES) | JSON, **dict.fromkeys(NAMES, JSON)}
)
BODIES = st.binary(max_size=60) | (JSON | REFUSALS).map(lambda value: json.dumps(value).encode())
# Bytes, as they come from the wire.
HEADERS = st.lists(
    st.tuples(
        st.sampled_from([b"CF-Ray", b"Retry-After", b"X-RateLimit-Limit"]), st.binary(max_size=40)
    )
)
FAILURES = st.sampled_from(
    [None, LOST, httpcore.ReadTimeout(), httpx.ConnectError("x"), OSError(5, "x"), ValueError()]
)
EXCHANGES = st.builds(
    Exchange,
    status=st.none() | st.integers(100, 999) | st.sampled_from([200, 400, 401, 402, 429, 522]),
    headers=HEADERS.map(httpx.Headers),
    body=BODIES.map(bytearray),
    failure=FAILURES,
    sent=st.booleans(),
    timed_out=st.booleans(),
)


def is_optional(value: object, *kinds: type) -> bool:
    return value is None or (isinstance(value, kinds) and not isinstance(value, bool))


OPTIONAL: dict[str, tuple[type, ...]] = {
    "status_code": (int,),
    "request_id": (str,),
    "retry_after": (float,),
    "usage": (dict,),
    "upgrade_url": (str,),
    "limit": (int,),
    "window": (str,),
    "current": (int,),
    "max": (int,),
    "hint": (str,),
}


def check_types(error: AIGateError) -> None:
    assert type(error.message) is str
    assert error.message.strip()
    assert type(error.response) is dict
    assert type(error.body) is bytes
    assert error.headers.get("x-missing") is None
    for name, kinds in OPTIONAL.items():
        assert is_optional(getattr(error, name, None), *kinds), name
    reset_at = getattr(error, "reset_at", None)
    assert reset_at is None or reset_at.utcoffset() is not None


def outcome(exchange: Exchange, operation: Operation) -> dict[str, Any] | AIGateError:
    try:
        return read(exchange, operation, CONFIG)
    except AIGateError as error:
        return error


@modest
@given(exchange=EXCHANGES, operation=st.sampled_from([POST, GET]))
def test_whatever_happened_is_an_object_or_an_error(
    exchange: Exchange, operation: Operation
) -> None:
    value = outcome(exchange, operation)
    if isinstance(value, AIGateError):
        check_types(value)
        assert value.status_code == exchange.status
        again = pickle.loads(pickle.dumps(value))  # noqa: S301 - our own bytes
        assert type(again) is type(value)
        assert (again.message, repr(again.response)) == (value.message, repr(value.response))
    else:
        assert type(value) is dict
        assert exchange.status is not None
        assert 200 <= exchange.status < 300
        assert exchange.failure is None


@modest
@given(st.dictionaries(st.text(max_size=9), JSON, max_size=4))
def test_every_object_is_returned_just_as_sent(value: dict[str, Any]) -> None:
    body = json.dumps(value).encode()
    assert json.dumps(read(answered(200, body), POST, CONFIG)).encode() == body
