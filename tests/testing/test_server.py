"""The server's side of connections: keep-alive, closing, TLS, many at once."""

import errno
import http.client
import os
import socket
import ssl
import struct
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import httpx
import pytest
import requests
import trustme

from ai_gate import AIGateClient
from ai_gate.testing import MockGate
from tests.support.callers import BARE

HEALTH = b"GET /health HTTP/1.1\r\nHost: localhost\r\n\r\n"


def connect(gate: MockGate) -> socket.socket:
    return socket.create_connection(("127.0.0.1", gate.port), timeout=10)


def read_answer(connection: socket.socket) -> int:
    answer = http.client.HTTPResponse(connection)
    answer.begin()
    answer.read()
    return answer.status


def test_connection_is_kept_alive(gate: MockGate) -> None:
    with connect(gate) as connection:
        for _ in range(3):
            connection.sendall(HEALTH)
            assert read_answer(connection) == 200


def test_connection_survives_a_bad_request(gate: MockGate) -> None:
    with connect(gate) as connection:
        for request, status in (
            (b"GET /nowhere HTTP/1.1\r\n\r\n", 404),
            (b"PUT /session HTTP/1.1\r\nContent-Length: 2\r\n\r\n{}", 405),
            (b"POST /session HTTP/1.1\r\nContent-Length: 2\r\n\r\n{}", 400),
            (HEALTH, 200),
        ):
            connection.sendall(request)
            assert read_answer(connection) == status


def test_empty_lines_between_requests_are_skipped(gate: MockGate) -> None:
    with connect(gate) as connection:
        connection.sendall(b"\r\n" + HEALTH + b"\r\n\n" + HEALTH)
        assert connection.recv(1) == b"H"
    assert gate.violations == []


def test_pipelined_requests_are_all_answered(gate: MockGate) -> None:
    with connect(gate) as connection:
        connection.sendall(
            HEALTH * 2 + HEALTH.replace(b"\r\n\r\n", b"\r\nConnection: close\r\n\r\n")
        )
        data = b"".join(iter(lambda: connection.recv(65536), b""))
    assert data.count(b"HTTP/1.1 200 OK\r\n") == 3
    assert data.endswith(b'{"status":"healthy"}')


def test_client_may_ask_for_the_end(gate: MockGate) -> None:
    with connect(gate) as connection:
        connection.sendall(HEALTH.replace(b"Host: localhost", b"Connection: close"))
        data = b"".join(iter(lambda: connection.recv(65536), b""))
    assert b"\r\nConnection: close\r\n" in data


def test_http_1_0(gate: MockGate) -> None:
    with connect(gate) as connection:
        connection.sendall(b"GET /health HTTP/1.0\r\n\r\n")
        data = b"".join(iter(lambda: connection.recv(65536), b""))
    assert data.startswith(b"HTTP/1.1 200 OK\r\n")


def test_expect_100_continue(gate: MockGate) -> None:
    with connect(gate) as connection:
        connection.sendall(
            b"POST /session HTTP/1.1\r\nContent-Type: application/json\r\n"
            b"Content-Length: 18\r\nExpect: 100-continue\r\n\r\n"
        )
        assert connection.recv(1000) == b"HTTP/1.1 100 Continue\r\n\r\n"
        connection.sendall(b'{"project_id":"p"}')
        assert read_answer(connection) == 200


def test_close_ends_open_connections_promptly() -> None:
    threads = set(threading.enumerate())
    gate = MockGate().start()
    idle, used, halfway = connect(gate), connect(gate), connect(gate)
    used.sendall(HEALTH)
    assert read_answer(used) == 200
    halfway.sendall(
        b"POST /session HTTP/1.1\r\nContent-Length: 10\r\nExpect: 100-continue\r\n\r\n{"
    )
    assert halfway.recv(1000) == b"HTTP/1.1 100 Continue\r\n\r\n"
    started = time.perf_counter()
    gate.close()
    assert time.perf_counter() - started < 4
    # Every connection's thread has come to its end.
    assert [violation.message for violation in gate.violations] == ["The body ends early"]
    for connection in (idle, used):
        with connection:
            assert connection.recv(1) == b""
    halfway.close()
    with pytest.raises(ConnectionRefusedError):
        connect(gate)
    for thread in set(threading.enumerate()) - threads:
        thread.join(timeout=5)
    assert set(threading.enumerate()) <= threads


def test_gates_side_by_side_have_a_state_of_their_own() -> None:
    with MockGate(quota=1) as first, MockGate(quota=1) as second:
        for gate in (first, second):
            url = f"{gate.url}/session"
            assert httpx.post(url, json={"project_id": "p"}, **BARE).status_code == 200
            assert len(gate.received) == 1


def test_gate_comes_back_on_its_port_with_its_state() -> None:
    gate = MockGate(concurrent=1)
    statuses, ports = [], set()
    for _ in range(2):
        with gate as running:
            assert running is gate
            url = f"{gate.url}/session"
            statuses.append(httpx.post(url, json={"project_id": "p"}, **BARE).status_code)
            ports.add(gate.port)
    assert statuses == [200, 429]
    assert ports == {gate.port}


def test_start_and_close_may_be_repeated() -> None:
    gate = MockGate()
    gate.close()
    assert gate.start() is gate.start()
    gate.close()
    gate.close()


def test_port_is_unknown_before_the_start() -> None:
    with pytest.raises(RuntimeError, match="no port before it is started"):
        _ = MockGate().url
    assert MockGate(port=8787).url == "http://127.0.0.1:8787"


@pytest.mark.parametrize("port", [-1, 2**16])
def test_there_is_no_such_port(port: int) -> None:
    with pytest.raises(ValueError, match="port must be from 0 to 65535"):
        MockGate(port=port)


@pytest.mark.parametrize("port", [80.5, "80", True])
def test_a_port_is_a_whole_number(port: Any) -> None:
    with pytest.raises(TypeError, match="port must be a whole number"):
        MockGate(port=port)


NOWHERE = "http://127.0.0.1:9"


@pytest.mark.parametrize(
    ("environment", "during"),
    [
        ({}, {"NO_PROXY": "127.0.0.1"}),
        ({"NO_PROXY": "example.com"}, {"NO_PROXY": "example.com,127.0.0.1"}),
        ({"no_proxy": "a", "NO_PROXY": "b"}, {"no_proxy": "a,127.0.0.1", "NO_PROXY": "b"}),
        ({"NO_PROXY": "127.0.0.1,a"}, {"NO_PROXY": "127.0.0.1,a"}),
        # An empty one counts before the other one.
        ({"no_proxy": "", "NO_PROXY": "b"}, {"no_proxy": ",127.0.0.1", "NO_PROXY": "b"}),
        # To urllib and curl, it has a meaning only if it stands alone.
        ({"NO_PROXY": "*"}, {"NO_PROXY": "*"}),
    ],
)
def test_no_proxy_of_the_environment_comes_between(
    monkeypatch: pytest.MonkeyPatch, environment: dict[str, str], during: dict[str, str]
) -> None:
    names = ("no_proxy", "NO_PROXY")
    for name in names:
        monkeypatch.delenv(name, raising=False)
    for name, value in {"HTTP_PROXY": NOWHERE, "ALL_PROXY": NOWHERE, **environment}.items():
        monkeypatch.setenv(name, value)

    def seen() -> dict[str, str]:
        return {name: os.environ[name] for name in names if name in os.environ}

    with MockGate() as first:
        with MockGate():
            assert seen() == during
        assert httpx.get(f"{first.url}/health").status_code == 200
        assert requests.get(f"{first.url}/health", timeout=60).status_code == 200
        with AIGateClient("proj_demo", base_url=first.url) as client:
            client.create_session(model="gpt-realtime")
    assert seen() == environment


def test_fixed_port(gate: MockGate) -> None:
    port = gate.port
    with pytest.raises(OSError, match="in use") as caught:
        MockGate(port=port).start()
    assert caught.value.errno == errno.EADDRINUSE
    assert f"port {port} of 127.0.0.1" in str(caught.value)
    gate.close()
    with MockGate(port=port) as second:
        assert second.port == port


def test_gate_listens_on_loopback_alone(gate: MockGate) -> None:
    assert gate.url == f"http://127.0.0.1:{gate.port}"
    # Another address of the same host: a gate that listened on all of them would accept it.
    with pytest.raises(OSError, match=r"refused|timed out|unreachable|assign"):
        socket.create_connection(("127.0.0.2", gate.port), timeout=1)


def test_exactly_as_many_as_allowed_succeed_at_once() -> None:
    barrier = threading.Barrier(50)

    def call(gate: MockGate) -> tuple[int, str]:
        connection = http.client.HTTPConnection("127.0.0.1", gate.port)
        barrier.wait()
        connection.request(
            "POST", "/session", '{"project_id":"p"}', {"content-type": "application/json"}
        )
        answer = connection.getresponse()
        remaining = answer.headers["x-ratelimit-remaining"]
        answer.read()
        connection.close()
        return answer.status, remaining

    with MockGate(requests=40) as gate, ThreadPoolExecutor(50) as pool:
        results = list(pool.map(call, [gate] * 50))
    assert sorted(status for status, _ in results) == [200] * 5 + [429] * 45
    assert sorted(int(remaining) for _, remaining in results) == [0] * 10 + list(range(40))
    assert len(gate.received) == 50
    assert gate.violations == []


def test_queued_answers_are_given_once_each_at_once(gate: MockGate) -> None:
    for _ in range(10):
        gate.respond_next(503)
    url = f"{gate.url}/turn-credentials?identifier=p"
    context = ssl.create_default_context()
    with ThreadPoolExecutor(30) as pool:
        statuses = list(
            pool.map(
                lambda _: httpx.get(url, verify=context, trust_env=False).status_code, range(30)
            )
        )
    assert sorted(statuses) == [200] * 20 + [503] * 10


def test_hundreds_of_connections_at_once(gate: MockGate) -> None:
    connections = [connect(gate) for _ in range(300)]
    for connection in connections:
        connection.sendall(HEALTH)
    assert {read_answer(connection) for connection in connections} == {200}
    for connection in connections:
        connection.close()


def test_nothing_is_logged(
    client: httpx.Client, gate: MockGate, capfd: pytest.CaptureFixture[str]
) -> None:
    client.get("/turn-credentials?identifier=proj_secret")
    client.get("/nowhere")
    with connect(gate) as connection:
        connection.sendall(b"nonsense\r\n\r\n")
        assert read_answer(connection) == 400
    assert capfd.readouterr() == ("", "")


def test_client_that_goes_away_is_no_bug(capfd: pytest.CaptureFixture[str]) -> None:
    with MockGate() as gate:
        for data in (b"", HEALTH, HEALTH[:10], HEALTH * 500):
            connection = connect(gate)
            # Closed like this, a connection is reset.
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            connection.sendall(data)
            connection.close()
        assert httpx.get(f"{gate.url}/health", **BARE).status_code == 200
    assert {violation.kind for violation in gate.violations} <= {"request"}
    assert capfd.readouterr() == ("", "")


@pytest.fixture(scope="module")
def authority() -> trustme.CA:
    return trustme.CA()


@pytest.fixture
def tls_gate(authority: trustme.CA) -> Iterator[MockGate]:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("127.0.0.1").configure_cert(context)
    with MockGate(ssl_context=context) as gate:
        yield gate


@pytest.fixture
def trusting(authority: trustme.CA) -> ssl.SSLContext:
    context = ssl.create_default_context()
    authority.configure_trust(context)
    return context


def test_tls(tls_gate: MockGate, trusting: ssl.SSLContext) -> None:
    assert tls_gate.url == f"https://127.0.0.1:{tls_gate.port}"
    with httpx.Client(base_url=tls_gate.url, verify=trusting, trust_env=False) as client:
        for _ in range(2):
            assert client.post("/session", json={"project_id": "p"}).status_code == 200


def test_handshakes_do_not_wait_for_each_other(
    tls_gate: MockGate, trusting: ssl.SSLContext
) -> None:
    with connect(tls_gate), connect(tls_gate):
        answer = httpx.get(f"{tls_gate.url}/health", verify=trusting, trust_env=False)
    assert answer.status_code == 200


def test_tls_clients_that_fail_are_no_bug(
    tls_gate: MockGate, trusting: ssl.SSLContext, capfd: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(httpx.ConnectError, match="certificate verify failed"):
        httpx.get(f"{tls_gate.url}/health", trust_env=False)
    with connect(tls_gate) as connection:
        connection.sendall(HEALTH)
        connection.recv(1000)
    assert httpx.get(f"{tls_gate.url}/health", verify=trusting, trust_env=False).is_success
    assert tls_gate.violations == []
    assert capfd.readouterr() == ("", "")


def test_close_ends_tls_connections_promptly(tls_gate: MockGate, trusting: ssl.SSLContext) -> None:
    with (
        connect(tls_gate),
        httpx.Client(base_url=tls_gate.url, verify=trusting, trust_env=False) as client,
    ):
        client.get("/health")
        started = time.perf_counter()
        tls_gate.close()
        assert time.perf_counter() - started < 4
        with pytest.raises(httpx.TransportError):
            client.get("/health")
