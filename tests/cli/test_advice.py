"""What a person is told to do goes by the cause: of a session that fails, and in the doctor."""

from __future__ import annotations

import datetime
import ssl
import warnings
from pathlib import Path
from typing import Any

import pytest
import trustme

from ai_gate.testing import MockGate
from tests.support.fixtures import Serve
from tests.support.responses import HTML, response
from tests.support.steps import answer

from .conftest import Command

DAY = datetime.timedelta(days=1)
# `pä$s wörd of mine`, as a URL has it.
QUOTED = "p%C3%A4%24s%20w%C3%B6rd%20of%20mine"


def now() -> datetime.datetime:
    return datetime.datetime.now(datetime.UTC)


def told(command: Command, *options: str) -> tuple[str, str]:
    """Return what a session that fails says, and the advice of the doctor's last failed step."""
    session = command("session", "--timeout", "5", *options)
    assert session.err.count("\n") == 1
    doctor = command("doctor", "--json", *options)
    assert session.status == doctor.status != 0
    steps = [step for step in doctor.json["steps"] if step["status"] == "failed"]
    return session.err, str(steps[-1]["advice"])


def advised(command: Command, words: str, *options: str) -> None:
    """Check that both say what to do, and that only what is about CA certificates names them."""
    for text in told(command, *options):
        assert words in text
        assert ("SSL_CERT_FILE" in text) == ("SSL_CERT" in words), text


@pytest.mark.usefixtures("trusted")
@pytest.mark.parametrize(
    ("name", "dates", "words"),
    [
        ("127.0.0.1", {"not_after": now() - DAY}, "Let the certificate be renewed"),
        ("127.0.0.1", {"not_before": now() + DAY}, "Set the clock"),
        ("elsewhere.test", {}, "The certificate is for another address."),
    ],
    ids=["expired", "not begun", "another name"],
)
def test_certificates(
    name: str,
    dates: Any,
    words: str,
    authority: trustme.CA,
    command: Command,
) -> None:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert(name, **dates).configure_cert(context)
    with MockGate(ssl_context=context) as gate:
        advised(command, words, "--base-url", gate.url)


@pytest.mark.usefixtures("trusted")
def test_a_certificate_for_another_host(authority: trustme.CA, command: Command) -> None:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("elsewhere.test").configure_cert(context)
    with MockGate(ssl_context=context, allow_host=["localhost"]) as gate:
        url = gate.url.replace("127.0.0.1", "localhost")
        advised(command, "The certificate is for another name.", "--base-url", url)


def test_an_unknown_authority(tls: ssl.SSLContext, command: Command) -> None:
    with MockGate(ssl_context=tls) as gate:
        advised(command, "name it in SSL_CERT_FILE", "--base-url", gate.url)


@pytest.mark.usefixtures("trusted")
def test_a_version_of_tls_that_is_too_old(authority: trustme.CA, command: Command) -> None:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("127.0.0.1").configure_cert(context)
    with warnings.catch_warnings(action="ignore"):
        context.minimum_version = ssl.TLSVersion.TLSv1
        context.maximum_version = ssl.TLSVersion.TLSv1_1
    context.set_ciphers("ALL:@SECLEVEL=0")
    with MockGate(ssl_context=context) as gate:
        advised(command, "offers no TLS 1.2 or newer", "--base-url", gate.url)


@pytest.mark.usefixtures("trusted")
def test_a_certificate_that_is_asked_for(authority: trustme.CA, command: Command) -> None:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("127.0.0.1").configure_cert(context)
    authority.configure_trust(context)
    context.verify_mode = ssl.CERT_REQUIRED
    with MockGate(ssl_context=context) as gate:
        advised(command, "wants a certificate of this one", "--base-url", gate.url)


def test_a_port_without_tls(gate: MockGate, command: Command) -> None:
    advised(command, "No TLS is spoken there", "--base-url", gate.url.replace("http:", "https:"))


@pytest.mark.parametrize("content", [None, "", "-----BEGIN CERTIFICATE-----\nx\n"])
def test_certificates_that_cannot_be_read(
    content: str | None,
    command: Command,
    tls: ssl.SSLContext,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
) -> None:
    path = tmp_path / "ca.pem"
    if content is not None:
        path.write_text(content)
    monkeypatch.setenv("SSL_CERT_FILE", str(path))
    with MockGate(ssl_context=tls) as gate:
        session, doctor = told(command, "--base-url", gate.url)
        step = command("doctor", "--json", "--base-url", gate.url).step("tls")
    assert "SSL_CERT_FILE must name what can be read" in session
    assert "SSL_CERT_FILE must name what can be read" in doctor
    assert step["status"] == "failed"


@pytest.mark.parametrize(
    ("status", "words"),
    [
        ("407 Proxy Authentication Required", "Put the login into the variable"),
        ("401 Unauthorized", "Put the login into the variable"),
        ("403 Forbidden", "The proxy refuses the gate's host"),
        ("502 Bad Gateway", "The proxy can't reach the gate"),
    ],
)
def test_what_a_proxy_refuses(
    status: str, words: str, serve: Serve, command: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    server = serve(*[answer(lambda request: response(status))] * 9)
    monkeypatch.setenv("HTTPS_PROXY", server.url)
    advised(command, words, "--base-url", "https://gate.invalid")


@pytest.mark.parametrize(
    ("proxy", "words"),
    [
        ("http://127.0.0.1:1", "Nothing listens there: check the host and the port of the proxy"),
        ("http://proxy.invalid:3128", "Check the host of the proxy"),
    ],
)
def test_a_proxy_that_is_not_there(
    proxy: str, words: str, command: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ALL_PROXY", proxy)
    advised(command, words, "--base-url", "https://gate.invalid")


def test_a_gate_that_is_not_there(command: Command) -> None:
    advised(command, "check the host and the port of the base URL", "--base-url", "http://[::1]:1")
    advised(command, "Check the host of the base URL", "--base-url", "http://gate.invalid")
    advised(command, "the network and its DNS servers", "--base-url", "http://gate.nowhere")


@pytest.mark.parametrize("status", [200, "511 Network Authentication Required"])
def test_somebody_else_in_the_gates_place(
    status: int | str, serve: Serve, command: Command
) -> None:
    server = serve(*[answer(lambda request: response(status, HTML))] * 9)
    session, _ = told(command, "--base-url", server.url)
    assert "Something else answers in the gate's place" in session


@pytest.mark.parametrize(
    "setting", ['"http://me:s3cret@host:1"', "http://me:s3cret", "ftp://s3cret"]
)
def test_a_proxy_that_cannot_be_used(
    setting: str, command: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HTTPS_PROXY", setting)
    session = command("session", "--base-url", "https://gate.invalid")
    doctor = command("doctor", "--base-url", "https://gate.invalid")
    assert session.status == doctor.status == 2
    assert "a URL such as http://host:3128 is expected" in session.err
    assert "a URL such as http://host:3128 is expected" in doctor.out
    assert "s3cret" not in session.err + doctor.out
    assert "HTTPS_PROXY ***" in doctor.out
    assert "\nfailed   proxy " in doctor.out


@pytest.mark.parametrize("name", ["HTTPS_PROXY", "https_proxy", "Https_Proxy", "ALL_proxy"])
def test_a_login_in_a_variable_of_any_case(
    name: str, serve: Serve, command: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    server = serve(answer(lambda request: response(407)))
    monkeypatch.setenv(name, server.url.replace("//", f"//me:{QUOTED}@"))
    result = command("doctor", "--json", "--base-url", "https://gate.invalid")
    shown = server.url.replace("//", "//***@")
    assert f"{name} {shown}" in result.step("settings")["detail"]
    assert QUOTED not in result.out
    (request,) = server.requests
    login = "Basic bWU6cMOkJHMgd8O2cmQgb2YgbWluZQ=="
    assert request.headers["proxy-authorization"] == login


def test_the_variable_that_counts(command: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTPS_PROXY", "http://me:s3cret@upper.invalid:1")
    monkeypatch.setenv("https_proxy", "http://lower.invalid:2")
    result = command("doctor", "--json", "--base-url", "https://gate.invalid")
    detail = result.step("settings")["detail"]
    assert "HTTPS_PROXY http://***@upper.invalid:1 (not used" in detail
    assert "https_proxy http://lower.invalid:2" in detail
    assert result.step("dns")["about"] == "the proxy lower.invalid port 2 (https_proxy)"


def test_the_port_of_a_socks_proxy(command: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ALL_PROXY", "socks5://proxy.invalid")
    result = command("doctor", "--json", "--base-url", "https://gate.invalid")
    assert result.step("dns")["about"] == "the proxy proxy.invalid port 1080 (ALL_PROXY)"
