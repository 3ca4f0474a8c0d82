"""Errors that were raised for real: they travel, and keep the project ID to themselves."""

from __future__ import annotations

import copy
import json
import pickle
import traceback
from collections.abc import Callable

import httpx
import pytest

from ai_gate import AIGateError
from ai_gate.testing._faults.steps import Send
from tests.support.callers import FLAVOURS, GET, POST, PROJECT, SYNC, Caller
from tests.support.fixtures import Serve
from tests.support.responses import head, response
from tests.support.server import Script
from tests.support.steps import ReadRequest

from .cases import BY_NAME, NAMES_THE_PROJECT

# One of each class, with an answer, without one, and with a part of one.
NAMES = (
    "reset before the headers",
    "stalled in the body",
    "400 that names the project",
    "401 that names the project",
    "402 with HTML",
    "404 with HTML",
    "429 truncated",
    "522 reset in the body",
    "reset in the body",
    "an integer of 5,000 digits",
)
COPIES: dict[str, Callable[[AIGateError], AIGateError]] = {
    "pickled": lambda error: pickle.loads(pickle.dumps(error)),  # noqa: S301 - our own bytes
    "copied": copy.copy,
    "deeply copied": copy.deepcopy,
}
ATTRIBUTES = ("message", "status_code", "response", "body", "request_id", "retry_after")


@pytest.mark.parametrize("name", NAMES)
def test_an_error_can_be_copied(name: str, serve: Serve) -> None:
    fault = BY_NAME[name]
    server = serve((ReadRequest(), *fault.script))
    timeout = 0.3 if fault.slow else 30.0
    error = SYNC.attempt(POST, server.url, timeout=timeout).error
    for way, duplicate in COPIES.items():
        copied = duplicate(error)
        assert copied is not error
        assert type(copied) is type(error)
        for attribute in ATTRIBUTES:
            assert getattr(copied, attribute) == getattr(error, attribute), (way, attribute)
        assert list(copied.headers.items()) == list(error.headers.items()), way
        assert (str(copied), repr(copied)) == (str(error), repr(error)), way


def test_an_error_holds_what_the_answer_said(caller: Caller, serve: Serve) -> None:
    headers = ("CF-Ray: 8f2a-FRA", "Retry-After: 7", "X-Odd: a")
    server = serve((ReadRequest(), Send(response(429, NAMES_THE_PROJECT, *headers))))
    error = caller.attempt(POST, server.url).error
    assert (error.request_id, error.retry_after) == ("8f2a-FRA", 7.0)
    assert error.headers["x-odd"] == error.headers["X-ODD"] == "a"
    # What is masked in the message stays in the data.
    assert error.body == NAMES_THE_PROJECT
    assert error.response == {"error": "odd", "message": f"no project {PROJECT}"}
    assert PROJECT not in f"{error} {error!r}"


@pytest.mark.parametrize(
    "script",
    [
        (Send(b"HTTP/1.1 200 " + PROJECT.encode()),),
        (Send(b"x: " + PROJECT.encode() + b"\r\n\r\n"),),
    ],
    ids=["status line", "garbage"],
)
def test_what_the_parser_quotes_is_masked(script: Script, caller: Caller, serve: Serve) -> None:
    server = serve((ReadRequest(), *script))
    error = caller.attempt(POST, server.url).error
    assert PROJECT not in f"{error} {error!r}"


CREDENTIAL = "turn7credential"
SECRET_JSON = json.dumps(
    {"iceServers": [{"urls": ["turn:x"], "username": "it's", "credential": CREDENTIAL}]}
).encode()
# Places at which an answer's body can turn up where the parser expects something else.
MISPLACED = {
    "for a status line": SECRET_JSON + b"\r\n\r\n",
    "over lines": SECRET_JSON.replace(b", ", b",\r\n") + b"\r\n\r\n",
    "behind a 199": head(199) + SECRET_JSON + b"\r\n\r\n",
    "behind a status": b"HTTP/1.1 " + SECRET_JSON + b"\r\n\r\n",
    "for a header": b"HTTP/1.1 200 OK\r\n" + SECRET_JSON + b"\r\n\r\n",
    "in a header": b"HTTP/1.1 200 OK\r\nX-\x01: " + SECRET_JSON + b"\r\n\r\n",
    "for a length": head(200, "Content-Length: " + SECRET_JSON.decode()),
    "for a transfer encoding": head(200, "Transfer-Encoding: " + SECRET_JSON.decode()),
    "for a chunk": head(200, "Transfer-Encoding: chunked") + SECRET_JSON + b"\r\n",
}
WAYS = [Caller(flavour, injected) for injected in (False, True) for flavour in FLAVOURS[:2]]


@pytest.mark.parametrize("data", MISPLACED.values(), ids=MISPLACED)
@pytest.mark.parametrize("way", WAYS, ids=str)
def test_what_the_parser_quotes_is_in_no_traceback(data: bytes, way: Caller, serve: Serve) -> None:
    server = serve((ReadRequest(), Send(data)))
    error = way.attempt(GET, server.url, max_retries=0).error
    shown = "".join(traceback.format_exception(error))
    assert CREDENTIAL not in f"{error} {error!r} {shown}"


def test_a_body_that_cannot_be_decoded_is_told(caller: Caller, serve: Serve) -> None:
    server = serve((ReadRequest(), Send(response(200, b"no gzip", "Content-Encoding: gzip"))))
    error = caller.attempt(POST, server.url).error
    assert "can't be decoded" in str(error)
    assert "7 bytes" in str(error)
    assert isinstance(error.__cause__, httpx.DecodingError)
