"""What the documentation runs against: a mock gate as AI Gate and as OpenAI's side of calls."""

from __future__ import annotations

import logging
import ssl
from collections.abc import Iterator

import pytest
import trustme

from ai_gate.testing import MockGate

from .gateway import NAMES, lead_to


@pytest.fixture(scope="session")
def authority() -> trustme.CA:
    """Signs the gate's certificate."""
    return trustme.CA()


@pytest.fixture(scope="session")
def certificates(authority: trustme.CA, tmp_path_factory: pytest.TempPathFactory) -> str:
    """The file with the authority's certificate."""
    path = str(tmp_path_factory.mktemp("authority") / "ca.pem")
    authority.cert_pem.write_to_path(path)
    return path


@pytest.fixture(scope="session")
def server_side(authority: trustme.CA) -> ssl.SSLContext:
    """The gate's side of TLS."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert(*NAMES).configure_cert(context)
    return context


@pytest.fixture
def environment(certificates: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """What the documentation reads of the environment, put back after blocks that write it."""
    for name in ("http_proxy", "https_proxy", "all_proxy"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.upper(), raising=False)
    monkeypatch.delenv("AI_GATE_BASE_URL", raising=False)
    monkeypatch.setenv("AI_GATE_PROJECT_ID", "your-project-id")
    monkeypatch.setenv("SSL_CERT_FILE", certificates)


@pytest.fixture
def logging_as_before() -> Iterator[None]:
    """Put the SDK's logger back after blocks with `debug=True`."""
    logger = logging.getLogger("ai_gate")
    level, handlers = logger.level, list(logger.handlers)
    yield
    logger.setLevel(level)
    logger.handlers = handlers


@pytest.fixture
def gate(
    server_side: ssl.SSLContext,
    environment: None,
    logging_as_before: None,
    monkeypatch: pytest.MonkeyPatch,
) -> Iterator[MockGate]:
    """The gate at https://api.ai-gate.dev, with a voice at https://api.openai.com."""
    # Calls travel on loopback, whose addresses aioice leaves out.
    monkeypatch.setattr("aioice.ice.get_host_addresses", lambda use_ipv4, use_ipv6: ["127.0.0.1"])
    # No STUN server is asked, and there is no server on port 9: nothing leaves this machine.
    turn = {"urls": "turn:127.0.0.1:9?transport=tcp", "username": "u", "credential": "c"}
    servers = [{"urls": "stun:stun.cloudflare.com:3478"}, turn]
    with MockGate(ssl_context=server_side, realtime=True, ice_servers=servers) as gate:
        lead_to(gate.port, monkeypatch)
        yield gate
