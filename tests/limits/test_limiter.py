"""What a limiter does for a call, with the mock gate as the judge."""

from __future__ import annotations

import copy
import json
import pickle
import subprocess
import sys
import time
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from typing import Any

import httpx
import pytest

from ai_gate import (
    AIGateClient,
    AIGateError,
    APIConnectionError,
    ConcurrentLimitError,
    QuotaExceededError,
    RateLimitError,
)
from ai_gate._call import limited
from ai_gate._call.exchange import Exchange
from ai_gate.limits import Limiter
from ai_gate.testing import MockGate
from tests.support.callers import GET, NOWHERE, POST, PROJECT, Caller, Client
from tests.support.fixtures import Serve
from tests.support.responses import response
from tests.support.steps import replay


async def release(caller: Caller, limiter: Limiter, session: Any) -> None:
    if caller.flavour == "sync":
        limiter.release(session)
    else:
        await limiter.release_async(session)


def refused(error: AIGateError) -> bool:
    return not error.sent and "the limiter refused, and nothing was sent" in str(error)


def test_a_call_waits_for_the_next_window(caller: Caller, store: str | None) -> None:
    with MockGate(requests=2, window=0.5) as gate:
        limiter = Limiter(store, requests=2, window=0.5)

        async def body(client: Client) -> None:
            for _ in range(5):
                await client.get_turn_credentials()

        started = time.monotonic()
        caller.use(gate.url, body, limiter=limiter, max_retries=0)
        assert time.monotonic() - started >= 1.0
        assert len(gate.received) == 5


def test_a_turn_that_cant_come_in_time_is_the_gates_error(
    caller: Caller, store: str | None
) -> None:
    with MockGate() as gate:
        limiter = Limiter(store, requests=1)

        async def body(client: Client) -> None:
            await client.create_session()
            for operation in (GET, POST):
                outcome = await client.attempt(operation)
                error = outcome.error
                assert outcome.seconds < 5.0
                assert isinstance(error, RateLimitError)
                assert str(error).startswith("Rate limit exceeded: ")
                assert refused(error)
                assert error.status_code == 429
                assert error.limit == 1
                assert error.window == "15 minutes"
                assert error.reset_at is not None
                assert error.retry_after is not None
                assert 890 < error.retry_after <= 902

        caller.use(gate.url, body, limiter=limiter, timeout=10.0)
        assert len(gate.received) == 1


def test_without_waiting_a_call_fails_at_once(caller: Caller) -> None:
    with MockGate() as gate:
        limiter = Limiter(requests=1, window=2.0, wait=False)

        async def body(client: Client) -> None:
            await client.get_turn_credentials()
            assert refused(await client.failure(GET))

        caller.use(gate.url, body, limiter=limiter)
        assert len(gate.received) == 1


def test_live_sessions_and_their_release(caller: Caller, store: str | None) -> None:
    with MockGate(concurrent=None) as gate:
        limiter = Limiter(store, concurrent=2, wait=False)

        async def body(client: Client) -> None:
            first = await client.create_session()
            await client.create_session()
            error = await client.failure(POST)
            assert isinstance(error, ConcurrentLimitError)
            assert (error.current, error.max, refused(error)) == (2, 2, True)
            await client.get_turn_credentials()
            await release(caller, limiter, first)
            await release(caller, limiter, first)
            await client.create_session()
            assert refused(await client.failure(POST))

        caller.use(gate.url, body, limiter=limiter)


@pytest.mark.parametrize("foreign", [None, "sess_1", ["sess_1"]], ids=repr)
def test_a_release_of_what_is_no_session(foreign: Any, caller: Caller, store: str | None) -> None:
    limiter = Limiter(store)

    async def body(_: Client) -> None:
        with pytest.raises(AIGateError, match="A session must be a mapping, not"):
            await release(caller, limiter, foreign)
        for unknown in ({}, {"id": None}, {"id": 5}, {"session_id": "sess_1"}):
            await release(caller, limiter, unknown)

    caller.use(NOWHERE, body)


@pytest.mark.parametrize("name", [b'"\\ud800"', b"17", b"[[]]"])
def test_a_session_whose_name_is_odd_is_not_lost(
    name: bytes, caller: Caller, store: str | None, serve: Serve
) -> None:
    limiter = Limiter(store, concurrent=1)
    sent = b'{"id": %b}' % name

    async def body(client: Client) -> None:
        session = await client.create_session()
        assert session == json.loads(sent)
        await release(caller, limiter, session)

    url = serve(replay(response(200, sent))).url
    caller.use(url, body, limiter=limiter)
    usage = limiter.usage(PROJECT, url)
    assert usage.quota.used == 1
    # What has no name can't be released.
    assert usage.concurrent.used == (not name.startswith(b'"'))


def test_a_release_lets_a_call_go_that_waits(store: str | None) -> None:
    with MockGate() as gate:
        limiter = Limiter(store, concurrent=1)
        with AIGateClient(PROJECT, gate.url, limiter=limiter) as client:
            session = client.create_session()
            code = "import sys; from ai_gate.limits import Limiter\n"
            code += "Limiter(sys.argv[1], concurrent=1).release({'session_id': sys.argv[2]})"
            if store is None:
                limiter.release(session)
            else:
                # Any process can say that a session has ended.
                subprocess.run(
                    [sys.executable, "-c", code, store, session["session_id"]], check=True
                )
            client.create_session()


def test_the_sessions_of_a_month(caller: Caller, store: str | None) -> None:
    with MockGate(concurrent=None) as gate:
        limiter = Limiter(store, quota=1)

        async def body(client: Client) -> None:
            await client.create_session()
            error = await client.failure(POST)
            assert isinstance(error, QuotaExceededError)
            assert (error.status_code, refused(error)) == (402, True)
            assert error.response["usage"]["sessionsUsed"] == 1
            assert error.response["usage"]["sessionsRemaining"] == 0
            await client.get_turn_credentials()

        caller.use(gate.url, body, limiter=limiter)


@pytest.mark.parametrize(
    ("plan", "kind"),
    [({"quota": 1}, QuotaExceededError), ({"concurrent": 1}, ConcurrentLimitError)],
    ids=["quota", "concurrent"],
)
@pytest.mark.parametrize("own", [None, 10])
def test_what_the_gate_refused_is_not_asked_again_at_once(
    plan: dict[str, Any], kind: type[AIGateError], own: int | None, store: str | None
) -> None:
    with MockGate(**plan) as gate:
        limits: dict[str, Any] = dict.fromkeys(plan, own)
        limiter = Limiter(store, **limits, wait=False)
        with AIGateClient(PROJECT, gate.url, limiter=limiter) as client:
            client.create_session()
            with pytest.raises(kind) as told:
                client.create_session()
            assert told.value.sent
            with pytest.raises(kind) as told:
                client.create_session()
            assert refused(told.value)
            assert ": 1 of 1 " in str(told.value), "the gate's numbers"
            client.get_turn_credentials()


def test_the_plan_is_learned_from_the_headers(store: str | None) -> None:
    with MockGate(requests=3) as gate:
        limiter = Limiter(store, requests=100, wait=False)
        with AIGateClient(PROJECT, gate.url, limiter=limiter) as client:
            for _ in range(3):
                client.get_turn_credentials()
            with pytest.raises(RateLimitError, match="3 of 3"):
                client.get_turn_credentials()
    with MockGate(requests=5, port=gate.port) as gate:
        # Another window has more.
        limiter = Limiter(store)
        with AIGateClient("proj_more", gate.url, limiter=limiter) as client:
            for _ in range(5):
                client.get_turn_credentials()
        assert limiter.usage("proj_more", gate.url).requests.limit == 5


def test_a_stranger_uses_the_project_too(store: str | None) -> None:
    with MockGate(requests=6) as gate:
        limiter = Limiter(store, requests=6, wait=False)
        with AIGateClient(PROJECT, gate.url, limiter=limiter) as client:
            for _ in range(3):
                httpx.get(f"{gate.url}/turn-credentials?identifier={PROJECT}", trust_env=False)
            for _ in range(3):
                client.get_turn_credentials()
            with pytest.raises(RateLimitError, match="6 of 6") as told:
                client.get_turn_credentials()
        assert refused(told.value)


def test_after_a_429_nobody_sends_before_its_reset(store: str | None) -> None:
    with MockGate() as gate:
        # The example states 900 s: a window is the most.
        limiter = Limiter(store, window=1.5)
        gate.respond_next(429, "rate_limit")
        with AIGateClient(PROJECT, gate.url, limiter=limiter, max_retries=0) as client:
            with pytest.raises(RateLimitError) as told:
                client.get_turn_credentials()
            assert told.value.sent
            started = time.monotonic()
            client.get_turn_credentials()
            client.get_turn_credentials()
            assert time.monotonic() - started >= 1.4


NOW = datetime.now(UTC)
PAST, SOON, FAR = (f"{NOW + timedelta(seconds=one):%Y-%m-%dT%H:%M:%SZ}" for one in (-60, 60, 9e6))
DATE = {"date": format_datetime(NOW, usegmt=True)}


@pytest.mark.parametrize(
    ("headers", "body", "hold"),
    [
        ({"retry-after": "7"}, {"resetAt": SOON}, 7),
        (DATE, {"resetAt": SOON}, 60),
        (DATE, {"resetAt": PAST}, 1),
        (DATE, {"resetAt": FAR}, 900),
        (DATE, {"resetAt": "soon"}, 30),
        ({**DATE, "x-ratelimit-reset": f"{NOW.timestamp() + 50:.0f}"}, {}, 50),
        # A clock 5 minutes off doesn't matter where there is a `Date`.
        ({"date": format_datetime(NOW + timedelta(minutes=5), usegmt=True)}, {"resetAt": SOON}, 1),
        ({}, {}, 30),
    ],
)
def test_how_long_nobody_sends_after_a_429(
    headers: dict[str, str], body: dict[str, str], hold: float
) -> None:
    exchange = Exchange(429, headers, bytearray(json.dumps(body).encode()))
    outcome = limited.outcome(exchange, 900.0)
    assert (outcome["what"], outcome["hold"]) == ("requests", pytest.approx(hold, abs=1.0))


@pytest.mark.parametrize(
    ("headers", "stated"),
    [
        (
            {"limit": "100", "remaining": "40", "reset": f"{NOW.timestamp() + 50:.0f}"},
            (100, 60, 50),
        ),
        ({"limit": "100", "remaining": "40"}, (100, 60, 0)),
        ({"limit": "100", "remaining": "40", "reset": "1e12"}, (100, 60, 0)),
        ({"limit": "100", "remaining": "40", "reset": "17"}, (100, 60, 0)),
        ({"limit": "100"}, (0, 0, 0)),
        ({"limit": "100", "remaining": "101"}, (0, 0, 0)),
        ({"limit": "100", "remaining": "-1"}, (0, 0, 0)),
        ({"limit": "-5", "remaining": "-7"}, (0, 0, 0)),
        ({"limit": "many", "remaining": "few"}, (0, 0, 0)),
        ({"limit": "9" * 400, "remaining": "0"}, (0, 0, 0)),
    ],
)
def test_what_headers_state(headers: dict[str, str], stated: tuple[int, int, float]) -> None:
    named = {f"x-ratelimit-{name}": value for name, value in headers.items()}
    outcome = limited.outcome(Exchange(200, {**DATE, **named}), 900.0)
    limit, used, reset = stated
    assert (outcome["limit"], outcome["used"]) == (limit, used)
    assert outcome["reset"] == pytest.approx(reset, abs=1.0)


def test_a_retry_that_has_no_turn_leaves_the_gates_own_error() -> None:
    limiter = Limiter()
    with MockGate(requests=0) as gate, AIGateClient(PROJECT, gate.url, limiter=limiter) as client:
        with pytest.raises(RateLimitError) as told:
            client.get_turn_credentials()
        assert (told.value.sent, len(gate.received)) == (True, 1)


def test_a_gate_that_states_nothing(store: str | None) -> None:
    with MockGate(requests=None) as gate:
        limiter = Limiter(store, requests=2, window=0.5)
        with AIGateClient(PROJECT, gate.url, limiter=limiter) as client:
            started = time.monotonic()
            for _ in range(5):
                client.get_turn_credentials()
            assert time.monotonic() - started >= 1.0


def test_what_wasnt_sent_isnt_counted(caller: Caller, store: str | None) -> None:
    limiter = Limiter(store, concurrent=1, quota=1)

    async def body(client: Client) -> None:
        assert isinstance(await client.failure(POST), APIConnectionError)

    caller.use(NOWHERE, body, limiter=limiter, max_retries=1)
    usage = limiter.usage(PROJECT, NOWHERE)
    assert (usage.requests.used, usage.concurrent.used, usage.quota.used) == (0, 0, 0)


@pytest.mark.parametrize(
    ("status", "body", "counted"),
    [
        # The gate says itself that there is none.
        (500, b'{"error": "internal_error", "message": "OpenAI failed"}', 0),
        (502, b'{"error": "bad_gateway", "message": "OpenAI failed"}', 0),
        # Cloudflare or a proxy doesn't know, but for those that didn't reach the gate.
        *((status, b"<html></html>", 1) for status in (500, 502, 503, 504, 520, 522, 524)),
        (504, b'{"message": "upstream timed out"}', 1),
        (502, b"", 1),
        *((status, b"<html></html>", 0) for status in (521, 523, 525, 526, 530, 404)),
    ],
)
def test_a_session_that_may_have_been_made_counts(
    status: int, body: bytes, counted: int, caller: Caller, serve: Serve
) -> None:
    limiter = Limiter(concurrent=5, quota=7)

    async def call(client: Client) -> None:
        assert (await client.failure(POST)).status_code == status
        assert (await client.failure(GET)).status_code == status

    url = serve(replay(response(status, body))).url
    caller.use(url, call, limiter=limiter, max_retries=0)
    usage = limiter.usage(PROJECT, url)
    assert (usage.requests.used, usage.concurrent.used, usage.quota.used) == (2, counted, counted)


def test_usage_is_of_a_gate_and_a_project(caller: Caller, store: str | None) -> None:
    with MockGate() as gate:
        limiter = Limiter(store, concurrent=5, quota=7)

        async def body(client: Client) -> None:
            await client.create_session()
            await client.get_turn_credentials()
            usage = limiter.usage(PROJECT, gate.url)
            if caller.flavour != "sync":
                usage = await limiter.usage_async(PROJECT, gate.url + "/")
            counts = [usage.requests, usage.concurrent, usage.quota]
            assert [(one.used, one.limit) for one in counts] == [(2, 100), (1, 5), (1, 7)]
            assert usage.requests.reset_at < usage.concurrent.reset_at < usage.quota.reset_at
            assert limiter.usage("proj_other", gate.url).requests.used == 0
            assert limiter.usage(PROJECT).requests.used == 2, "of the gate that was called last"
            assert limiter.usage(PROJECT, NOWHERE).requests.used == 0

        caller.use(gate.url, body, limiter=limiter)


def test_a_copy_of_a_client_keeps_to_the_same_counts(store: str | None) -> None:
    with MockGate() as gate:
        limiter = Limiter(store, requests=1, wait=False)
        with AIGateClient(PROJECT, gate.url, limiter=limiter) as client:
            client.get_turn_credentials()
            for copied in (copy.copy(client), copy.deepcopy(client)):
                with pytest.raises(RateLimitError), copied:
                    copied.get_turn_credentials()
            with pickle.loads(pickle.dumps(client)) as restored:  # noqa: S301
                if store is None:
                    restored.get_turn_credentials()
                with pytest.raises(RateLimitError):
                    restored.get_turn_credentials()


def test_without_a_limiter_nothing_is_imported() -> None:
    code = (
        "import sys\nfrom ai_gate import *\n"
        f"with AIGateClient('proj_demo', {NOWHERE!r}, timeout=5.0) as client:\n"
        "    try:\n        client.create_session()\n"
        "    except APIConnectionError as error:\n        assert not error.sent\n"
        "names = 'redis', 'ai_gate.limits', 'ai_gate._call.turn', 'ai_gate._http.look'\n"
        "print([name for name in names if name in sys.modules])"
    )
    result = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    )
    assert result.stdout.strip() == "[]"


@pytest.mark.parametrize(
    "arguments",
    [
        {"requests": 0},
        {"concurrent": True},
        {"quota": 1.5},
        {"window": 0.0},
        {"on_error": "raise"},
        {"store": "http://127.0.0.1"},
        {"store": b"redis://127.0.0.1"},
        {"store": 6379},
    ],
    ids=str,
)
def test_wrong_arguments(arguments: dict[str, Any]) -> None:
    with pytest.raises(AIGateError, match=next(iter(arguments))):
        Limiter(**arguments)


def test_something_else_as_a_limiter(caller: Caller) -> None:
    with pytest.raises(AIGateError, match=r"limiter must be a Limiter .*, not object"):
        caller.client(limiter=object())
