"""`ai-gate doctor`, on a good day and on bad ones."""

from __future__ import annotations

import datetime
import socket
import ssl
import struct
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest
import trustme

from ai_gate.cli.doctor import SECONDS
from ai_gate.testing import MockGate
from ai_gate.webrtc import TurnResult
from ai_gate.webrtc.errors import MissingDependencyError
from tests.support.fixtures import Serve
from tests.support.responses import HTML, json_response, response
from tests.support.server import Request
from tests.support.steps import answer
from tests.voice.coturn import CREDENTIAL, Coturn, installed

from .conftest import Command

STEP = {"step", "status", "about", "detail", "advice", "seconds"}
STATUSES = {"ok", "warning", "failed", "skipped"}


@contextmanager
def stun_server() -> Iterator[int]:
    """Answer binding requests, but not the first one of all, which gets lost."""
    with socket.socket(type=socket.SOCK_DGRAM) as server:
        server.bind(("127.0.0.1", 0))

        def serve() -> None:
            server.recvfrom(2048)
            request, client = server.recvfrom(2048)
            server.sendto(b"not STUN", client)
            server.sendto(struct.pack("!HH", 0x0101, 0) + request[4:20], client)

        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        yield server.getsockname()[1]
        thread.join(10)


def certified(authority: trustme.CA, **options: Any) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("127.0.0.1", **options).configure_cert(context)
    return context


def test_a_good_day(command: Command) -> None:
    with stun_server() as port, MockGate(ice_servers=[{"urls": f"stun:127.0.0.1:{port}"}]) as gate:
        result = command("doctor", "--json", "--base-url", gate.url)
    told = result.json
    assert (result.status, result.err) == (0, "")
    assert (told["schema"], told["status"], told["exit_status"]) == (1, "ok", 0)
    assert datetime.datetime.fromisoformat(told["at"]).tzinfo
    assert all(step.keys() == STEP and step["status"] in STATUSES for step in told["steps"])
    names = ["process", "settings", "dns", "address", "tcp", "clock", "health", "project"]
    assert [step["step"] for step in told["steps"]] == [*names, "server", "udp", "ice"]
    assert "99 of 100 requests left" in result.step("project")["detail"]
    assert "(request " in result.step("health")["detail"]
    assert [request.path for request in gate.received] == ["/health", "/turn-credentials"]


@pytest.mark.parametrize(
    "url", ["http://bob:s3cret@127.0.0.1:9", "http://127.0.0.1:9/?token=s3cret", "127.0.0.1:9", ""]
)
def test_a_base_url_that_is_none(url: str, command: Command) -> None:
    result = command("doctor", "--base-url", url)
    assert (result.status, result.out) == (2, "")
    assert "base_url" in result.err
    assert "s3cret" not in result.err


def test_a_name_that_is_not_there(command: Command) -> None:
    result = command("doctor", "--base-url", "https://gate.invalid")
    assert result.status == 4
    lines = result.out.splitlines()
    failed = next(number for number, line in enumerate(lines) if line.startswith("failed"))
    assert lines[failed].split()[1:3] == ["dns", "gate.invalid:"]
    assert "Check the host of the base URL" in lines[failed + 1]
    assert [line.split()[:2] for line in lines[failed + 2 :]] == [
        ["skipped", name] for name in ("tcp", "health", "project", "ice")
    ]


def test_ports_that_refuse_or_are_silent(command: Command) -> None:
    with socket.socket() as full, socket.socket() as first, socket.socket() as second:
        full.bind(("127.0.0.1", 0))
        full.listen(0)
        for client in (first, second):
            client.setblocking(False)
            client.connect_ex(full.getsockname())
        silent = command(
            "doctor", "--json", "--base-url", f"http://127.0.0.1:{full.getsockname()[1]}"
        )
    refused = command("doctor", "--json", "--base-url", "http://127.0.0.1:1")
    assert (silent.status, refused.status) == (4, 4)
    assert "no answer in time" in silent.step("address")["detail"]
    assert refused.step("address")["detail"] == "Connection refused"
    assert refused.step("tcp")["status"] == "failed"


def test_a_certificate_of_the_company(authority: trustme.CA, command: Command) -> None:
    context = certified(trustme.CA(organization_name="Reads All"))
    with MockGate(ssl_context=context) as gate:
        result = command("doctor", "--json", "--base-url", gate.url)
    step = result.step("tls")
    assert (result.status, step["status"]) == (4, "failed")
    assert "issued by Reads All" in step["about"]
    assert "SSL_CERT_FILE" in step["advice"]


@pytest.mark.usefixtures("trusted")
def test_a_certificate_that_has_expired(authority: trustme.CA, command: Command) -> None:
    day = datetime.timedelta(days=1)
    yesterday = datetime.datetime.now(datetime.UTC) - day
    with MockGate(ssl_context=certified(authority, not_after=yesterday)) as gate:
        result = command("doctor", "--json", "--base-url", gate.url)
    step = result.step("tls")
    assert "expired" in step["detail"]
    assert f"{yesterday:%Y} GMT" in step["about"]
    assert "renewed" in step["advice"]


@pytest.mark.usefixtures("trusted")
def test_a_certificate_that_is_trusted(tls: ssl.SSLContext, command: Command) -> None:
    with MockGate(ssl_context=tls) as gate:
        result = command("doctor", "--json", "--base-url", gate.url)
    assert result.step("tls")["status"] == "ok"
    assert "TLSv1.3, certificate for 127.0.0.1, gate.test" in result.step("tls")["detail"]


def test_a_proxy_that_wants_another_login(
    serve: Serve, command: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    server = serve(answer(lambda request: response(407)))
    monkeypatch.setenv("HTTPS_PROXY", server.url.replace("//", "//me:s3cret-of-mine@"))
    result = command("doctor", "--json", "--base-url", "https://gate.invalid")
    assert result.step("dns")["about"].startswith("the proxy 127.0.0.1 port ")
    assert result.step("dns")["about"].endswith(" (HTTPS_PROXY)")
    assert "407" in result.step("health")["detail"]
    assert "s3cret" not in result.out
    assert "//***@127.0.0.1" in result.step("settings")["detail"]
    (request,) = server.requests
    assert request.headers["proxy-authorization"].startswith("Basic ")


def faulty(request: Request) -> bytes:
    """Answer as Cloudflare does for a gate that is gone, with another time than ours."""
    if request.target == "/health":
        late = "Date: Sat, 03 Oct 2020 12:00:00 GMT"
        return response(522, HTML, late, "CF-Ray: 123abc-FRA")
    return json_response({"error": "no", "message": f"Not {request.target}"}, 401)


def test_a_gate_that_is_ill(serve: Serve, command: Command) -> None:
    result = command("doctor", "--json", "--base-url", serve(answer(faulty)).url)
    assert result.status == 4
    health, clock, project = map(result.step, ("health", "clock", "project"))
    assert health["status"] == "failed"
    assert health["detail"].startswith("HTTP 522")
    assert health["detail"].endswith("(request 123abc-FRA)")
    assert (clock["status"], project["status"]) == ("warning", "failed")
    assert "dashboard" in project["advice"]
    assert result.step("ice")["status"] == "skipped"


@pytest.mark.parametrize(
    ("fault", "status", "words"),
    [
        ("html", 1, "HTTP 200, and nothing of the gate's health"),
        ("redirect", 1, "HTTP 302, and nothing of the gate's health"),
        ("reset", 4, "Connection reset by peer"),
    ],
)
def test_faults_of_the_mock_gate(fault: str, status: int, words: str, command: Command) -> None:
    with MockGate(ice_servers=[]) as gate:
        gate.fail(fault, operation="get_health")
        result = command("doctor", "--json", "--base-url", gate.url)
    assert result.status == status
    assert result.step("health")["detail"].startswith(words)


def test_a_limit_that_is_reached(command: Command) -> None:
    with MockGate(requests=0) as gate:
        gate.fail("html", operation="get_health")
        result = command("doctor", "--json", "--base-url", gate.url)
    # The worst is what most can be done about, not what failed first, or has the highest number.
    assert (result.status, result.step("health")["status"]) == (3, "failed")
    assert "Rate limit exceeded" in result.step("project")["detail"]


def test_a_limit_behind_servers_that_cannot_be_reached(gate: MockGate, command: Command) -> None:
    gate.exhaust("quota")
    result = command("doctor", "--session", "--yes", "--json")
    assert (result.step("ice")["status"], result.step("session")["status"]) == ("failed", "failed")
    assert result.status == 3


@pytest.mark.parametrize(
    ("status", "exit_status"),
    [(500, 1), (520, 1), (521, 4), (522, 4), (523, 4), (524, 4), (530, 4)],
)
def test_a_gate_that_cloudflare_cannot_reach(
    status: int, exit_status: int, serve: Serve, command: Command
) -> None:
    server = serve(*[answer(lambda request: response(status, HTML))] * 9)
    assert command("session", "--base-url", server.url).status == exit_status
    assert command("doctor", "--base-url", server.url).status == exit_status


def test_without_aiortc_only_stun_is_tried(
    command: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    def missing() -> None:
        raise MissingDependencyError("aiortc isn't installed")

    monkeypatch.setattr("ai_gate.webrtc.turn.require_aiortc", missing)
    relay = {"urls": ["turn:127.0.0.1:9"], "username": "someone", "credential": "secret-1"}
    with stun_server() as port:
        servers: list[Any] = [{"urls": f"stun:127.0.0.1:{port}"}, relay]
        with MockGate(ice_servers=servers) as gate:
            result = command("doctor", "--json", "--base-url", gate.url)
            probed = command("turn", "--probe", "--base-url", gate.url)
    stun, turn = (step for step in result.json["steps"] if step["step"] == "server")
    assert (stun["status"], turn["status"]) == ("ok", "skipped")
    assert "aiortc" in turn["detail"]
    assert (result.status, result.step("ice")["status"]) == (0, "skipped")
    assert result.step("ice")["detail"] == "1 of 1 servers work, 1 not tried"
    assert probed.status == 1
    assert "aiortc" in probed.err


@pytest.mark.parametrize(
    ("reasons", "status"),
    [
        ([None, "timed out after 1.5 s"], "ok"),
        (["401 Unauthorized", "timed out after 1.5 s"], "ok"),
        (["timed out after 1.5 s", "connection refused"], "warning"),
        (["name not found"], "warning"),
        ([], "skipped"),
    ],
)
def test_udp_is_always_told(
    reasons: list[str | None],
    status: str,
    gate: MockGate,
    command: Command,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async def probe(*_: object, timeout: float) -> list[TurnResult]:
        return [TurnResult("stun:a", "udp", reason is None, reason, timeout) for reason in reasons]

    monkeypatch.setattr("ai_gate.webrtc.turn._stun.probe_all", probe)
    step = command("doctor", "--json").step("udp")
    assert step["status"] == status
    assert ("allow UDP" in str(step["advice"])) == (status == "warning" and len(reasons) > 1)
    assert all(reason in step["detail"] for reason in reasons if reason and status == "warning")


@pytest.mark.usefixtures("trusted")
@pytest.mark.skipif(not installed(), reason="coturn isn't installed")
def test_stun_over_tls(authority: trustme.CA, command: Command, tmp_path: Path) -> None:
    certificate = authority.issue_cert("127.0.0.1")
    with Coturn(tmp_path, certificate=certificate) as coturn:
        urls = [f"stuns:127.0.0.1:{coturn.tls_port}", f"stuns:localhost:{coturn.tls_port}"]
        with MockGate(ice_servers=[{"urls": urls}]) as gate:
            result = command("doctor", "--json", "--base-url", gate.url)
    servers = [step for step in result.json["steps"] if step["step"] == "server"]
    assert [step["status"] for step in servers] == ["ok", "warning"]
    assert servers[0]["detail"] == "over tls"
    assert "Hostname mismatch" in servers[1]["detail"]


@pytest.mark.parametrize("answers", [b"", b"HTTP/1.1 400 Bad Request\r\n\r\n"])
@pytest.mark.usefixtures("trusted")
def test_tls_without_stun(answers: bytes, tls: ssl.SSLContext, command: Command) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def serve() -> None:
            accepted, _ = listener.accept()
            with tls.wrap_socket(accepted, server_side=True) as server:
                server.recv(100)
                server.sendall(answers)

        thread = threading.Thread(target=serve)
        thread.start()
        url = f"stuns:127.0.0.1:{listener.getsockname()[1]}"
        with MockGate(ice_servers=[{"urls": url}]) as gate:
            step = command("doctor", "--json", "--base-url", gate.url).step("server")
        thread.join()
    assert step["status"] == "warning"
    assert step["detail"].startswith("over tls ")


@pytest.mark.parametrize(
    ("servers", "words"),
    [
        ([{"urls": "stun:stun.slow"}], "can look up the names of the servers"),
        ([{"urls": ["turn:"]}], "What the gate handed out can't be read"),
        (None, "What the gate handed out can't be read"),
    ],
)
def test_servers_that_nothing_was_sent_to(
    servers: Any, words: str, serve: Serve, command: Command
) -> None:
    body = {"status": "healthy", "iceServers": servers}
    server = serve(*[answer(lambda request: json_response(body))] * 3)
    result = command("doctor", "--json", "--base-url", server.url)
    assert result.step("ice")["status"] == "failed"
    assert words in result.step("ice")["advice"]
    assert "allow UDP" not in str(result.step("udp")["advice"])
    probed = command("turn", "--probe", "--base-url", server.url)
    assert probed.status == 4
    assert words in probed.err


def test_no_servers(command: Command) -> None:
    with MockGate(ice_servers=[]) as gate:
        assert (
            command("doctor", "--json", "--base-url", gate.url).step("ice")["status"] == "warning"
        )
        assert "handed out no servers" in command("turn", "--probe", "--base-url", gate.url).err


def test_no_project(gate: MockGate, command: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("AI_GATE_PROJECT_ID")
    result = command("doctor", "--json")
    assert result.status == 2
    assert "AI_GATE_PROJECT_ID" in result.step("project")["detail"]


@pytest.mark.parametrize(("scheme", "name"), [("http", "health"), ("https", "tls")])
def test_a_gate_that_stalls_is_told_within_its_time(
    scheme: str, name: str, command: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("ai_gate.cli.doctor.SECONDS", dict.fromkeys(("dns", "tcp", "health"), 1.5))
    with socket.create_server(("127.0.0.1", 0)) as server:
        url = f"{scheme}://127.0.0.1:{server.getsockname()[1]}"
        result = command("doctor", "--json", "--base-url", url)
    assert (result.status, result.step(name)["status"]) == (4, "failed")
    assert "no answer in time" in result.step(name)["detail"]


def test_all_steps_together_take_less_than_fifteen_seconds() -> None:
    assert sum(seconds for name, seconds in SECONDS.items() if name not in ("session", "call")) < 15


def test_what_wraps_httpx(
    gate: MockGate, command: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    send = httpx.AsyncClient.send

    async def wrapper(self: httpx.AsyncClient, *arguments: Any, **options: Any) -> httpx.Response:
        return await send(self, *arguments, **options)

    monkeypatch.setattr(httpx.AsyncClient, "send", wrapper)
    step = command("doctor", "--json").step("httpx")
    assert step["detail"] == f"wrapped by {__name__}"


@pytest.mark.skipif(not installed(), reason="coturn isn't installed")
def test_turn_with_wrong_credentials(command: Command, tmp_path: Path) -> None:
    with Coturn(tmp_path) as coturn:
        good = coturn.ice_server("udp", "tcp")
        stun = {"urls": f"stun:127.0.0.1:{coturn.port}"}
        with MockGate(ice_servers=[stun, {**good, "credential": "another-one"}]) as gate:
            wrong = command("doctor", "--json", "--base-url", gate.url)
        with MockGate(ice_servers=[stun, good]) as gate:
            right = command("doctor", "--json", "--base-url", gate.url)
    servers = [step for step in wrong.json["steps"] if step["step"] == "server"]
    assert [step["status"] for step in servers] == ["ok", "warning", "warning"]
    assert servers[1]["detail"] == "over udp 401 Unauthorized"
    assert (wrong.status, wrong.step("ice")["detail"]) == (4, "no relay can be used")
    assert (right.status, right.step("ice")["detail"]) == (0, "3 of 3 servers work")
    assert CREDENTIAL not in right.out


def test_what_is_billed_is_asked_for(
    gate: MockGate, command: Command, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    for said, status in (("n\n", 2), ("", 2)):
        path = tmp_path / "said"
        path.write_text(said)
        with path.open() as stdin:
            monkeypatch.setattr("sys.stdin", stdin)
            assert command("doctor", "--session").status == status
    assert gate.received == []
    result = command("doctor", "--session", "--yes", "--json")
    assert result.step("session")["about"].startswith("aigate_session_")
    assert [request.path for request in gate.received].count("/session") == 1
    gate.fail_next("empty", operation="create_session")
    result = command("doctor", "--session", "--yes", "--json")
    assert "billed all the same. (request " in result.step("session")["detail"]
