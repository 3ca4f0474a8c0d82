"""The TURN probe against a real TURN server, and against ports where none is."""

from __future__ import annotations

import asyncio
import gc
import logging

import pytest
import trustme

from ai_gate import AIGateError
from ai_gate.types import IceServer
from ai_gate.webrtc import TurnProbe, TurnResult, probe_turn
from ai_gate.webrtc._aiortc_internals import LOGGERS
from ai_gate.webrtc.turn._allocation import Allocation, StreamClient
from ai_gate.webrtc.turn._urls import turn_servers
from tests.voice import running
from tests.voice.conftest import StartCoturn
from tests.voice.coturn import CREDENTIAL, HOST, TRANSPORTS, USERNAME, Coturn, Transport
from tests.voice.dead_ends import answering, refusing, sending_on, silent
from tests.voice.lossy_path import is_allocation, is_signed_request, lossy_path
from tests.voice.running import finished, run, tasks

LIMIT = 0.3


def probe(*servers: IceServer, timeout: float = 2.0) -> TurnProbe:
    return run(probe_turn(list(servers), timeout=timeout))


def forget_masks(monkeypatch: pytest.MonkeyPatch) -> None:
    """Take back what an earlier test has done to the loggers of the process."""
    for name in LOGGERS:
        monkeypatch.setattr(logging.getLogger(name), "filters", [])


def only(found: TurnProbe) -> TurnResult:
    (result,) = found.results
    return result


def at(*urls: str) -> IceServer:
    return {"urls": list(urls), "username": USERNAME, "credential": CREDENTIAL}


@pytest.mark.usefixtures("trusted")
@pytest.mark.parametrize("transport", TRANSPORTS)
def test_a_server_that_works(coturn: Coturn, transport: Transport) -> None:
    before = coturn.allocations()
    result = only(probe(coturn.ice_server(transport)))
    assert (result.works, result.reason, result.transport) == (True, None, transport)
    assert result.url == coturn.url(transport)
    assert result.seconds is not None
    assert 0 < result.seconds < 2
    assert coturn.wait_for(lambda: coturn.allocations() == before + 1)
    assert coturn.all_given_back()


@pytest.mark.usefixtures("trusted")
def test_given_back_means_asked_for_and_not_timed_out(coturn: Coturn) -> None:
    before = len(coturn.log)
    probe(coturn.ice_server(*TRANSPORTS))
    assert coturn.wait_for(lambda: coturn.log[before:].count("lifetime=0") == 3)


@pytest.mark.usefixtures("trusted")
def test_six_urls_with_the_first_one_dead(coturn: Coturn) -> None:
    before = coturn.allocations()
    dead = refusing("udp")
    servers: list[IceServer] = [
        {"urls": "stun:stun.test:3478"},
        {"urls": ["stun:127.0.0.1:9"]},
        at(dead),
        coturn.ice_server("tls"),
        coturn.ice_server("tls"),
        coturn.ice_server("tcp", "udp"),
    ]
    found = probe(*servers)
    assert [result.works for result in found.results] == [False, True, True, True, True]
    assert found.results[0].reason == "connection refused"
    assert (found.works, found.first) == (True, found.results[1])
    assert coturn.wait_for(lambda: coturn.allocations() == before + 4)
    assert coturn.all_given_back()


@pytest.mark.usefixtures("trusted")
def test_the_credentials_of_the_gate_as_they_come(coturn: Coturn) -> None:
    found = run(
        probe_turn(
            {
                "iceServers": [{"urls": "stun:stun.test"}, coturn.ice_server("udp", "tcp")],
                "_auth_method": "legacy",
                "_turn_enabled": True,
            }
        )
    )
    assert [result.works for result in found.results] == [True, True]


def test_nothing_but_stun() -> None:
    found = probe({"urls": "stun:stun.test:3478"})
    assert (found.results, found.works, found.first) == ((), False, None)


@pytest.mark.usefixtures("trusted")
@pytest.mark.parametrize("transport", TRANSPORTS)
@pytest.mark.parametrize("which", ["username", "credential"])
def test_wrong_credentials(coturn: Coturn, transport: Transport, which: str) -> None:
    server = coturn.ice_server(transport)
    if which == "username":
        server["username"] = "mallory"
    else:
        server["credential"] = "wrong"
    assert only(probe(server)).reason == "401 Unauthorized"
    assert coturn.all_given_back()


def test_a_refused_request_is_not_followed_by_others(coturn: Coturn) -> None:
    begin = len(coturn.log)
    probe({**coturn.ice_server("tcp"), "credential": "wrong"})
    # One that isn't signed, and one that is.
    assert coturn.wait_for(lambda: ", rp=2, " in coturn.log[begin:])


def test_time_limited_credentials(rest_coturn: Coturn) -> None:
    found = probe(rest_coturn.ice_server("udp"), rest_coturn.ice_server("tcp"))
    assert [result.works for result in found.results] == [True, True]
    assert rest_coturn.all_given_back()


def test_time_limited_credentials_that_have_expired(rest_coturn: Coturn) -> None:
    found = probe(rest_coturn.ice_server("udp", "tcp", seconds=-60))
    assert {result.reason for result in found.results} == {"401 Unauthorized"}


def test_a_server_that_wants_no_credentials(start_coturn: StartCoturn) -> None:
    server = start_coturn(authentication="none")
    before = len(server.log)
    assert [result.works for result in probe(server.ice_server("udp", "tcp")).results] == [True] * 2
    assert server.wait_for(lambda: server.log[before:].count("lifetime=0") == 2)


@pytest.mark.parametrize("timeout", [0.5, 5.0])
def test_no_more_room(start_coturn: StartCoturn, timeout: float) -> None:
    server = start_coturn(options=["user-quota=1"])

    async def full() -> TurnProbe:
        (found,), _ = turn_servers([server.ice_server("udp")])
        first = Allocation(found, HOST)
        assert await first.take(2.0) is None
        probed = await probe_turn([server.ice_server("tcp")], timeout=timeout)
        await first.give_back()
        return probed

    assert only(run(full())).reason == "486 Allocation Quota Reached"
    assert server.all_given_back()


def test_an_allocation_that_ends_almost_at_once(start_coturn: StartCoturn) -> None:
    server = start_coturn(options=["max-allocate-lifetime=5"])
    result = only(probe(server.ice_server("udp")))
    assert (result.works, result.reason) == (False, "an allocation for 5 s only")
    assert server.all_given_back()


@pytest.mark.parametrize("transport", TRANSPORTS)
def test_a_port_where_nobody_listens(transport: Transport) -> None:
    result = only(probe(at(refusing(transport))))
    assert (result.works, result.reason) == (False, "connection refused")
    assert result.seconds is not None
    assert result.seconds < 1


@pytest.mark.parametrize("transport", TRANSPORTS)
def test_a_port_that_never_answers(transport: Transport) -> None:
    with silent(transport) as url:
        result = only(probe(at(url), timeout=LIMIT))
    assert (result.works, result.reason) == (False, "timed out after 0.3 s")
    assert result.seconds is not None
    assert LIMIT <= result.seconds < LIMIT + 1


def test_all_urls_are_tried_side_by_side() -> None:
    async def begun(*urls: str) -> int:
        probing = asyncio.create_task(probe_turn([at(*urls)], timeout=LIMIT))
        while not (others := tasks() - {probing}):
            await asyncio.sleep(0)
        await probing
        return len(others)

    with silent("udp") as first, silent("tcp") as second, silent("tls") as third:
        assert run(begun(first, second, third)) == 3


def test_a_server_that_falls_silent_before_it_allocates(start_coturn: StartCoturn) -> None:
    server = start_coturn()
    server.freeze()
    result = only(probe(server.ice_server("udp"), timeout=LIMIT))
    assert result.reason == "timed out after 0.3 s"


@pytest.mark.parametrize("transport", ["tcp", "tls"])
def test_a_server_that_hangs_up(transport: Transport) -> None:
    with answering(transport, b"") as url:
        assert only(probe(at(url))).reason in {
            "connection closed by the server",
            "connection reset by peer",
        }


def test_a_web_server() -> None:
    with answering("tcp", b"HTTP/1.1 400 Bad Request\r\n\r\n") as url:
        assert only(probe(at(url))).reason == "connection closed by the server"


def test_a_server_without_tls() -> None:
    with answering("tls", b"HTTP/1.1 400 Bad Request\r\n\r\n") as url:
        reason = only(probe(at(url))).reason
    assert reason is not None
    assert reason.startswith("TLS failed: ")


def test_a_certificate_that_nobody_vouches_for(coturn: Coturn) -> None:
    reason = only(probe(coturn.ice_server("tls"))).reason
    assert reason == "certificate: unable to get local issuer certificate"


@pytest.mark.usefixtures("trusted")
def test_a_certificate_of_another_host(authority: trustme.CA, start_coturn: StartCoturn) -> None:
    server = start_coturn(certificate=authority.issue_cert("elsewhere.test"))
    reason = only(probe(server.ice_server("tls"))).reason
    assert reason is not None
    assert reason.startswith("certificate: ")
    assert HOST in reason


@pytest.mark.usefixtures("trusted")
@pytest.mark.parametrize("name", [HOST, "elsewhere.test"])
def test_a_server_that_sends_us_on_over_tls(
    authority: trustme.CA, start_coturn: StartCoturn, name: str
) -> None:
    back = start_coturn(certificate=authority.issue_cert(name))
    options = [f"tls-alternate-server={HOST}:{back.tls_port}"]
    front = start_coturn(certificate=authority.issue_cert(HOST), options=options)
    reason = only(probe(front.ice_server("tls"))).reason
    assert (reason or "works").startswith("works" if name == HOST else "certificate: ")
    assert back.allocations() == (name == HOST)
    assert back.all_given_back()


@pytest.mark.usefixtures("trusted")
@pytest.mark.parametrize("name", ["back.test", "elsewhere.test"])
def test_a_server_that_sends_us_on_to_another_name(
    authority: trustme.CA, start_coturn: StartCoturn, name: str
) -> None:
    back = start_coturn(certificate=authority.issue_cert("back.test"))
    with sending_on(authority.issue_cert(HOST), back.tls_port, name) as url:
        reason = only(probe(at(url))).reason
    assert (reason or "works").startswith("works" if name == "back.test" else "certificate: ")
    assert back.all_given_back()


@pytest.mark.usefixtures("trusted")
def test_a_host_by_name(coturn: Coturn) -> None:
    server = coturn.ice_server("tls", "tcp")
    server["urls"] = [url.replace(HOST, "localhost") for url in server["urls"]]
    assert [result.works for result in probe(server).results] == [True, True]


@pytest.mark.parametrize("transport", TRANSPORTS)
@pytest.mark.parametrize("host", ["turn.invalid", "a" * 64 + ".test"])
def test_a_name_that_does_not_exist(transport: Transport, host: str) -> None:
    url = refusing(transport).replace(HOST, host)
    assert only(probe(at(url), timeout=10.0)).reason == "name not found"


def test_bad_urls_among_good_ones_keep_their_places(coturn: Coturn) -> None:
    servers = [at("turns:h?transport=udp"), coturn.ice_server("udp"), at("turn:")]
    found = probe(*servers)
    assert [result.works for result in found.results] == [False, True, False]
    assert [result.seconds is None for result in found.results] == [True, False, True]
    assert found.first == found.results[1]


# The probe of a server on loopback takes about 3 ms, with TLS about 10.
@pytest.mark.usefixtures("trusted")
@pytest.mark.parametrize("milliseconds", [0, 0.2, 0.5, 1, 1.5, 2, 2.5, 3, 4, 6, 8, 12, 20])
def test_cancelled_it_leaves_nothing(coturn: Coturn, milliseconds: float) -> None:
    async def cancelled() -> None:
        credentials = [coturn.ice_server(*TRANSPORTS), at(refusing("udp"))]
        task = asyncio.create_task(probe_turn(credentials))
        await asyncio.sleep(milliseconds / 1000)
        task.cancel()
        await asyncio.wait([task])
        assert await finished(5.0)

    run(cancelled())
    assert coturn.all_given_back()


@pytest.mark.usefixtures("trusted")
@pytest.mark.parametrize("milliseconds", [0, 0.2, 0.5, 1, 1.5, 2, 2.5, 3, 4, 6, 8, 12, 20])
def test_the_end_of_the_loop_leaves_nothing(coturn: Coturn, milliseconds: float) -> None:
    async def abandoned() -> None:
        task = asyncio.create_task(probe_turn([coturn.ice_server(*TRANSPORTS)]))
        await asyncio.sleep(milliseconds / 1000)
        task.cancel()

    before = running.sockets()
    run(abandoned(), clean=False)
    gc.collect()
    assert running.sockets() - before == set()
    assert coturn.all_given_back()


@pytest.mark.usefixtures("trusted")
def test_the_end_of_the_loop_when_tls_was_just_established(
    coturn: Coturn, monkeypatch: pytest.MonkeyPatch
) -> None:
    connection_made = StreamClient.connection_made

    def end_all(client: StreamClient, transport: asyncio.BaseTransport) -> None:
        connection_made(client, transport)
        # Whoever waits for the connection hasn't been woken yet.
        for task in asyncio.all_tasks():
            task.cancel()

    monkeypatch.setattr(StreamClient, "connection_made", end_all)
    before = running.sockets()
    with pytest.raises(asyncio.CancelledError):
        run(probe_turn([coturn.ice_server("tls")]), clean=False)
    gc.collect()
    assert running.sockets() - before == set()


@pytest.mark.parametrize("transport", TRANSPORTS)
def test_cancelled_before_a_server_that_never_answers(transport: Transport) -> None:
    async def cancelled(url: str) -> None:
        task = asyncio.create_task(probe_turn([at(url)], timeout=LIMIT))
        while not tasks() - {task}:
            await asyncio.sleep(0)
        task.cancel()
        await asyncio.wait([task])
        assert not await finished(0.0)
        assert await finished(LIMIT + 1)

    with silent(transport) as url:
        run(cancelled(url))


def test_an_allocation_whose_answer_is_lost(coturn: Coturn) -> None:
    before = coturn.allocations()

    async def lost() -> TurnProbe:
        async with lossy_path(coturn.port, lost=is_allocation) as path:
            return await probe_turn([at(path.url)], timeout=LIMIT)

    assert only(run(lost())).reason == "timed out after 0.3 s"
    assert coturn.wait_for(lambda: coturn.allocations() > before)
    assert coturn.all_given_back()


def test_an_allocation_that_is_made_after_everything_was_cancelled(coturn: Coturn) -> None:
    before = coturn.allocations()

    async def cancelled() -> None:
        async with lossy_path(coturn.port, late=is_signed_request) as path:
            probing = asyncio.create_task(probe_turn([at(path.url)]))
            await path.held.wait()
            for task in tasks():
                task.cancel()
            await asyncio.wait([probing])
            assert await finished(5.0)

    run(cancelled())
    assert coturn.wait_for(lambda: coturn.allocations() > before)
    assert coturn.all_given_back()


@pytest.mark.usefixtures("trusted")
def test_secrets_stay_out_of_sight(
    coturn: Coturn, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    caplog.set_level(logging.DEBUG)
    forget_masks(monkeypatch)
    good = coturn.ice_server(*TRANSPORTS)
    bad: IceServer = {**good, "credential": "wrong-secret"}
    found = probe(good, bad, at(f"turn:{USERNAME}:{CREDENTIAL}@{HOST}"))
    texts = repr(found) + caplog.text
    assert "TURN turn:" in caplog.text
    for secret in (CREDENTIAL, "wrong-secret", USERNAME):
        assert secret not in texts


@pytest.mark.parametrize("timeout", [0, -1, 61, float("nan"), float("inf"), True, "2", None])
def test_timeouts_that_make_no_sense(timeout: float) -> None:
    with pytest.raises(AIGateError, match="timeout must be"):
        run(probe_turn([], timeout=timeout))


def test_another_event_loop() -> None:
    trio = pytest.importorskip("trio")
    with pytest.raises(AIGateError, match="asyncio"):
        trio.run(probe_turn, [])
