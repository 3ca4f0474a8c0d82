"""A Redis that fails in the middle of a run, and what it gets to see."""

from __future__ import annotations

import logging
import multiprocessing
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import anyio
import pytest
import redis
import trustme

from ai_gate import AIGateClient, AIGateError, APITimeoutError, RateLimitError
from ai_gate._http import look
from ai_gate.limits import Limiter, _redis
from ai_gate.limits._redis import Redis
from ai_gate.testing import MockGate
from tests.limits.conftest import Server, StartRedis, eventually, far_away
from tests.support.callers import GET, NO_ARGUMENTS, POST, PROJECT, Caller, Client

SECRET = "redispassword"


@pytest.mark.usefixtures("patience")
def test_no_secret_is_in_the_store(start_redis: StartRedis) -> None:
    server = start_redis()
    with MockGate() as gate:
        limiter = Limiter(server.url, concurrent=3)
        with AIGateClient(PROJECT, gate.url, limiter=limiter) as client:
            session = client.create_session()
            client.get_turn_credentials()
    seen = server.client()
    kept = [(key, seen.dump(key)) for key in seen.scan_iter()]
    texts = str([*kept, *(seen.lrange(key, 0, -1) for key, _ in kept if key.endswith("log"))])
    assert kept
    for secret in (PROJECT, gate.url, session["session_id"], session["client_secret"]["value"]):
        assert secret not in texts
    assert all(0 < int(seen.ttl(key)) <= 32 * 86_400 for key, _ in kept)


@pytest.mark.usefixtures("patience")
def test_an_attempt_costs_one_round_trip(start_redis: StartRedis) -> None:
    server = start_redis()
    with MockGate(requests=None, concurrent=None, quota=None) as gate:
        limiter = Limiter(server.url, requests=1000)
        with AIGateClient(PROJECT, gate.url, limiter=limiter) as client:
            for _ in range(3):
                client.get_turn_credentials()
            seen = server.client()
            seen.config_resetstat()
            for _ in range(20):
                client.get_turn_credentials()
                client.create_session()
            assert seen.info("commandstats")["cmdstat_evalsha"]["calls"] == 40


CALL_THAT_THE_LOOP_CUTS = """
import asyncio, sys
from ai_gate import AsyncAIGateClient
from ai_gate.limits._redis import Redis
from ai_gate.limits import Limiter
project, url, realtime_url, store = sys.argv[1:]

async def main():
    async with AsyncAIGateClient(project, url, limiter=Limiter(store, concurrent=1)) as client:
        await client.connect(realtime_url=realtime_url).__aenter__()

asyncio.run(main())
"""


def test_a_call_that_the_end_of_the_loop_cuts_frees_its_slot(start_redis: StartRedis) -> None:
    pytest.importorskip("aiortc")
    server = start_redis()
    with MockGate(realtime=True, concurrent=None) as gate:
        arguments = [PROJECT, gate.url, gate.realtime_url, server.url]
        command = [sys.executable, "-c", CALL_THAT_THE_LOOP_CUTS, *arguments]
        # It must end by itself.
        subprocess.run(command, check=True, timeout=60)
        assert Limiter(server.url).usage(PROJECT, gate.url).concurrent.used == 0
        assert len(gate.sessions) == 1


@pytest.mark.usefixtures("patience")
def test_the_log_stays_short(start_redis: StartRedis, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_redis, "LONGEST_LOG", 20)
    server = start_redis()
    limiters = [Limiter(server.url, requests=500) for _ in range(2)]
    with MockGate(requests=None) as gate:
        clients = [AIGateClient(PROJECT, gate.url, limiter=limiter) for limiter in limiters]
        for _ in range(40):
            for client in clients:
                client.get_turn_credentials()
        seen = server.client()
        (log,) = seen.scan_iter("*:log")
        assert seen.llen(log) < 30
        # Who comes late, and who hasn't looked for long, know as much.
        late = Limiter(server.url, requests=500)
        used = {one.usage(PROJECT, gate.url).requests.used for one in (*limiters, late)}
        assert used == {80}
        for client in clients:
            client.close()


def calls(client: AIGateClient, count: int) -> None:
    """Make calls."""
    for _ in range(count):
        client.get_turn_credentials()


def set_password(server: Server, admin: redis.Redis) -> None:
    admin.config_set("requirepass", SECRET)
    admin.client_kill_filter(skipme=True, _type="normal")


Change = Callable[[Server, redis.Redis], object]
FAULTS: dict[str, tuple[Change, Change]] = {
    "stopped": (lambda server, _: server.stop(), lambda server, _: server.start()),
    "paused": (
        lambda server, _: server.send(signal.SIGSTOP),
        lambda server, _: server.send(signal.SIGCONT),
    ),
    "full": (
        lambda _, admin: admin.config_set("maxmemory", "1kb"),
        lambda _, admin: admin.config_set("maxmemory", "0"),
    ),
    "another password": (
        set_password,
        lambda _, admin: admin.config_set("requirepass", ""),
    ),
}
"""What can happen to Redis, and how it is undone."""


@pytest.mark.parametrize("fault", FAULTS)
def test_the_calls_go_on_and_the_counts_recover(
    fault: str, start_redis: StartRedis, caplog: pytest.LogCaptureFixture
) -> None:
    server = start_redis()
    admin = server.client()
    harm, mend = FAULTS[fault]
    with MockGate(requests=20) as gate:
        limiter = Limiter(server.url, wait=False)
        with AIGateClient(PROJECT, gate.url, limiter=limiter) as client:
            calls(client, 5)
            harm(server, admin)
            calls(client, 10)
            (warning,) = [one for one in caplog.records if one.levelno == logging.WARNING]
            assert SECRET not in warning.getMessage()
            mend(server, admin)
            time.sleep(1.1)  # So long nobody looks.
            calls(client, 5)
            check_full(client, gate)


@pytest.mark.parametrize("keys", ["*", "*:log"])
@pytest.mark.usefixtures("patience")
def test_keys_that_are_evicted(keys: str, start_redis: StartRedis) -> None:
    server = start_redis()
    admin = server.client()
    with MockGate(requests=20) as gate:
        limiters = [Limiter(server.url, wait=False) for _ in range(2)]
        clients = [AIGateClient(PROJECT, gate.url, limiter=limiter) for limiter in limiters]
        for _ in range(5):
            for client in clients:
                calls(client, 1)
            admin.delete(*admin.scan_iter(keys))
        for client in clients:
            calls(client, 5)
        for client in clients:
            with client:
                check_full(client, gate)


@pytest.mark.usefixtures("patience")
def test_a_release_of_a_session_whose_name_is_evicted(start_redis: StartRedis) -> None:
    server = start_redis()
    admin = server.client()
    with MockGate() as gate:
        limiter, other = (Limiter(server.url, concurrent=2) for _ in range(2))
        with AIGateClient(PROJECT, gate.url, limiter=limiter) as client:
            sessions = [client.create_session() for _ in range(2)]
        admin.delete(*[key for key in admin.scan_iter("*") if not key.endswith("log")])
        other.usage(PROJECT, gate.url)
        for one, session in zip((limiter, other), sessions, strict=True):
            one.release(session)
        assert other.usage(PROJECT, gate.url).concurrent.used == 0


def check_full(client: AIGateClient, gate: MockGate) -> None:
    """Check that the next call isn't sent, because the gate would refuse it."""
    with pytest.raises(RateLimitError) as told:
        client.get_turn_credentials()
    assert (told.value.sent, len(gate.received)) == (False, 20)


def test_a_store_that_is_away_can_refuse(caller: Caller) -> None:
    with MockGate() as gate:
        limiter = Limiter("redis://127.0.0.1:9/0", on_error="refuse")
        for operation in (GET, POST):
            error = caller.attempt(operation, gate.url, NO_ARGUMENTS, limiter=limiter).error
            assert (str(error), error.sent) == (
                "The limiter's store is away, so nothing was sent.",
                False,
            )
        with pytest.raises(AIGateError, match="store is away"):
            limiter.usage(PROJECT)
        assert gate.received == []


def test_a_paused_store_costs_a_quarter_of_a_second(
    caller: Caller, start_redis: StartRedis
) -> None:
    server = start_redis()
    with MockGate(requests=None, concurrent=None, quota=None) as gate:
        limiter = Limiter(server.url)

        async def body(client: Client) -> None:
            await client.get_turn_credentials()
            server.send(signal.SIGSTOP)
            for _ in range(5):
                await client.get_turn_credentials()

        started = time.monotonic()
        caller.use(gate.url, body, limiter=limiter, timeout=20.0)
        # One look failed; with room for a busy machine.
        assert 0.2 < time.monotonic() - started < 2.5


@pytest.mark.usefixtures("patience")
def test_over_tls_with_a_password(start_redis: StartRedis, tmp_path: Path) -> None:
    authority = trustme.CA()
    certificate = authority.issue_cert("127.0.0.1")
    authority.cert_pem.write_to_path(str(tmp_path / "ca.pem"))
    certificate.private_key_pem.write_to_path(str(tmp_path / "key.pem"))
    certificate.cert_chain_pems[0].write_to_path(str(tmp_path / "cert.pem"))
    options = ["--tls-cert-file", f"{tmp_path}/cert.pem", "--tls-key-file", f"{tmp_path}/key.pem"]
    options += ["--tls-auth-clients", "no", "--requirepass", SECRET, "--tls-port"]
    server = start_redis(*options, scheme="rediss", login=f":{SECRET}@")
    with MockGate() as gate:
        limiter = Limiter(f"{server.url}?ssl_ca_certs={tmp_path}/ca.pem", on_error="refuse")
        with AIGateClient(PROJECT, gate.url, limiter=limiter) as client:
            client.get_turn_credentials()
        assert limiter.usage(PROJECT, gate.url).requests.used == 1
        untrusted = Limiter(server.url, on_error="refuse")
        with pytest.raises(AIGateError) as told:
            untrusted.usage(PROJECT, gate.url)
        assert SECRET not in f"{told.value!r}{told.value.__cause__!r}{untrusted!r}"


def _call_in_child(client: AIGateClient, results: Any) -> None:
    try:
        client.get_turn_credentials()
        results.put("made")
    except AIGateError as error:
        results.put("sent" if error.sent else "refused")


def test_a_child_has_connections_of_its_own(store: str | None) -> None:
    with MockGate(requests=2) as gate:
        limiter = Limiter(store, wait=False)
        with AIGateClient(PROJECT, gate.url, limiter=limiter) as client:
            client.get_turn_credentials()
            context = multiprocessing.get_context("fork")
            results = context.SimpleQueue()
            child = context.Process(target=_call_in_child, args=(client, results))
            child.start()
            assert results.get() == "made"
            child.join()
            if store is not None:
                assert limiter.usage(PROJECT, gate.url).requests.used == 2
                with pytest.raises(RateLimitError):
                    client.get_turn_credentials()


def test_a_call_that_is_cancelled_gives_its_place_back(store: str | None) -> None:
    async def main(url: str) -> None:
        from ai_gate import AsyncAIGateClient  # noqa: PLC0415

        limiter = Limiter(store, concurrent=1)
        async with AsyncAIGateClient(PROJECT, url, limiter=limiter) as client:
            session = await client.create_session()
            with anyio.move_on_after(0.3):
                await client.create_session()
            await limiter.release_async(session)
            await client.create_session()

    with MockGate() as gate:
        anyio.run(main, gate.url)
        assert len(gate.received) == 2


def test_a_signal_handlers_limit_passes_through(start_redis: StartRedis) -> None:
    def ring(number: int, frame: object) -> None:
        raise TimeoutError("of the app")

    server = start_redis()
    with MockGate() as gate, AIGateClient(PROJECT, gate.url, limiter=Limiter(server.url)) as client:
        client.get_turn_credentials()
        server.send(signal.SIGSTOP)
        before = signal.signal(signal.SIGALRM, ring)
        try:
            signal.setitimer(signal.ITIMER_REAL, 0.05)
            with pytest.raises(TimeoutError, match="of the app"):
                client.get_turn_credentials()
        finally:
            signal.signal(signal.SIGALRM, before)


@pytest.mark.usefixtures("patience")
def test_a_child_tells_only_its_own_news(start_redis: StartRedis) -> None:
    with MockGate(requests=None) as gate:
        limiter = Limiter(start_redis().url)
        with AIGateClient(PROJECT, gate.url, limiter=limiter) as client:
            calls(client, 3)
            (waiting,) = limiter._desk._news.values()
            assert waiting, "the last call's are told with the next"
            context = multiprocessing.get_context("fork")
            results = context.SimpleQueue()
            children = [
                context.Process(target=_call_in_child, args=(client, results)) for _ in range(3)
            ]
            for child in children:
                child.start()
                assert results.get() == "made"
                child.join()
            assert limiter.usage(PROJECT, gate.url).requests.used == 6


@pytest.mark.parametrize("password", ["hid/den", "hid#den", "hid?den", "[hidden"])
@pytest.mark.parametrize("scheme", ["redis", "rediss", "valkey"])
def test_nothing_of_a_url_that_cant_be_read_is_told(scheme: str, password: str) -> None:
    with pytest.raises(AIGateError, match="percent-encoded") as told:
        Limiter(f"{scheme}://:{password}@127.0.0.1:x/0")
    link: BaseException | None = told.value
    while link is not None:
        assert "hid" not in repr(link)
        link = link.__cause__ or link.__context__


def test_a_look_is_bounded_with_all_its_steps(
    caller: Caller, start_redis: StartRedis, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Each of them takes less than that, all of them over a second.
    monkeypatch.setattr(look, "LONGEST_LOOK", 0.5)
    with far_away(start_redis(), 0.2) as url, MockGate(requests=None) as gate:
        limiter = Limiter(url)

        async def body(client: Client) -> None:
            started = time.monotonic()
            await client.get_turn_credentials()
            seconds = time.monotonic() - started
            assert limiter._desk._away_until > 0, "connecting takes longer"
            assert seconds < 1.0
            # It goes on, and a look finds the connection.
            for _ in range(20):
                time.sleep(0.5)
                await client.get_turn_credentials()
                if not limiter._desk._away_until:
                    return
            raise AssertionError("no look succeeded")

        caller.use(gate.url, body, limiter=limiter)


@pytest.mark.usefixtures("patience")
def test_a_look_takes_no_longer_than_its_call(caller: Caller, start_redis: StartRedis) -> None:
    server = start_redis()
    with MockGate() as gate:
        limiter = Limiter(server.url)
        server.send(signal.SIGSTOP)
        outcome = caller.attempt(GET, gate.url, NO_ARGUMENTS, limiter=limiter, timeout=0.1)
        assert isinstance(outcome.error, APITimeoutError)
        assert not outcome.error.sent
        assert outcome.seconds < look.LONGEST_LOOK / 2


def test_a_warning_says_what_happens_to_calls(caplog: pytest.LogCaptureFixture) -> None:
    for on_error, what in (("allow", "aren't limited"), ("refuse", "fail")):
        limiter = Limiter("redis://127.0.0.1:9/0", on_error=on_error)  # type: ignore[arg-type]
        with pytest.raises(AIGateError):
            limiter.usage(PROJECT)
        assert f"calls {what} meanwhile" in caplog.messages[-1]


def test_a_slow_store_is_told_of_too(caller: Caller, start_redis: StartRedis, caplog: Any) -> None:
    server = start_redis()
    with MockGate(requests=None) as gate:
        limiter = Limiter(server.url)

        async def body(client: Client) -> None:
            server.send(signal.SIGSTOP)
            await client.get_turn_credentials()
            server.send(signal.SIGCONT)

        caller.use(gate.url, body, limiter=limiter)
    assert len([one for one in caplog.records if "store is away" in one.getMessage()]) == 1


@pytest.mark.usefixtures("patience")
def test_what_was_lost_is_told_by_those_who_know_it(start_redis: StartRedis) -> None:
    server = start_redis()
    with MockGate(requests=None, concurrent=None, quota=None) as gate:
        limiters = [Limiter(server.url, concurrent=9, quota=9) for _ in range(2)]
        clients = [AIGateClient(PROJECT, gate.url, limiter=limiter) for limiter in limiters]
        for client in clients * 2:
            client.create_session()
        # A process that knows nothing comes first.
        server.client().flushall()
        late = Limiter(server.url, concurrent=9, quota=9)
        with AIGateClient(PROJECT, gate.url, limiter=late) as client:
            client.create_session()
            for known in clients:
                known.get_turn_credentials()
                known.close()
            usage = late.usage(PROJECT, gate.url)
        counts = (usage.requests.used, usage.concurrent.used, usage.quota.used)
        assert counts[:2] == (7, 5)
        assert counts[2] >= 4


@pytest.mark.usefixtures("patience")
def test_a_store_that_has_forgotten_the_last_asks(start_redis: StartRedis) -> None:
    server = start_redis()
    admin = server.client()
    with MockGate(requests=None) as gate:
        limiters = [Limiter(server.url) for _ in range(2)]
        clients = [AIGateClient(PROJECT, gate.url, limiter=limiter) for limiter in limiters]
        for client in clients:
            calls(client, 3)
        (log,) = admin.scan_iter("*:log")
        # As a replica that takes over does.
        admin.rpop(log, 2)
        calls(clients[0], 3)
        calls(clients[1], 1)
        seen = {one.usage(PROJECT, gate.url).requests.used for one in (*limiters, *limiters)}
        assert 10 in seen
        for client in clients:
            client.close()


def test_a_reset_is_told_while_all_is_under_way(store: str | None) -> None:
    limiter = Limiter(store)
    with MockGate() as gate, AIGateClient(PROJECT, gate.url, limiter=limiter) as client:
        gate.slow(3.0)
        ended = threading.Event()

        def call() -> None:
            with suppress(AIGateError):
                client.get_turn_credentials()
            ended.set()

        threading.Thread(target=call).start()
        eventually(lambda: len(gate.received) == 1)
        left = limiter.usage(PROJECT, gate.url).requests.reset_at - datetime.now(UTC)
        assert 800 < left.total_seconds() <= 900
        assert ended.wait(60.0)


@pytest.mark.usefixtures("patience")
def test_an_ask_that_the_counts_of_the_log_have_in_them(start_redis: StartRedis) -> None:
    server = start_redis()
    one, other = (Redis(server.url) for _ in range(2))
    limits = {"requests": 500, "window": 900.0, "concurrent": 0, "quota": 0, "known": []}

    def ask(turn: str) -> dict[str, Any]:
        return limits | {"id": turn, "session": False, "left": 0.0, "waited": 0.0, "news": []}

    def late(keys: list[str], arguments: list[Any]) -> Any:
        said = script(keys, arguments)
        if turns:
            # Meanwhile the log begins anew twice, and another thread follows it there.
            for _ in range(250):
                other.look("key", ask(f"other.{turns.pop()}"))
            one.look("key", ask("one.1"))
        return said

    one.look("key", ask("one.0"))
    follower, turns = one._followers["key"], list(range(250))
    script, follower.script = follower.script, late
    reply = follower.look(ask("one.2"))
    assert reply["wait"] == 0
    assert one.look("key", ask(""))["requests"][0] == 253
