"""TURN URLs and credentials, as the gate sends them and as it had better not."""

from __future__ import annotations

import pytest

from ai_gate.webrtc._types import TurnResult, TurnServer
from ai_gate.webrtc.turn._urls import read_servers, turn_servers

NAME = "1759492860:secret-name"
PASSWORD = "secret-password"


def read(*urls: object) -> list[TurnServer | TurnResult]:
    servers = {"urls": list(urls), "username": NAME, "credential": PASSWORD}
    return list(read_servers({"iceServers": [servers]}))


def server(url: str) -> TurnServer:
    (found,) = read(url)
    assert isinstance(found, TurnServer), found
    return found


def result(found: list[TurnServer | TurnResult]) -> TurnResult:
    (only,) = found
    assert isinstance(only, TurnResult), only
    return only


@pytest.mark.parametrize(
    ("url", "host", "port", "transport"),
    [
        ("turn:turn.test", "turn.test", 3478, "udp"),
        ("turn:turn.test:80", "turn.test", 80, "udp"),
        ("turn:turn.test?transport=udp", "turn.test", 3478, "udp"),
        ("turn:turn.test:80?transport=tcp", "turn.test", 80, "tcp"),
        ("turns:turn.test", "turn.test", 5349, "tls"),
        ("turns:turn.test:443?transport=tcp", "turn.test", 443, "tls"),
        ("TURN:Turn.Test:80?Transport=TCP", "Turn.Test", 80, "tcp"),
        ("turns:turn.test?transport=TCP", "turn.test", 5349, "tls"),
        ("turn:turn.test?transport=", "turn.test", 3478, "udp"),
        ("turn://turn.test:80", "turn.test", 80, "udp"),
        ("turns://turn.test", "turn.test", 5349, "tls"),
        (" turn:turn.test\n", "turn.test", 3478, "udp"),
        ("turn:192.0.2.1:65535", "192.0.2.1", 65535, "udp"),
        ("turn:[2001:DB8::1]", "2001:db8::1", 3478, "udp"),
        ("turns:[::1]:443?transport=tcp", "::1", 443, "tls"),
        ("turn:turn_1.test.", "turn_1.test.", 3478, "udp"),
        ("turn:bücher.test", "bücher.test", 3478, "udp"),
    ],
)
def test_what_a_url_means(url: str, host: str, port: int, transport: str) -> None:
    found = server(url)
    assert (found.host, found.port, found.transport) == (host, port, transport)
    assert (found.url, found.username, found.credential) == (url, NAME, PASSWORD)


@pytest.mark.parametrize(
    ("url", "reason"),
    [
        ("", "not a TURN URL: the scheme is neither turn nor turns"),
        ("turn", "not a TURN URL: it should be like turn:host:3478?transport=udp"),
        ("https://turn.test", "not a TURN URL: the scheme is neither turn nor turns"),
        ("turn.test:3478", "not a TURN URL: the scheme is neither turn nor turns"),
        ("turn:", "not a TURN URL: it should be like turn:host:3478?transport=udp"),
        ("turn:a b", "not a TURN URL: it should be like turn:host:3478?transport=udp"),
        ("turn:h/path", "not a TURN URL: it should be like turn:host:3478?transport=udp"),
        ("turn:h:port", "not a TURN URL: it should be like turn:host:3478?transport=udp"),
        ("turn:h?x=1", "not a TURN URL: it should be like turn:host:3478?transport=udp"),
        ("turn:h:0", "not a TURN URL: no such port"),
        ("turn:h:65536", "not a TURN URL: no such port"),
        ("turn:2001:db8::1", "not a TURN URL: an IPv6 address needs brackets"),
        ("turn:[2001:db8::g]", "not a TURN URL: no such IPv6 address"),
        ("turn:u:p@h", "not a TURN URL: a name or password has no place in it"),
        ("turn:h?transport=sctp", "not a TURN URL: its transport is neither udp nor tcp"),
        (
            "turns:h?transport=udp",
            "TURN over DTLS (turns with transport=udp) is not supported",
        ),
    ],
)
def test_urls_that_cannot_be_used(url: str, reason: str) -> None:
    found = result(read(url))
    assert (found.works, found.reason, found.transport, found.seconds) == (
        False,
        reason,
        None,
        None,
    )


@pytest.mark.parametrize("url", ["stun:h", "STUN:h:3478", "stuns:h", " stun:h?transport=udp"])
def test_stun_is_passed_over(url: str) -> None:
    assert read(url) == []


@pytest.mark.parametrize("name", [None, "", 7, ["u"]])
@pytest.mark.parametrize("which", ["username", "credential"])
def test_no_credentials(which: str, name: object) -> None:
    entry = {"urls": "turn:h", "username": NAME, "credential": PASSWORD} | {which: name}
    found = result(list(read_servers([entry])))
    assert (found.reason, found.transport) == ("username or credential missing", "udp")


@pytest.mark.parametrize("which", ["username", "credential"])
def test_credentials_that_cannot_be_sent(which: str) -> None:
    entry = {"urls": "turn:h", "username": NAME, "credential": PASSWORD} | {which: "s\ud800"}
    found = result(list(read_servers([entry])))
    assert found.reason == "username or credential has characters that can't be sent"


@pytest.mark.parametrize(
    ("credentials", "reason"),
    [
        (None, "not a list of ICE servers"),
        (7, "not a list of ICE servers"),
        ("turn:h", "not a list of ICE servers"),
        ({}, "not a list of ICE servers"),
        ({"iceServers": None}, "not a list of ICE servers"),
        ({"iceServers": {"urls": "turn:h"}}, "not a list of ICE servers"),
        ([None], "not an ICE server"),
        (["turn:h"], "not an ICE server"),
        ([{}], "not a TURN URL: not a string"),
        ([{"urls": None}], "not a TURN URL: not a string"),
        ([{"urls": 3478}], "not a TURN URL: not a string"),
        ([{"urls": [["turn:h"]]}], "not a TURN URL: not a string"),
        ([{"urls": {"turn:h": 1}}], "not a TURN URL: not a string"),
    ],
)
def test_wrong_shapes(credentials: object, reason: str) -> None:
    found = result(list(read_servers(credentials)))
    assert (found.works, found.reason, found.transport) == (False, reason, None)


@pytest.mark.parametrize("credentials", [[], {"iceServers": []}, [{"urls": []}]])
def test_nothing_to_try(credentials: object) -> None:
    assert turn_servers(credentials) == ([], [])


def test_the_servers_that_the_gate_sends() -> None:
    secrets = {"username": "u", "credential": "c"}
    servers, unusable = turn_servers(
        {
            "iceServers": [
                {"urls": "stun:stun.cloudflare.com:3478"},
                {"urls": "stun:stun.l.google.com:19302"},
                {"urls": "turn:turn.cloudflare.com:3478?transport=udp", **secrets},
                {"urls": "turns:turn.cloudflare.com:5349?transport=tcp", **secrets},
                {"urls": "turns:turn.cloudflare.com:443?transport=tcp", **secrets},
                {"urls": "turn:turn.cloudflare.com:80?transport=tcp", **secrets},
            ],
            "_auth_method": "legacy",
            "_turn_enabled": True,
        }
    )
    assert unusable == []
    assert [(found.transport, found.port) for found in servers] == [
        ("udp", 3478),
        ("tls", 5349),
        ("tls", 443),
        ("tcp", 80),
    ]


def test_a_bad_url_costs_only_itself() -> None:
    servers, unusable = turn_servers(
        [{"urls": ["turn:a", 7, "turn:b"], "username": NAME, "credential": PASSWORD}, None]
    )
    assert [found.host for found in servers] == ["a", "b"]
    assert [found.url for found in unusable] == ["(int)", "(NoneType)"]


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("turn:name:w0rd@h:80", "turn:***@h:80"),
        ("turns://name:w0rd@x@h", "turns://***@h"),
        ("name:w0rd@h", "name:***@h"),
        ("turn:h?username=name&credential=w0rd", "turn:h?***"),
        ("turn:h?transport=udp&credential=w0rd", "turn:h?***"),
        ("turn:h?Transport=UDP", "turn:h?Transport=UDP"),
    ],
)
def test_secrets_in_a_url_are_masked(url: str, shown: str) -> None:
    (found,) = read(url)
    assert found.url == shown
    assert "w0rd" not in repr(found)


def test_secrets_are_not_in_the_repr() -> None:
    text = repr(server("turn:turn.test"))
    assert "turn.test" in text
    assert "secret" not in text
