"""Whose requests are served: by the name that they go to, and by the page that sends them."""

import socket
import warnings
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor, wait
from contextlib import contextmanager
from typing import Any

import httpx
import pytest

from ai_gate.testing import MockGate, _server
from ai_gate.testing._access import Access
from ai_gate.testing._request import ReceivedRequest
from tests.support.callers import BARE

PAGE = "https://app.example"
HEALTH = b"GET /health HTTP/1.1\r\nHost: localhost\r\n\r\n"
STALL = HEALTH[:-2] + b"Prefer: fault=stall_in_body\r\n\r\n"


def request(path: str = "/session", method: str = "POST", **headers: str) -> ReceivedRequest:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return ReceivedRequest(method, path, {}, named, b"")


@pytest.mark.parametrize(
    "host",
    [
        "127.0.0.1",
        "127.0.0.1:8787",
        "localhost",
        "LOCALHOST.:1",
        "[::1]:80",
        "10.1.2.3",
        "gate.test:8787",
        "app.localhost",
        "named.dev",
    ],
)
def test_names_that_lead_here(host: str) -> None:
    assert Access(allow_host=["named.dev"]).refusal(request(host=host)) is None


@pytest.mark.parametrize(
    "host",
    [
        "evil.example",
        "127.0.0.1.evil.example:8787",
        "localhost.evil.example",
        "evil.example@127.0.0.1.evil.example",
        "named.dev.evil.example",
        "test.evil.example",
        "eviltest",
        "127.0.0.1, evil.example",
        "[::1",
        "",
        "mock:8787",
    ],
)
def test_other_names_are_refused(host: str) -> None:
    access = Access(allow_host=["named.dev"])
    assert (access.refusal(request(host=host)) or (0, ""))[0] == 421
    assert Access(checks_host=False).refusal(request(host=host)) is None


@pytest.mark.parametrize("name", ["Named.Dev", "named.dev.", "NAMED.DEV."])
def test_names_are_written_in_many_ways(name: str) -> None:
    assert Access(allow_host=[name]).refusal(request(host="named.dev:80")) is None
    assert Access(host="Box.dev").refusal(request(host="box.dev")) is None


@pytest.mark.parametrize("origin", ["HTTPS://App.example", "https://app.example:443"])
def test_origins_are_written_in_many_ways(origin: str) -> None:
    assert Access(allow_origin=[origin]).headers(request(origin=PAGE))
    assert not Access(allow_origin=[f"{PAGE}:4430"]).headers(request(origin=PAGE))


@pytest.mark.parametrize("name", ["named.test:8787", "http://named.test", "named.test/", "*", ""])
def test_a_name_is_no_more_than_that(name: str) -> None:
    with pytest.raises(ValueError, match="allow_host takes a name without scheme, port or path"):
        MockGate(allow_host=[name])


@pytest.mark.parametrize("origin", ["app.example", f"{PAGE}/", f"{PAGE}/app", "null", "*", ""])
def test_an_origin_is_no_less_and_no_more(origin: str) -> None:
    with pytest.raises(ValueError, match=r"allow_origin takes scheme://host\[:port\]"):
        MockGate(allow_origin=[origin])


def test_in_a_network_of_containers_a_service_has_a_name_without_a_dot() -> None:
    access = Access(host="0.0.0.0")
    assert access.refusal(request(host="mock:8787")) is None
    assert access.refusal(request(host="evil.example")) is not None


def test_a_page_whose_name_leads_here_gets_no_credentials() -> None:
    ice = [{"urls": "turn:turn.example", "username": "user", "credential": "REALCRED"}]
    with MockGate(ice_servers=ice, realtime=True) as gate:
        for method, path in (
            ("POST", "/session"),
            ("GET", "/turn-credentials?identifier=p"),
            ("POST", "/v1/realtime/calls"),
        ):
            answer = httpx.request(
                method,
                gate.url + path,
                json={"project_id": "p"},
                headers={"Host": f"evil.example:{gate.port}"},
                **BARE,
            )
            assert answer.status_code == 421
            assert "allow_host" in answer.json()["message"]
        assert len(gate.violations) == 3


@pytest.mark.parametrize(
    ("origin", "is_allowed"),
    [
        ("http://localhost:3000", True),
        ("https://127.0.0.1", True),
        ("http://[::1]:5173", True),
        (PAGE, True),
        ("https://other.example", False),
        ("http://localhost.evil.example", False),
        ("http://127.0.0.1.evil.example", False),
        ("http://evil.example#http://localhost", False),
        ("null", False),
        ("*", False),
    ],
)
def test_pages_that_may_read(origin: str, is_allowed: bool) -> None:
    preflight = {"Access-Control-Request-Method": "POST"}
    with MockGate(allow_origin=[PAGE]) as gate, httpx.Client(**BARE) as client:
        url = f"{gate.url}/session"
        asked = client.options(url, headers={"Origin": origin, **preflight})
        served = client.post(url, json={"project_id": "p"}, headers={"Origin": origin})
        refused = client.post(url, json={}, headers={"Origin": origin})
    assert asked.status_code == (204 if is_allowed else 405)
    expected = origin if is_allowed else None
    for answer in (asked, served, refused):
        assert answer.headers.get("access-control-allow-origin") == expected


@pytest.mark.parametrize(
    "headers",
    [
        {"origin": PAGE},
        {"origin": "http://localhost:3000"},
        {"origin": "null"},
        {"sec_fetch_site": "cross-site"},
        {"sec_fetch_site": "same-site"},
    ],
)
def test_the_control_path_is_for_no_page(headers: dict[str, str]) -> None:
    access = Access(allow_origin=[PAGE])
    assert (access.refusal(request("/__mock__/reset", **headers)) or (0, ""))[0] == 403
    assert access.refusal(request("/__mock__/reset", sec_fetch_site="none")) is None


def test_other_addresses_than_loopback_are_warned_of() -> None:
    with pytest.warns(UserWarning, match=r"everybody who can reach 0\.0\.0\.0"):
        gate = MockGate(host="0.0.0.0").start()
    gate.close()
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        with MockGate(host="127.0.0.2") as gate:
            assert gate.url == f"http://127.0.0.2:{gate.port}"
            assert httpx.get(f"{gate.url}/health", **BARE).status_code == 200


def test_ipv6() -> None:
    with MockGate(host="::1") as gate:
        assert gate.url == f"http://[::1]:{gate.port}"
        assert httpx.get(f"{gate.url}/health", **BARE).status_code == 200


@pytest.mark.parametrize("name", ["allow_host", "allow_origin"])
def test_names_are_collections(name: str) -> None:
    given: dict[str, Any] = {name: "localhost"}
    with pytest.raises(TypeError, match=f"{name} must be a collection"):
        MockGate(**given)


@pytest.fixture
def small(monkeypatch: pytest.MonkeyPatch) -> Iterator[MockGate]:
    """A gate with two connections at most."""
    monkeypatch.setattr(_server, "MOST_CONNECTIONS", 2)
    with MockGate() as gate:
        yield gate


@contextmanager
def served(gate: MockGate, head: bytes) -> Iterator[socket.socket]:
    """Open a connection; give it with the first bytes of a response read."""
    with socket.create_connection(("127.0.0.1", gate.port), timeout=60) as connection:
        connection.sendall(head)
        assert connection.recv(9) == b"HTTP/1.1 "
        yield connection


def test_connections_that_wait_make_room(small: MockGate) -> None:
    with served(small, HEALTH) as idle, served(small, HEALTH) as halfway:
        halfway.sendall(b"POST /session HTTP/1.1\r\nContent-")
        # Which of them goes first depends on whose thread waited for its client first.
        with served(small, STALL), served(small, STALL):
            for waiting in (idle, halfway):
                ended = b"".join(iter(lambda: waiting.recv(2**16), b""))  # noqa: B023
                assert ended.startswith(b"200 OK")
                assert ended.endswith(b"}")


def test_connections_in_flight_do_not(small: MockGate) -> None:
    with (
        served(small, STALL) as first,
        served(small, STALL),
        httpx.Client(**BARE) as client,
        ThreadPoolExecutor(1) as pool,
    ):
        waiting = pool.submit(client.get, f"{small.url}/health", timeout=60)
        assert not wait([waiting], timeout=0.2).done
        first.close()
        assert waiting.result(60).status_code == 200


@pytest.mark.parametrize("length", [b"99999999", b"-1"])
def test_a_page_may_read_why_its_body_is_refused(
    exchange: Callable[..., httpx.Response], length: bytes
) -> None:
    head = b"POST /session HTTP/1.1\r\nOrigin: http://localhost\r\nContent-Length: "
    answer = exchange(head + length + b"\r\n\r\n")
    assert answer.status_code in (400, 413)
    assert answer.headers["access-control-allow-origin"] == "http://localhost"
