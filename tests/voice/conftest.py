"""The servers of the voice tests."""

from __future__ import annotations

import gc
import os
from collections.abc import Iterator
from contextlib import ExitStack
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Protocol

import pytest
import trustme

from ai_gate.testing import MockGate
from tests.voice import coturn as coturn_module
from tests.voice.coturn import Coturn
from tests.voice.gate_process import GateProcess


def missing(what: str) -> None:
    """Skip a test for want of a program, or fail it where all of them must be there."""
    if os.environ.get("AI_GATE_REQUIRE_VOICE") == "1":
        pytest.fail(f"{what} is not installed, and AI_GATE_REQUIRE_VOICE=1 asks for it")
    pytest.skip(f"{what} is not installed")


NEEDED = {"voice": ["aiortc", "aioice", "av"], "browser": ["starlette", "uvicorn"]}
"""Packages that the tests in a folder import."""


class Untestable(pytest.File):
    """Stands for a module that can't be imported for want of a package, and that is skipped."""

    def collect(self) -> list[pytest.Item]:
        return [Missing.from_parent(self, name=name) for name in absent_packages(self.path)]


# What is skipped while tests are collected, pytest-xdist doesn't tell.
class Missing(pytest.Item):
    """Stands for its tests: one for each package."""

    def runtest(self) -> None:
        missing(self.name)


def pytest_pycollect_makemodule(
    module_path: Path, parent: pytest.Collector
) -> pytest.Collector | None:
    """Leave modules whose tests can't run unimported."""
    if not absent_packages(module_path):
        return None
    return Untestable.from_parent(parent, path=module_path)


def absent_packages(path: Path) -> list[str]:
    """The packages that a test module needs and that aren't installed."""
    names = NEEDED["voice"] + NEEDED.get(path.parent.name, [])
    return [name for name in dict.fromkeys(names) if find_spec(name) is None]


class StartCoturn(Protocol):
    """Starts a TURN server that ends with the test."""

    def __call__(self, **options: Any) -> Coturn:
        """Start one."""
        ...


@pytest.fixture(scope="session", autouse=True)
def modules_are_no_garbage() -> None:
    """Take what the modules have made out of the collections of garbage that follow each test."""
    gc.collect()
    gc.freeze()


@pytest.fixture(autouse=True)
def no_ca_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    """Trust by default, whatever the machine is told."""
    for name in ("SSL_CERT_FILE", "SSL_CERT_DIR"):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture(scope="session")
def turnserver() -> None:
    """Tell that coturn is needed."""
    if not coturn_module.installed():
        missing("turnserver (coturn)")


@pytest.fixture(scope="session")
def authority() -> trustme.CA:
    """Signs the servers' certificates."""
    return trustme.CA()


@pytest.fixture(scope="session")
def authority_file(authority: trustme.CA, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Its certificate, for SSL_CERT_FILE."""
    path = tmp_path_factory.mktemp("authority") / "ca.pem"
    authority.cert_pem.write_to_path(str(path))
    return path


@pytest.fixture
def trusted(authority_file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Make everything trust the authority, the way users do it."""
    monkeypatch.setenv("SSL_CERT_FILE", str(authority_file))


@pytest.fixture(scope="session")
def coturn(
    turnserver: None, authority: trustme.CA, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Coturn]:
    """A TURN server with long-term credentials, UDP, TCP and TLS, shared by all tests."""
    certificate = authority.issue_cert(coturn_module.HOST, "localhost")
    with Coturn(tmp_path_factory.mktemp("turn"), certificate=certificate) as server:
        yield server


@pytest.fixture(scope="session")
def rest_coturn(turnserver: None, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Coturn]:
    """A TURN server with time-limited credentials, shared by all tests."""
    with Coturn(tmp_path_factory.mktemp("turn"), authentication="rest") as server:
        yield server


@pytest.fixture
def start_coturn(turnserver: None, tmp_path: Path) -> Iterator[StartCoturn]:
    """Start TURN servers of a test's own, which it can kill."""
    with ExitStack() as stack:

        def start(**options: Any) -> Coturn:
            return stack.enter_context(Coturn(tmp_path, **options))

        yield start


@pytest.fixture
def on_loopback(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let calls travel on loopback, whose addresses aioice leaves out."""
    monkeypatch.setattr(
        "aioice.ice.get_host_addresses", lambda use_ipv4, use_ipv6: [coturn_module.HOST]
    )


@pytest.fixture
def gate(on_loopback: None) -> Iterator[MockGate]:
    """A mock gate with a voice and without limits."""
    with MockGate(realtime=True, requests=None, concurrent=None, quota=None) as gate:
        yield gate


@pytest.fixture(scope="session")
def gate_process() -> Iterator[GateProcess]:
    """The same in a process of its own."""
    with GateProcess() as process:
        yield process
